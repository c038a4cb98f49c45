import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { normaliseCode } from '../../affiliates/codes/affiliate-code.js';
import { normaliseEmail } from '../../affiliates/email.js';
import { planNotFound } from '../../affiliates/affiliate-errors.js';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { IdGenerator } from '../../common/ids.js';
import { Config } from '../../config/config.js';
import { inOneGo, lastly, type SqlTx } from '../../database/sql-transaction.js';
import type { Answer } from '../../http/idempotency.js';
import { IpHasher } from '../ip-hasher.js';
import { occurredAtInvalid } from '../referral-errors.js';
import { ReferralEvents } from '../referral-events.js';
import { lockReferralSubjects, namesOf, tryLockReferralSubjects, type ReferralSubject } from '../referral-locks.js';
import { ReferralObserver } from '../referral-observer.js';
import { ReferralPresenter } from '../referral-presenter.js';
import { loadReferrals, loadReferralsByCustomer } from '../referral-rows.js';
import type { CreateReferralDto, ReferralDto } from '../referral.dto.js';
import { countSignups } from '../stats/referral-days.js';
import { readFacts, type FoundSignup, type Signup } from './attribution-facts.js';
import type { SignupFacts } from './attribution-rule.js';
import {
  happenedAt,
  insertDecisions,
  insertReferrals,
  settleRedemptions,
  type SettledRedemption,
} from './attribution-rows.js';
import type { AttributionDto } from './attribution.dto.js';
import { clickOrCodeRequired, judge, type Judgement } from './judge.js';
import { SignupScreening, type CreditedSignup } from './signup-screening.js';

/** How far the host's clock may be ahead of ours. */
const FUTURE_LEEWAY_MS = 5 * 60 * 1000;

/** What became of a signup: its answer, why it is invalid, or null where somebody else decides about it at the moment. */
export type SignupResult = Answer<AttributionDto> | DomainError | null;

