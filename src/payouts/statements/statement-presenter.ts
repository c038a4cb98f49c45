import type { Payout } from '@prisma/client';
import { formatAmount, toJsonAmount } from '../../common/money.js';
import { maskId } from '../../referrals/masking.js';
import type { Statement } from './statement.js';
import type { KindTotal, StatementItem } from './statement-items.js';
import type { StatementBalanceDto, StatementItemDto, StatementTotalDto } from './statement.dto.js';
import type { StatementKind } from './statement-kind.js';

export const KIND_NAMES: Record<StatementKind, string> = {
  commission: 'Commission',
  claw_back: 'Claw-back',
  restored: 'Restored',
  held_back: 'Held back',
  adjustment: 'Adjustment',
  transfer_reversal: 'Transfer reversal',
};

export function presentItem(item: StatementItem, masked: boolean): StatementItemDto {
  const { entryId, kind, occurredAt, description, amountMinor, movement, earlierPayoutId, reason } = item;
  return {
    entryId,
    kind,
    date: occurredAt.toISOString(),
    description,
    amount: toJsonAmount(amountMinor),
    formula: movement?.formula ?? null,
    base: movement && toJsonAmount(movement.baseMinor),
    rateBps: movement?.rateBps ?? null,
    commissionId: movement?.commissionId ?? null,
    invoiceId: movement?.invoiceId ?? null,
    customer: customerOf(item, masked),
    causes: movement?.causes ?? [],
    earlierPayoutId,
    reason,
  };
}

/** The host's own id of the customer, or too little of it for anybody else. */
export function customerOf({ movement }: StatementItem, masked: boolean): string | null {
  if (!movement) return null;
  return masked ? maskId(movement.referredUserId) : movement.referredUserId;
}

export function presentTotal({ kind, count, amountMinor }: KindTotal): StatementTotalDto {
  return { kind, count, amount: toJsonAmount(amountMinor) };
}

export function presentBalance(balance: Statement['balance']): StatementBalanceDto {
  return {
    openingPayable: toJsonAmount(balance.openingPayableMinor),
    closingPayable: toJsonAmount(balance.closingPayableMinor),
    closingHeld: toJsonAmount(balance.closingHeldMinor),
  };
}

/** What the affiliate has by a payout. */
export function receivedMinor({ status, amountMinor, amountReversedMinor }: Payout): bigint {
  return status === 'paid' || status === 'reversed' ? amountMinor - amountReversedMinor : 0n;
}

/** What there is to know about a payout's status; null for one that was simply paid. */
export function noticeOf(payout: Payout): string | null {
  const { status, failureCode, failureMessage, amountReversedMinor, currency } = payout;
  switch (status) {
    case 'pending':
      return 'Nothing was paid yet: the amount is set aside, and its transfer is under way.';
    case 'failed':
      return `Nothing was paid: the transfer was refused (${failureMessage ?? failureCode ?? 'no reason was given'}). All that is listed here became payable again.`;
    case 'canceled':
      return `Nothing was paid: the payout was cancelled before it was sent (${failureCode ?? 'no reason was given'}). All that is listed here became payable again.`;
    case 'reversed':
      return 'Stripe took the whole transfer back. Its amount is owed again, and stands on a later statement.';
    default:
      return amountReversedMinor > 0n
        ? `Stripe took back ${formatAmount(amountReversedMinor, currency)} ${currency.toUpperCase()} of the transfer. That is owed again, and stands on a later statement.`
        : null;
  }
}
