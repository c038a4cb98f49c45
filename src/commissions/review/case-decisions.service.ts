import { Injectable } from '@nestjs/common';
import type { Prisma, ReviewCase } from '@prisma/client';
import { AffiliateApproval } from '../../affiliates/affiliate-approval.service.js';
import { AuditLog } from '../../audit/audit-log.js';
import { DomainError } from '../../common/domain-error.js';
import { Database, type Tx } from '../../database/database.js';
import { ReviewCases } from '../../fraud/review-cases.service.js';
import { reviewCaseClosed, reviewCaseNotFound } from '../../fraud/review-errors.js';
import { ReferralLifecycle } from '../../referrals/referral-lifecycle.js';
import { actedBy, checkedReason, type StaffAct } from '../../staff/staff-act.js';
import { lockDecisions } from '../facts/fact-locks.js';
import { lockBalances } from '../ledger/balances.js';
import { SettlementService } from '../settlement/settlement.service.js';
import {
  decisionOf,
  findCurrenciesOutOfBand,
  findReversed,
  storeAcceptances,
  storeRejections,
  storeSpared,
  type Decision,
} from './decision-facts.js';

/** Referrals that are settled at once: enough to make each query worth its round trip, and memory stays flat. */
const BATCH_SIZE = 200;

/** What a decision moved. */
export interface DecisionEffect {
  /** How many referrals were rejected. */
  rejectedReferrals: number;
  /** How many of their commissions stood in a payout, and keep what they are worth. */
  sparedCommissions: number;
  /** What the affiliate has earned more, or less, by it. */
  earned: { currency: string; changeMinor: bigint }[];
}

/** What the affiliate has earned by currency. */
type Earned = Map<string, bigint>;

/**
 * What staff decide about a review case, and what that costs. A decision is final and made once: of two reviewers at the
 * same time one wins, and the other is told `review_case_closed`. It stands in one transaction with everything that
 * follows from it and with its record in the audit log.
 *
 * What it decides about money it adds to the facts (referral_rejections, out_of_band_acceptances), and has the ledger
 * follow them as it follows what Stripe tells; so it counts for all that arrives later, too.
 */
@Injectable()
export class CaseDecisions {
  constructor(
    private readonly affiliates: AffiliateApproval,
    private readonly audit: AuditLog,
    private readonly database: Database,
    private readonly lifecycle: ReferralLifecycle,
    private readonly reviewCases: ReviewCases,
    private readonly settlement: SettlementService,
  ) {}

  /**
   * Nothing was wrong. Moves nothing: what the case held back is released by the next job, and paid by the next run.
   * Money that was paid outside Stripe goes on earning nothing; that is accepted by `acceptOutOfBand`.
   *
   * @throws DomainError `reason_length`, `review_case_not_found`, `review_case_closed` (409).
   */
  async approve(caseId: string, given: StaffAct): Promise<void> {
    const act = checked(given);
    await this.database.transaction(async (tx) => {
      await this.close(tx, caseId, 'approved', act);
      await this.record(tx, 'approved', caseId, act, { before: {}, after: { status: 'approved' } });
    });
  }

  /**
   * Rejects the referrals that the case's signals name, or all that the affiliate has now where one of them names none:
   * what they have earned is reversed, held and payable alike, and later invoices of theirs earn nothing. A commission
   * that stands in a payout, under way or paid, keeps what it is worth and is spared for good. Nothing restores what was
   * reversed, neither a dispute that is won nor a refund that fails.
   *
   * Locks the decisions about the affiliate, which settlements of its referrals wait for, then its balances, then the
   * case: a payout that is being reserved has either the money or not. Each reversal is posted once, as one that brings
   * its commission to what the facts give; the entry names staff user and reason.
   *
   * @param options.suspend also suspends the affiliate.
   * @throws DomainError `reason_length`, `review_case_not_found`, `review_case_closed` (409), `status_transition_invalid`
   *   when an affiliate who is not active yet is to be suspended.
   */
  async reject(caseId: string, act: StaffAct, options: { suspend?: boolean } = {}): Promise<DecisionEffect> {
    return this.decide(caseId, act, {
      action: 'rejected',
      status: 'rejected',
      lockedToo: () => Promise.resolve([]),
      carryOut: async (tx, decision) => {
        const rejectedReferrals = await storeRejections(tx, decision);
        const sparedCommissions = await storeSpared(tx, decision);
        await this.reverse(tx, decision);
        if (options.suspend) await this.affiliates.suspend(tx, [decision.affiliateId], decision);
        return { rejectedReferrals, sparedCommissions };
      },
    });
  }

  /**
   * Accepts what the case's invoices were paid outside Stripe: that part earns from now on, by the terms of the day it
   * was paid, in a commission of its own. It is payable when its hold has run out, and not before this moment. Where the
   * referral was rejected, or the invoice lies beyond the plan's months, it earns nothing all the same.
   *
   * Locks like `reject`.
   *
   * @throws DomainError `reason_length`, `review_case_not_found`, `review_case_closed` (409), `nothing_to_accept` (422)
   *   when the case is not about such money.
   */
  async acceptOutOfBand(caseId: string, act: StaffAct): Promise<DecisionEffect> {
    return this.decide(caseId, act, {
      action: 'out_of_band_accepted',
      status: 'approved',
      // Signals of this kind come from settlements alone, which wait; so these are all.
      lockedToo: async (tx) => {
        const currencies = await findCurrenciesOutOfBand(tx, caseId);
        if (currencies.length === 0) throw nothingToAccept(caseId);
        return currencies;
      },
      carryOut: async (tx, decision) => {
        const referrals = await storeAcceptances(tx, decision);
        await this.settlement.settleDecided(tx, referrals, decision.decidedAt);
        await this.lifecycle.refreshAll(tx, referrals);
        return { rejectedReferrals: 0, sparedCommissions: 0 };
      },
    });
  }