/** Decides who is credited with a signup, and keeps why. */
@Injectable()
export class AttributionService {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly ipHasher: IpHasher,
    private readonly presenter: ReferralPresenter,
    private readonly observer: ReferralObserver,
    private readonly screening: SignupScreening,
    private readonly events: ReferralEvents,
    private readonly config: Config,
  ) {}

  /**
   * What can be done before the transaction: normalising, screening, and hashing the address, for which a new key may be
   * needed.
   * @throws DomainError `click_or_code_required`, `occurred_at_invalid` (400).
   */
  async prepare(body: CreateReferralDto): Promise<Signup> {
    const clickId = body.clickId ?? null;
    const code = body.code ?? null;
    if (clickId === null && code === null && !body.stripeCustomerId) throw clickOrCodeRequired();
    const now = this.clock.now();
    const occurredAt = body.occurredAt ? new Date(body.occurredAt) : now;
    if (Number.isNaN(occurredAt.getTime())) throw occurredAtInvalid('occurredAt is no moment that exists.');
    if (occurredAt.getTime() > now.getTime() + FUTURE_LEEWAY_MS) {
      throw occurredAtInvalid('occurredAt is more than 5 minutes in the future.');
    }
    await this.ipHasher.renewKeyIfDue();
    const emailNormalized = body.email ? normaliseEmail(body.email) : null;
    return {
      referredUserId: body.referredUserId,
      clickId,
      code: code === null ? null : normaliseCode(code),
      emailNormalized,
      ipHashes: body.ip ? this.ipHasher.hashesUnderLiveKeys(body.ip) : null,
      stripeCustomerId: body.stripeCustomerId ?? null,
      occurredAt,
      screening: await this.screening.screen({ emailNormalized }),
    };
  }

  /** A customer who redeemed a promotion code, as a signup that nobody has reported. */
  async prepareRedemption(redeemed: {
    referredUserId: string;
    customerId: string;
    email: string | null;
    redeemedAt: Date;
  }): Promise<Signup> {
    const emailNormalized = redeemed.email === null ? null : normaliseEmail(redeemed.email);
    return {
      referredUserId: redeemed.referredUserId,
      clickId: null,
      code: null,
      emailNormalized,
      ipHashes: null,
      stripeCustomerId: redeemed.customerId,
      occurredAt: redeemed.redeemedAt,
      screening: await this.screening.screen({ emailNormalized }),
    };
  }

  /**
   * `attributeAll` for a signup that is alone in its transaction. Waits for whoever decides about the same user or customer.
   * @throws DomainError what it is answered with where it is invalid.
   */
  async attribute(tx: SqlTx, signup: Signup): Promise<Answer<AttributionDto>> {
    await lockReferralSubjects(tx, signup);
    const [found] = await readFacts(tx, [signup], this.config);
    if (!found) throw new Error('no facts were read of a signup');
    // What the customer of a redeemed code pays meanwhile must find the referral, or be found by it.
    if (found.promotion) await lockReferralSubjects(tx, { stripeCustomerId: redeemerOf(found) });
    const [result] = await this.decideAll(tx, [found]);
    if (!result) throw new Error('a signup was not answered');
    if (result instanceof DomainError) throw result;
    return result;
  }

  /**
   * Credits each signup (201), or says why not (200), as if they had come one after the other, in a fixed number of
   * statements. A user who is this affiliate's referral already is answered with that referral (200), whatever else the
   * repeated report says. Refusals and new referrals leave a decision.
   *
   * Where the user has redeemed an affiliate's promotion code, ATTRIBUTION_PRECEDENCE says whether it or the link decides
   * (decideSignup); there is one referral either way.
   *
   * Each user and each Stripe customer may appear once. Holds their locks until `tx` ends: of any number of signups at once
   * one is credited. Waits for none of them: whoever somebody else decides about at the moment is left out, and is to be
   * attributed alone. So one customer's long transaction keeps no other customer waiting.
   *
   * @returns for each its answer; an error of the domain where it is invalid, which is its own and nobody else's:
   *   `occurred_at_invalid`, `click_or_code_required` (400), `stripe_customer_taken` (409); null where it was left out.
   */
  async attributeAll(tx: SqlTx, signups: readonly Signup[]): Promise<SignupResult[]> {
    const [busy, found] = await inOneGo(
      tx,
      () => tryLockReferralSubjects(tx, [...signups]),
      () => readFacts(tx, signups, this.config),
    );
    const isFree = (subject: ReferralSubject): boolean => namesOf(subject).every((name) => !busy.has(name));
    const decidable = await lockRedeemers(
      tx,
      found.filter(({ signup }) => isFree(signup)),
    );
    const results = await this.decideAll(tx, decidable);
    const bySignup = new Map(decidable.map(({ signup }, index) => [signup, results[index]]));
    return signups.map((signup) => bySignup.get(signup) ?? null);
  }

  /** Whose referral this would be, as its link or a code that was redeemed says now; null where they say nobody's. */
  async affiliateOf(db: SqlTx, signup: Signup): Promise<string | null> {
    const [found] = await readFacts(db, [signup], this.config);
    return found?.link?.affiliate?.id ?? found?.promotion?.affiliate?.id ?? null;
  }

  /** All subjects are locked. */
  private async decideAll(tx: SqlTx, found: readonly FoundSignup[]): Promise<(Answer<AttributionDto> | DomainError)[]> {
    const judged = found.map((one) => ({ ...one, judgement: judge(one), decisionId: this.ids.next('decision') }));
    const credited = await this.referralsOf(tx, judged);
    const referralOf = new Map(credited.map(({ referral }) => [referral.decisionId, referral]));
    const now = this.clock.now();
    const decisions = judged.flatMap(({ signup, judgement, decisionId }) =>
      'outcome' in judgement
        ? [{ id: decisionId, signup, outcome: judgement.outcome, referralId: referralOf.get(decisionId)?.id ?? null }]
        : [],
    );
    const referrals = credited.map(({ referral }) => referral);
    const [, , , , , changed, askStaff] = await inOneGo(
      tx,
      () => insertDecisions(tx, decisions, now),
      () => insertReferrals(tx, referrals),
      () => settleRedemptions(tx, judged.flatMap(redemptionsOf), now),
      () => this.events.created(tx, referrals),
      () => this.screening.signupsWritten(tx, credited),
      () => this.observer.referralsCreated(tx, referrals),
      () => this.screening.signupsCredited(tx, credited),
    );
    await askStaff();
    await lastly(tx, () => countSignups(tx, referrals));
    const repeated = judged.flatMap(({ judgement }) => (judgement.is === 'repeated' ? [judgement.referralId] : []));
    const presented = await this.present(tx, referrals, [...changed, ...repeated]);
    return judged.map(({ judgement, decisionId }) => {
      if (judgement.is === 'invalid') return judgement.error;
      if (judgement.is === 'refused') {
        return { status: 200, body: { attributed: false, reason: judgement.reason, decisionId } };
      }
      const isNew = judgement.is === 'credited';
      const referral = presented.get(isNew ? (referralOf.get(decisionId)?.id ?? '') : judgement.referralId);
      if (!referral) throw new Error('a referral was not presented');
      return { status: isNew ? 201 : 200, body: { attributed: true, referral } };
    });
  }

  /** The referrals to be made, by the terms of their moments. */
  private async referralsOf(tx: SqlTx, judged: readonly JudgedSignup[]): Promise<CreditedSignup[]> {
    const credits = judged.flatMap(({ signup, judgement, decisionId }) =>
      judgement.is === 'credited' ? [{ signup, outcome: judgement.outcome, decisionId }] : [],
    );
    const redeemers = credits.flatMap(({ signup, outcome }) =>
      signup.stripeCustomerId ? [] : (outcome.facts.promotion?.customerId ?? []),
    );
    const taken = new Set((await loadReferralsByCustomer(tx, redeemers)).map((bound) => bound.stripeCustomerId));
    const createdAt = this.clock.now();
    return credits.map((credit) => {
      const { signup, outcome, decisionId } = credit;
      const { affiliate, promotion, click } = outcome.facts;
      if (affiliate.planVersionId === null) throw planNotFound(affiliate.planId);
      const redeemer = promotion && !taken.has(promotion.customerId) ? promotion.customerId : null;
      const referral: Referral = {
        id: this.ids.next('referral'),
        affiliateId: affiliate.id,
        referredUserId: signup.referredUserId,
        status: 'trial',
        clickId: click ? signup.clickId : null,
        promotionCodeId: promotion?.promotionCodeId ?? null,
        decisionId,
        planVersionId: affiliate.planVersionId,
        stripeCustomerId: signup.stripeCustomerId ?? redeemer,
        mrrMinor: 0n,
        currency: null,
        occurredAt: happenedAt(credit),
        createdAt,
        convertedAt: null,
        churnedAt: null,
      };
      return { referral, emailNormalized: signup.emailNormalized, verdicts: outcome.verdict.rules };
    });
  }

  /** As they are now: of those that were there before, or may have been changed since they were made, the rows are read. */
  private async present(tx: SqlTx, made: readonly Referral[], readIds: string[]): Promise<Map<string, ReferralDto>> {
    const read = await loadReferrals(tx, readIds);
    const rows = [...new Map([...made, ...read].map((row) => [row.id, row])).values()];
    const presented = await this.presenter.present(rows, tx);
    return new Map(presented.map((referral) => [referral.id, referral]));
  }
}

