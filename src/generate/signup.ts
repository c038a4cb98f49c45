import type { AttributionDecision, PlanVersion, Referral } from '@prisma/client';
import { decideSignup } from '../referrals/attribution/decide.js';
import type { AttributionFacts } from '../referrals/attribution/attribution-rule.js';
import { newsOf } from '../referrals/referral-events.js';
import type { Profile } from './affiliate-profile.js';
import type { Chronicle } from './chronicle.js';
import { clickRow, type ClickOfAffiliate } from './click-rows.js';
import { DAY_MS, later, MINUTE_MS } from './world.js';

export interface Signup {
  referredUserId: string;
  occurredAt: Date;
  /** It has to be among the clicks. */
  click: ClickOfAffiliate | null;
}

/** Of the signups, those that come by a link; the others only bring the code. */
const BY_LINK = 0.88;
/** Of those that are refused, those whose click was too long ago; the others signed up themselves. */
const EXPIRED = 0.6;

/** A signup at a moment, with the click that led to it. */
export function drawSignup({ random, ids }: Chronicle, profile: Profile, referredUserId: string, at: Date): Signup {
  const { affiliate, code } = profile;
  const clickedAt = later(at, -random.int(2, 60 * 24 * 9) * MINUTE_MS * random.fraction());
  if (!random.chance(BY_LINK) || clickedAt < affiliate.createdAt)
    return { referredUserId, occurredAt: at, click: null };
  const click = { id: ids.next('click', clickedAt), affiliateId: affiliate.id, code, occurredAt: clickedAt };
  return { referredUserId, occurredAt: at, click };
}

/** Credits the signup: its decision with the trace, and the referral as it begins. */
export function creditSignup(
  chronicle: Chronicle,
  profile: Profile,
  signup: Signup,
  planVersion: PlanVersion,
): Referral {
  const { ids, copy, random } = chronicle;
  const { affiliate } = profile;
  const createdAt = later(signup.occurredAt, random.int(100, 3000));
  const decisionId = ids.next('decision', createdAt);
  const id = ids.next('referral', createdAt);
  const decision = { id: decisionId, referralId: id, createdAt };
  if (decide(chronicle, profile, signup, decision) !== null) throw new Error('a signup was to be credited, and is not');
  const referral: Referral = {
    id,
    affiliateId: affiliate.id,
    referredUserId: signup.referredUserId,
    status: 'trial',
    clickId: signup.click?.id ?? null,
    promotionCodeId: null,
    decisionId,
    planVersionId: planVersion.id,
    stripeCustomerId: null,
    mrrMinor: 0n,
    currency: null,
    occurredAt: signup.occurredAt,
    createdAt,
    convertedAt: null,
    churnedAt: null,
  };
  chronicle.tell(newsOf('referral.created', referral), createdAt);
  copy.add('referral_emails', {
    referralId: id,
    affiliateId: affiliate.id,
    emailHash: `\\x${random.hex(4)}`,
    domain: random.chance(0.6) ? null : `company${random.int(1, 50_000)}.example`,
    matchingAffiliateId: null,
  });
  return referral;
}

/** Refuses a signup, for one of the reasons that are common. */
export function refuseSignup(chronicle: Chronicle, profile: Profile, referredUserId: string, at: Date): void {
  const { random, ids, world } = chronicle;
  const createdAt = later(at, random.int(100, 3000));
  const decision = { id: ids.next('decision', createdAt), referralId: null, createdAt };
  const clickedAt = later(at, -world.attributionWindowMs - random.int(1, 20) * DAY_MS);
  const { affiliate, code } = profile;
  const click = { id: ids.next('click', clickedAt), affiliateId: affiliate.id, code, occurredAt: clickedAt };
  const isExpired = random.chance(EXPIRED) && clickedAt > affiliate.createdAt;
  const signup = isExpired
    ? { referredUserId, occurredAt: at, click }
    : { referredUserId: affiliate.userId, occurredAt: at, click: null };
  if (decide(chronicle, profile, signup, decision) === null) throw new Error('a signup was to be refused, and is not');
}

/** Has the rules decide, and writes their trace down. @returns why it is refused; null where it is credited. */
function decide(
  { copy, world, random }: Chronicle,
  { affiliate, code }: Profile,
  { referredUserId, occurredAt, click }: Signup,
  decision: Pick<AttributionDecision, 'id' | 'referralId' | 'createdAt'>,
): string | null {
  if (click) copy.add('clicks', clickRow(random, click));
  const facts: AttributionFacts = {
    referredUserId,
    occurredAt,
    windowMs: world.attributionWindowMs,
    promotion: null,
    clickId: click?.id ?? null,
    code: click ? null : code,
    click: click && { code, occurredAt: click.occurredAt, ipHash: null },
    removedClickAt: null,
    affiliate: { ...affiliate, status: 'active', planVersionId: null },
    existingReferral: null,
    emailNormalized: null,
    ipHashes: null,
    affiliateSeenAtIp: null,
    affiliateIpRule: 'refuse',
    clickIpRule: 'off',
    screened: [],
  };
  const outcome = decideSignup({ link: facts, promotion: null, existingReferral: null, precedence: 'link' });
  if (!outcome) throw new Error('a signup with a link is decided');
  const { refusal, rules } = outcome.verdict;
  const inputs = { clickId: facts.clickId, code: facts.code, ipGiven: false, email: null, stripeCustomerId: null };
  copy.add('attribution_decisions', {
    ...decision,
    referredUserId,
    affiliateId: affiliate.id,
    code,
    clickId: facts.clickId,
    attributed: refusal === null,
    reason: refusal,
    inputs: JSON.stringify(inputs),
    rules: JSON.stringify(rules),
    occurredAt,
  });
  return refusal;
}