  /**
   * Suspends the affiliate that a case is about, and leaves the case open: no code of theirs attributes any more, and
   * nothing is paid to them. One who is suspended already stays so.
   *
   * @throws DomainError `reason_length`, `review_case_not_found`, `review_case_closed` (409), `status_transition_invalid`.
   */
  async suspend(caseId: string, act: StaffAct): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { affiliateId, status } = await getCase(tx, caseId);
      if (status !== 'open') throw reviewCaseClosed(caseId);
      await this.affiliates.suspend(tx, [affiliateId], act);
    });
  }

  private async decide(
    caseId: string,
    given: StaffAct,
    {
      action,
      status,
      lockedToo,
      carryOut,
    }: {
      action: string;
      status: 'approved' | 'rejected';
      /** In which currencies money may move in which the affiliate has no balance yet. */
      lockedToo: (tx: Tx) => Promise<string[]>;
      carryOut: (tx: Tx, decision: Decision) => Promise<Omit<DecisionEffect, 'earned'>>;
    },
  ): Promise<DecisionEffect> {
    const act = checked(given);
    return this.database.transaction(async (tx) => {
      const { affiliateId } = await getCase(tx, caseId);
      await lockDecisions(tx, affiliateId);
      await lockAllBalances(tx, affiliateId, await lockedToo(tx));
      const decision = decisionOf(await this.close(tx, caseId, status, act));
      const before = await earnedBy(tx, affiliateId);
      const effect = await carryOut(tx, decision);
      const after = await earnedBy(tx, affiliateId);
      await this.record(tx, action, caseId, act, {
        before: { lifetimeEarned: inStrings(before) },
        after: { status, ...effect, lifetimeEarned: inStrings(after) },
      });
      return { ...effect, earned: changes(before, after) };
    });
  }

  /** In batches, so that an affiliate with any number of referrals can be judged. */
  private async reverse(tx: Tx, decision: Decision): Promise<void> {
    let after = '';
    for (;;) {
      const referrals = await findReversed(tx, decision, after, BATCH_SIZE);
      const last = referrals.at(-1);
      if (!last) return;
      await this.settlement.settleDecided(tx, referrals, decision.decidedAt);
      after = last.id;
    }
  }

  private close(tx: Tx, caseId: string, decision: 'approved' | 'rejected', act: StaffAct): Promise<ReviewCase> {
    return this.reviewCases.close(tx, caseId, { decision, ...act });
  }

  private async record(
    tx: Tx,
    action: string,
    caseId: string,
    act: StaffAct,
    { before, after }: { before: Prisma.InputJsonObject; after: Prisma.InputJsonObject },
  ): Promise<void> {
    await this.audit.record(tx, {
      ...actedBy(act),
      action: `review_case.${action}`,
      subjectType: 'review_case',
      subjectId: caseId,
      before: { status: 'open', ...before },
      after,
    });
  }
}

/** With the reason as it is kept. @throws DomainError `reason_length`. */
function checked({ staffUserId, reason }: StaffAct): StaffAct {
  return { staffUserId, reason: checkedReason(reason) };
}

/** Whose case it is never changes; whether it is open is only known once it was closed. */
async function getCase(tx: Tx, id: string): Promise<ReviewCase> {
  const found = await tx.reviewCase.findUnique({ where: { id } });
  if (!found) throw reviewCaseNotFound(id);
  return found;
}

/** The caller holds the decisions locked: nothing earns in another currency meanwhile. */
async function lockAllBalances(tx: Tx, affiliateId: string, more: string[]): Promise<void> {
  const known = await tx.balance.findMany({ where: { affiliateId }, select: { currency: true } });
  const currencies = [...known.map(({ currency }) => currency), ...more];
  await lockBalances(
    tx,
    currencies.map((currency) => ({ affiliateId, currency })),
  );
}

async function earnedBy(tx: Tx, affiliateId: string): Promise<Earned> {
  const balances = await tx.balance.findMany({ where: { affiliateId }, orderBy: { currency: 'asc' } });
  return new Map(balances.map(({ currency, lifetimeEarnedMinor }) => [currency, lifetimeEarnedMinor]));
}

function changes(before: Earned, after: Earned): DecisionEffect['earned'] {
  return [...after]
    .map(([currency, minor]) => ({ currency, changeMinor: minor - (before.get(currency) ?? 0n) }))
    .filter(({ changeMinor }) => changeMinor !== 0n);
}

function inStrings(earned: Earned): Record<string, string> {
  return Object.fromEntries([...earned].map(([currency, minor]) => [currency, minor.toString()]));
}

function nothingToAccept(id: string): DomainError {
  return new DomainError(
    'rule',
    'nothing_to_accept',
    'This review case is not about an invoice that was paid outside Stripe.',
    { id },
  );
}