interface JudgedSignup extends FoundSignup {
  judgement: Judgement;
  decisionId: string;
}

function redeemerOf({ promotion }: SignupFacts): string | null {
  return promotion?.promotion?.customerId ?? null;
}

/**
 * Locks the customers who redeemed the codes that are decided about, without waiting: what they pay meanwhile must find the
 * referral, or be found by it. @returns those signups whose customer nobody else decides about, in this group or elsewhere.
 */
async function lockRedeemers(tx: SqlTx, found: FoundSignup[]): Promise<FoundSignup[]> {
  const redeemed = found.filter((one) => redeemerOf(one) !== null);
  if (redeemed.length === 0) return found;
  const owners = new Map(found.map((one) => [one.signup.stripeCustomerId, one]));
  const isShared = (one: FoundSignup): boolean => {
    const customerId = redeemerOf(one);
    if (customerId === null) return false;
    const owner = owners.get(customerId);
    owners.set(customerId, owner ?? one);
    return owner !== undefined && owner !== one;
  };
  const unshared = found.filter((one) => !isShared(one));
  const busy = await tryLockReferralSubjects(
    tx,
    unshared.map((one) => ({ stripeCustomerId: redeemerOf(one) })),
  );
  return unshared.filter((one) => namesOf({ stripeCustomerId: redeemerOf(one) }).every((name) => !busy.has(name)));
}

/** Nothing more is decided about what a signup was judged with, or says again. */
function redemptionsOf({ promotion, judgement, decisionId }: JudgedSignup): SettledRedemption[] {
  if (!promotion?.promotion || judgement.is === 'invalid') return [];
  if (judgement.is === 'repeated' && !judgement.settlesRedemption) return [];
  const { customerId, promotionCodeId } = promotion.promotion;
  return [{ customerId, promotionCodeId, decisionId: judgement.is === 'repeated' ? null : decisionId }];
}
