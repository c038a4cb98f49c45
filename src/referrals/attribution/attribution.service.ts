import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { normaliseCode } from '../../affiliates/codes/affiliate-code.js';
import { normaliseEmail } from '../../affiliates/email.js';
import { PlansService } from '../../affiliates/plans/plans.service.js';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { IdGenerator } from '../../common/ids.js';
import { Config } from '../../config/config.js';
import type { Tx } from '../../database/database.js';
import { isUniqueViolation } from '../../database/database-errors.js';
import type { Answer } from '../../http/idempotency.js';
import { IpHasher } from '../ip-hasher.js';
import { maskEmail } from '../masking.js';
import { occurredAtInvalid, stripeCustomerTaken } from '../referral-errors.js';
import { ReferralEvents } from '../referral-events.js';
import { lockReferralSubjects } from '../referral-locks.js';
import { ReferralObserver } from '../referral-observer.js';
import { ReferralPresenter } from '../referral-presenter.js';
import type { CreateReferralDto } from '../referral.dto.js';
import { countSignup } from '../stats/referral-days.js';
import { readFacts, type Signup } from './attribution-facts.js';
import type { AttributionFacts, SignupFacts } from './attribution-rule.js';
import type { AttributionDto, DecisionInputsDto } from './attribution.dto.js';
import { decideSignup, type Outcome } from './decide.js';
import { SignupScreening } from './signup-screening.js';

/** How far the host's clock may be ahead of ours. */
const FUTURE_LEEWAY_MS = 5 * 60 * 1000;

type Affiliate = NonNullable<AttributionFacts['affiliate']>;

/** Decides who is credited with a signup, and keeps why. */
@Injectable()
export class AttributionService {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly ipHasher: IpHasher,
    private readonly plans: PlansService,
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
   * Credits the signup (201), or says why not (200). A user who is this affiliate's referral already is answered with
   * that referral (200), whatever else the repeated report says. Refusals and new referrals leave a decision.
   *
   * Where the user has redeemed an affiliate's promotion code, ATTRIBUTION_PRECEDENCE says whether it or the link decides
   * (decideSignup); there is one referral either way.
   *
   * Holds the locks of the referred user and the Stripe customer until `tx` ends: of any number of signups at once one is credited.
   *
   * @throws DomainError `occurred_at_invalid`, `click_or_code_required` (400), `stripe_customer_taken` (409).
   */
  async attribute(tx: Tx, signup: Signup): Promise<Answer<AttributionDto>> {
    await lockReferralSubjects(tx, signup);
    const found = await readFacts(tx, signup, this.config);
    const { link, promotion, existingReferral } = found;
    if (link?.click && signup.occurredAt < link.click.occurredAt) {
      throw occurredAtInvalid('occurredAt is before the click.');
    }
    // What the customer of a redeemed code pays meanwhile must find the referral, or be found by it.
    if (promotion?.promotion) await lockReferralSubjects(tx, { stripeCustomerId: promotion.promotion.customerId });
    if (existingReferral) {
      const { id, affiliateId } = existingReferral;
      const isSame = (facts: AttributionFacts | null): boolean => facts?.affiliate?.id === affiliateId;
      if (isSame(promotion)) await this.settleRedemption(tx, promotion, null);
      if (isSame(link ?? promotion) || (!link && !promotion)) return this.answer(tx, 200, id);
    }
    const outcome = decideSignup(found);
    if (!outcome) throw clickOrCodeRequired();
    const { affiliate } = outcome.facts;
    if (affiliate === null || outcome.verdict.refusal !== null) return this.refuse(tx, signup, found, outcome);
    return this.credit(tx, signup, found, { ...outcome, affiliate });
  }

  private async refuse(
    tx: Tx,
    signup: Signup,
    { promotion }: SignupFacts,
    outcome: Outcome,
  ): Promise<Answer<AttributionDto>> {
    const reason = outcome.verdict.refusal;
    if (reason === null) throw new Error('a signup without an affiliate must be refused by a rule');
    const decisionId = await this.recordDecision(tx, signup, outcome, null);
    await this.settleRedemption(tx, promotion, decisionId);
    return { status: 200, body: { attributed: false, reason, decisionId } };
  }

