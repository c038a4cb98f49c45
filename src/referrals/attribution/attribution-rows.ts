import type { Referral } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';
import { maskEmail } from '../masking.js';
import type { Signup } from './attribution-facts.js';
import type { PrecedenceVerdict, RuleVerdict } from './attribution-rule.js';
import type { DecisionInputsDto } from './attribution.dto.js';
import type { Outcome } from './decide.js';

/** The trace of a signup that was judged. */
export interface NewDecision {
  id: string;
  signup: Signup;
  outcome: Outcome;
  referralId: string | null;
}

/** Keeps why each was credited or refused: one statement for any number. */
export async function insertDecisions(tx: SqlTx, decisions: readonly NewDecision[], createdAt: Date): Promise<void> {
  if (decisions.length === 0) return;
  const of = <T>(column: (decision: NewDecision) => T): T[] => decisions.map(column);
  await tx.$executeRaw`
    INSERT INTO attribution_decisions (id, referred_user_id, affiliate_id, code, click_id, attributed, reason, referral_id,
                                       inputs, rules, occurred_at, created_at)
    SELECT id, referred_user_id, affiliate_id, code, click_id, reason IS NULL, reason, referral_id, inputs, rules, occurred_at,
           ${createdAt}
    FROM ROWS FROM (
      unnest(${of(({ id }) => id)}::text[], ${of(({ signup }) => signup.referredUserId)}::text[],
             ${of(({ outcome }) => outcome.facts.affiliate?.id ?? null)}::text[],
             ${of(({ signup, outcome }) => signup.code ?? outcome.facts.click?.code ?? null)}::text[],
             ${of(({ signup }) => signup.clickId)}::text[], ${of(({ outcome }) => outcome.verdict.refusal)}::text[],
             ${of(({ referralId }) => referralId)}::text[], ${of(happenedAt)}::timestamptz[]),
      jsonb_array_elements(${JSON.stringify(of(({ signup }) => inputsOf(signup)))}::jsonb),
      jsonb_array_elements(${JSON.stringify(of(({ outcome }) => rulesOf(outcome)))}::jsonb)
    ) AS d (id, referred_user_id, affiliate_id, code, click_id, reason, referral_id, occurred_at, inputs, rules)`;
}

/** When the signup counts as made: what was paid before a promotion code was used came by nobody. */
export function happenedAt({ signup, outcome }: Pick<NewDecision, 'signup' | 'outcome'>): Date {
  return outcome.facts.promotion?.redeemedAt ?? signup.occurredAt;
}

function inputsOf({ clickId, code, ipHashes, emailNormalized, stripeCustomerId }: Signup): DecisionInputsDto {
  return {
    clickId,
    code,
    ipGiven: ipHashes !== null,
    email: emailNormalized && maskEmail(emailNormalized),
    stripeCustomerId,
  };
}

function rulesOf({ verdict, precedence }: Outcome): (RuleVerdict | PrecedenceVerdict)[] {
  return precedence ? [...verdict.rules, precedence] : verdict.rules;
}

/** New referrals, of which nothing was paid yet: one statement for any number. */
export async function insertReferrals(tx: SqlTx, referrals: readonly Referral[]): Promise<void> {
  if (referrals.length === 0) return;
  const of = <T>(column: (referral: Referral) => T): T[] => referrals.map(column);
  await tx.$executeRaw`
    INSERT INTO referrals (id, affiliate_id, referred_user_id, status, click_id, promotion_code_id, decision_id,
                           plan_version_id, stripe_customer_id, occurred_at, created_at)
    SELECT * FROM unnest(
      ${of(({ id }) => id)}::text[], ${of(({ affiliateId }) => affiliateId)}::text[],
      ${of(({ referredUserId }) => referredUserId)}::text[], ${of(({ status }) => status)}::text[],
      ${of(({ clickId }) => clickId)}::text[], ${of(({ promotionCodeId }) => promotionCodeId)}::text[],
      ${of(({ decisionId }) => decisionId)}::text[], ${of(({ planVersionId }) => planVersionId)}::text[],
      ${of(({ stripeCustomerId }) => stripeCustomerId)}::text[], ${of(({ occurredAt }) => occurredAt)}::timestamptz[],
      ${of(({ createdAt }) => createdAt)}::timestamptz[])`;
}

/** A redemption about which nothing more is decided. */
export interface SettledRedemption {
  customerId: string;
  promotionCodeId: string;
  /** Null where the user was this affiliate's referral already. */
  decisionId: string | null;
}

export async function settleRedemptions(
  tx: SqlTx,
  redemptions: readonly SettledRedemption[],
  decidedAt: Date,
): Promise<void> {
  if (redemptions.length === 0) return;
  await tx.$executeRaw`
    UPDATE promotion_redemptions p SET decided_at = ${decidedAt}, decision_id = s.decision_id
    FROM unnest(${redemptions.map(({ customerId }) => customerId)}::text[],
                ${redemptions.map(({ promotionCodeId }) => promotionCodeId)}::text[],
                ${redemptions.map(({ decisionId }) => decisionId)}::text[]) AS s (customer_id, promotion_code_id, decision_id)
    WHERE p.customer_id = s.customer_id AND p.promotion_code_id = s.promotion_code_id`;
}
