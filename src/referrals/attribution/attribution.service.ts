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
import { readFacts, type Signup } from './attribution-facts.js';
import type { AttributionFacts } from './attribution-rule.js';
import type { AttributionDto, DecisionInputsDto } from './attribution.dto.js';
import { decide, type Verdict } from './decide.js';
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
    if (clickId === null && code === null) {
      throw new DomainError(
        'invalid',
        'click_or_code_required',
        'Give clickId or code: one of them says whose referral it is.',
      );
    }
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

  /**
   * Credits the signup (201), or says why not (200). A user who is this affiliate's referral already is answered with
   * that referral (200), whatever else the repeated report says. Refusals and new referrals leave a decision.
   *
   * Holds the locks of the referred user and the Stripe customer until `tx` ends: of any number of signups at once one is credited.
   *
   * @throws DomainError `occurred_at_invalid` (400), `stripe_customer_taken` (409).
   */
  async attribute(tx: Tx, signup: Signup): Promise<Answer<AttributionDto>> {
    await lockReferralSubjects(tx, signup);
    const facts = await readFacts(tx, signup, this.config.attributionWindowMs);
    if (facts.click && signup.occurredAt < facts.click.occurredAt) {
      throw occurredAtInvalid('occurredAt is before the click.');
    }
    if (facts.affiliate && facts.existingReferral?.affiliateId === facts.affiliate.id) {
      return this.answer(tx, 200, facts.existingReferral.id);
    }
    const verdict = decide(facts);
    if (facts.affiliate === null || verdict.refusal !== null) return this.refuse(tx, signup, facts, verdict);
    return this.credit(tx, signup, facts, facts.affiliate, verdict);
  }

  private async refuse(
    tx: Tx,
    signup: Signup,
    facts: AttributionFacts,
    verdict: Verdict,
  ): Promise<Answer<AttributionDto>> {
    const reason = verdict.refusal;
    if (reason === null) throw new Error('a signup without an affiliate must be refused by a rule');
    const decisionId = await this.recordDecision(tx, signup, facts, verdict, null);
    return { status: 200, body: { attributed: false, reason, decisionId } };
  }

  private async credit(
    tx: Tx,
    signup: Signup,
    facts: AttributionFacts,
    affiliate: Affiliate,
    verdict: Verdict,
  ): Promise<Answer<AttributionDto>> {
    const id = this.ids.next('referral');
    const terms = await this.plans.versionInForce(tx, affiliate.planId, signup.occurredAt);
    const decisionId = await this.recordDecision(tx, signup, facts, verdict, id);
    const referral = await createReferral(tx, {
      id,
      affiliateId: affiliate.id,
      referredUserId: signup.referredUserId,
      status: 'trial',
      clickId: facts.click ? signup.clickId : null,
      decisionId,
      planVersionId: terms.id,
      stripeCustomerId: signup.stripeCustomerId,
      occurredAt: signup.occurredAt,
      createdAt: this.clock.now(),
    });
    await this.events.created(tx, referral);
    await this.observer.referralCreated(tx, referral);
    const { emailNormalized } = signup;
    await this.screening.signupCredited(tx, { referral, emailNormalized, verdicts: verdict.rules });
    return this.answer(tx, 201, id);
  }

  /** Reads the row again: the observer may have changed it. */
  private async answer(tx: Tx, status: number, referralId: string): Promise<Answer<AttributionDto>> {
    const referral = await tx.referral.findUniqueOrThrow({ where: { id: referralId } });
    return { status, body: { attributed: true, referral: await this.presenter.presentOne(referral, tx) } };
  }

  private async recordDecision(
    tx: Tx,
    signup: Signup,
    facts: AttributionFacts,
    verdict: Verdict,
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
        rules: verdict.rules.map((rule) => ({ ...rule })),
        occurredAt: signup.occurredAt,
        createdAt: this.clock.now(),
      },
    });
    return id;
  }
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