  private async credit(
    tx: Tx,
    signup: Signup,
    { promotion }: SignupFacts,
    outcome: Outcome & { affiliate: Affiliate },
  ): Promise<Answer<AttributionDto>> {
    const { affiliate, facts, verdict } = outcome;
    const id = this.ids.next('referral');
    // What was paid before the code was used came by nobody.
    const occurredAt = facts.promotion?.redeemedAt ?? signup.occurredAt;
    const terms = await this.plans.versionInForce(tx, affiliate.planId, occurredAt);
    const decisionId = await this.recordDecision(tx, signup, outcome, id);
    const referral = await createReferral(tx, {
      id,
      affiliateId: affiliate.id,
      referredUserId: signup.referredUserId,
      status: 'trial',
      clickId: facts.click ? signup.clickId : null,
      promotionCodeId: facts.promotion?.promotionCodeId ?? null,
      decisionId,
      planVersionId: terms.id,
      stripeCustomerId: signup.stripeCustomerId ?? (await findFreeCustomer(tx, facts)),
      occurredAt,
      createdAt: this.clock.now(),
    });
    await this.settleRedemption(tx, promotion, decisionId);
    await this.events.created(tx, referral);
    await this.observer.referralCreated(tx, referral);
    const { emailNormalized } = signup;
    await this.screening.signupCredited(tx, { referral, emailNormalized, verdicts: verdict.rules });
    await countSignup(tx, referral);
    return this.answer(tx, 201, id);
  }

  /** Nothing more is decided about it. */
  private async settleRedemption(tx: Tx, facts: AttributionFacts | null, decisionId: string | null): Promise<void> {
    if (!facts?.promotion) return;
    const { customerId, promotionCodeId } = facts.promotion;
    await tx.promotionRedemption.update({
      where: { customerId_promotionCodeId: { customerId, promotionCodeId } },
      data: { decidedAt: this.clock.now(), decisionId },
    });
  }

  /** Reads the row again: the observer may have changed it. */
  private async answer(tx: Tx, status: number, referralId: string): Promise<Answer<AttributionDto>> {
    const referral = await tx.referral.findUniqueOrThrow({ where: { id: referralId } });
    return { status, body: { attributed: true, referral: await this.presenter.presentOne(referral, tx) } };
  }

  private async recordDecision(
    tx: Tx,
    signup: Signup,
    { facts, verdict, precedence }: Outcome,
    referralId: string | null,
  ): Promise<string> {
    const id = this.ids.next('decision');
    const inputs: DecisionInputsDto = {
      clickId: signup.clickId,
      code: signup.code,
      ipGiven: signup.ipHashes !== null,
      email: signup.emailNormalized && maskEmail(signup.emailNormalized),
      stripeCustomerId: signup.stripeCustomerId,
    };
    await tx.attributionDecision.create({
      data: {
        id,
        referredUserId: signup.referredUserId,
        affiliateId: facts.affiliate?.id ?? null,
        code: signup.code ?? facts.click?.code ?? null,
        clickId: signup.clickId,
        attributed: verdict.refusal === null,
        reason: verdict.refusal,
        referralId,
        inputs: { ...inputs },
        rules: [...verdict.rules, ...(precedence ? [precedence] : [])].map((rule) => ({ ...rule })),
        occurredAt: facts.promotion?.redeemedAt ?? signup.occurredAt,
        createdAt: this.clock.now(),
      },
    });
    return id;
  }
}

/** The customer who redeemed the code, unless the host has bound them to another referral. */
async function findFreeCustomer(tx: Tx, { promotion }: AttributionFacts): Promise<string | null> {
  if (!promotion) return null;
  const { customerId } = promotion;
  return (await tx.referral.findUnique({ where: { stripeCustomerId: customerId } })) ? null : customerId;
}

function clickOrCodeRequired(): DomainError {
  return new DomainError(
    'invalid',
    'click_or_code_required',
    'Give clickId or code, or the stripeCustomerId of somebody who used an affiliate’s promotion code: one of them says whose referral it is.',
  );
}

/** The user is under our lock, so the only unique value that can be taken is the Stripe customer. */
async function createReferral(tx: Tx, data: Parameters<Tx['referral']['create']>[0]['data']): Promise<Referral> {
  try {
    return await tx.referral.create({ data });
  } catch (error) {
    if (isUniqueViolation(error)) throw stripeCustomerTaken();
    throw error;
  }
}
