import { Injectable } from '@nestjs/common';
import { affiliateNotFound } from '../affiliates/affiliate-errors.js';
import { AuditLog, type AuditRecord } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { currencyStepMinor } from '../common/money.js';
import type { Tx } from '../database/database.js';
import { checkedReason } from '../staff/staff-act.js';
import { Ledger, type NewEntry } from './ledger/ledger.js';

/** Currencies that exist, in lower case. Their exponents and steps are Stripe's, never those of `Intl`. */
const CURRENCIES = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()));

/** Above it an amount would lose cents in JSON. */
const AMOUNT_MINOR_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** What staff give or take by hand. */
export interface Adjustment {
  /** Made by the caller once: the same one again posts nothing. */
  adjustmentId: string;
  affiliateId: string;
  currency: string;
  /** Above zero for the affiliate's benefit, below zero against it. */
  amountMinor: bigint;
  staffUserId: string;
  reason: string;
}

/** Corrections that no event from Stripe explains: a person does, with a name and a reason that stay on the entry. */
@Injectable()
export class AdjustmentsService {
  constructor(
    private readonly clock: Clock,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Posts an adjustment between commission expense and payable. Payable may go below zero; the next payouts net it. A
   * negative balance of an affiliate who is gone is written off by giving the same amount.
   *
   * Idempotent per `adjustmentId`; audited when it is posted. Locks the affiliate's balance in that currency until the transaction ends.
   *
   * @returns whether it was posted now, and not earlier.
   * @throws DomainError `affiliate_not_found`; `currency_unknown`, `amount_zero`, `amount_off_step`, `amount_too_large`
   *   and `reason_length` by rule; `ledger_conflict` for a known id that stands for something else.
   */
  async adjust(tx: Tx, adjustment: Adjustment): Promise<boolean> {
    const { affiliateId, currency, amountMinor } = adjustment;
    checkAmount(amountMinor, currency);
    const reason = checkedReason(adjustment.reason);
    const affiliate = await tx.affiliate.findUnique({ where: { id: affiliateId }, select: { id: true } });
    if (!affiliate) throw affiliateNotFound();
    const entry = adjustmentEntry({ ...adjustment, reason }, this.clock.now());
    const posted = await this.ledger.post(tx, [entry]);
    const isNew = posted.has(entry.uniqueKey);
    if (isNew) await this.record(tx, { ...adjustment, reason });
    return isNew;
  }

  /** The balance is locked by the posting, so that what it is now follows from this adjustment alone. */
  private async record(tx: Tx, adjustment: Adjustment): Promise<void> {
    const { affiliateId, currency } = adjustment;
    const where = { affiliateId_currency: { affiliateId, currency } };
    const { payableMinor } = await tx.balance.findUniqueOrThrow({ where });
    await this.audit.record(tx, adjustmentRecord(adjustment, payableMinor));
  }
}

/** The entry behind an adjustment. */
export function adjustmentEntry(adjustment: Adjustment, occurredAt: Date): NewEntry {
  const { adjustmentId, affiliateId, currency, amountMinor, staffUserId, reason } = adjustment;
  const gives = amountMinor > 0n;
  return {
    kind: 'adjustment',
    uniqueKey: `adjustment:${adjustmentId}`,
    facts: { adjustmentId, affiliateId, currency, amountMinor, staffUserId, reason },
    affiliateId,
    currency,
    from: gives ? 'commission_expense' : 'payable',
    to: gives ? 'payable' : 'commission_expense',
    amountMinor: gives ? amountMinor : -amountMinor,
    occurredAt,
    staffUserId,
    reason,
  };
}

/** What the audit log keeps of it. @param payableMinor what is payable after it. */
export function adjustmentRecord(adjustment: Adjustment, payableMinor: bigint): AuditRecord {
  const { adjustmentId, affiliateId, currency, amountMinor, staffUserId, reason } = adjustment;
  return {
    actorId: staffUserId,
    action: 'balance.adjusted',
    subjectType: 'affiliate',
    subjectId: affiliateId,
    before: { currency, payableMinor: String(payableMinor - amountMinor) },
    after: { currency, payableMinor: String(payableMinor), amountMinor: String(amountMinor), adjustmentId },
    reason,
  };
}

function checkAmount(amountMinor: bigint, currency: string): void {
  if (!CURRENCIES.has(currency)) {
    throw new DomainError('rule', 'currency_unknown', 'currency must be a lower-case ISO 4217 code.', { currency });
  }
  if (amountMinor === 0n) throw new DomainError('rule', 'amount_zero', 'An adjustment of nothing is none.');
  const stepMinor = currencyStepMinor(currency);
  if (amountMinor % stepMinor !== 0n) {
    throw new DomainError(
      'rule',
      'amount_off_step',
      `An amount in ${currency} must be a multiple of ${stepMinor} minor units.`,
      { currency, stepMinor: Number(stepMinor) },
    );
  }
  if (amountMinor > AMOUNT_MINOR_MAX || amountMinor < -AMOUNT_MINOR_MAX) {
    throw new DomainError('rule', 'amount_too_large', `An amount may have at most ${AMOUNT_MINOR_MAX} minor units.`);
  }
}
