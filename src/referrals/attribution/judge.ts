import { DomainError } from '../../common/domain-error.js';
import { occurredAtInvalid, stripeCustomerTaken } from '../referral-errors.js';
import type { FoundSignup } from './attribution-facts.js';
import type { AttributionFacts, RefusalReason } from './attribution-rule.js';
import { decideSignup, type Outcome } from './decide.js';

/** What is to be done about a signup. */
export type Judgement =
  /** The report contradicts itself or what is known: nothing is written. */
  | { is: 'invalid'; error: DomainError }
  /** The user is this affiliate's referral already; a code that was redeemed says the same, and is settled with it. */
  | { is: 'repeated'; referralId: string; settlesRedemption: boolean }
  | { is: 'refused'; outcome: Outcome; reason: RefusalReason }
  | { is: 'credited'; outcome: Outcome & { facts: { affiliate: Affiliate } } };

type Affiliate = NonNullable<AttributionFacts['affiliate']>;

/** A pure function: what was found in, what to do out. */
export function judge(found: FoundSignup): Judgement {
  const { signup, link, promotion, existingReferral, isCustomerTaken } = found;
  if (link?.click && signup.occurredAt < link.click.occurredAt) {
    return { is: 'invalid', error: occurredAtInvalid('occurredAt is before the click.') };
  }
  if (existingReferral) {
    const { id, affiliateId } = existingReferral;
    const isSame = (facts: AttributionFacts | null): boolean => facts?.affiliate?.id === affiliateId;
    if (isSame(link ?? promotion) || (!link && !promotion)) {
      return { is: 'repeated', referralId: id, settlesRedemption: isSame(promotion) };
    }
  }
  const outcome = decideSignup(found);
  if (!outcome) return { is: 'invalid', error: clickOrCodeRequired() };
  const { facts, verdict } = outcome;
  if (verdict.refusal !== null) return { is: 'refused', outcome, reason: verdict.refusal };
  const { affiliate } = facts;
  if (affiliate === null) throw new Error('a signup without an affiliate must be refused by a rule');
  if (isCustomerTaken) return { is: 'invalid', error: stripeCustomerTaken() };
  return { is: 'credited', outcome: { ...outcome, facts: { ...facts, affiliate } } };
}

export function clickOrCodeRequired(): DomainError {
  return new DomainError(
    'invalid',
    'click_or_code_required',
    'Give clickId or code, or the stripeCustomerId of somebody who used an affiliate’s promotion code: one of them says whose referral it is.',
  );
}
