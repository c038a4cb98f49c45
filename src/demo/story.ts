import type { DateTime } from 'luxon';
import type { AffiliateDto } from '../affiliates/affiliate.dto.js';
import type { OnboardingLinkDto } from '../affiliates/onboarding/onboarding.dto.js';
import type { BalancesDto, CommissionDto, CommissionPageDto } from '../commissions/commission.dto.js';
import type { JournalSealer } from '../commissions/ledger/journal-sealer.service.js';
import type { VerificationService } from '../commissions/verification.service.js';
import type { PayoutScheduler } from '../payouts/runs/payout-scheduler.js';
import type { PayoutPageDto, PayoutRunDto } from '../payouts/payout.dto.js';
import type { PreviewDto } from '../payouts/preview/preview.dto.js';
import type { AttributionDto, DecisionDto } from '../referrals/attribution/attribution.dto.js';
import type { ReferralDto, ReferralPageDto } from '../referrals/referral.dto.js';
import type { StripeEmulator } from '../stripe/emulator/index.js';
import type { HostApp } from './host-app.js';
import { money, type Narrator } from './narrator.js';
import type { StoryClock } from './story-clock.js';

const CLICK_DAYS = 12;

export interface StoryParts {
  host: HostApp;
  clock: StoryClock;
  emulator: StripeEmulator;
  scheduler: PayoutScheduler;
  sealer: JournalSealer;
  verifier: VerificationService;
  narrator: Narrator;
  /** The 1st at 06:00 of the second payout run; everything happens in the two months before it. */
  secondRunAt: DateTime;
}

/** The main job from the first affiliate to the second payout, through the front door: HTTP, webhooks, the schedule. */
export class Story {
  private john!: AffiliateDto;
  private maria!: AffiliateDto;
  private disputeId = '';

  constructor(private readonly parts: StoryParts) {}

  async tell(): Promise<void> {
    const firstRunAt = this.parts.secondRunAt.minus({ months: 1 });
    const beginning = firstRunAt.minus({ months: 1 }).plus({ days: 2, hours: 3 });
    await this.affiliatesJoin(beginning);
    await this.visitorsCome(beginning.plus({ minutes: 10 }));
    await this.signups(beginning.plus({ days: CLICK_DAYS }));
    await this.firstPayments(beginning.plus({ days: CLICK_DAYS, hours: 1 }));
    await this.onboarding(beginning.plus({ days: CLICK_DAYS + 1 }));
    await this.payoutRun(firstRunAt, 'The 1st, 06:00: the first payout run starts by itself.');
    await this.renewals(firstRunAt.plus({ days: 20 }));
    await this.moneyTakenBack(firstRunAt.plus({ days: 21 }));
    await this.cancellation(firstRunAt.plus({ days: 22 }));
    await this.disputeWon(firstRunAt.plus({ days: 25 }));
    await this.payoutRun(this.parts.secondRunAt, 'The 1st again: the second run pays what the renewals earned.');
    await this.proof(this.parts.secondRunAt.plus({ hours: 1 }));
  }

  private async affiliatesJoin(at: DateTime): Promise<void> {
    this.at(at, 'The host app creates affiliates for two of its users.');
    const { host, narrator } = this.parts;
    this.john = await host.post('/v1/affiliates', { userId: 'user-john', name: 'John Doe', email: 'john@example.com' });
    this.maria = await host.post('/v1/affiliates', {
      userId: 'user-maria',
      name: 'María Núñez',
      email: 'maria@example.com',
      country: 'ES',
      commissionRateBps: 3000,
    });
    narrator.table(
      ['affiliate', 'code', 'rate', 'link'],
      [this.john, this.maria].map((affiliate) => [
        affiliate.name,
        affiliate.code,
        `${(affiliate.commissionRateBps ?? 2000) / 100} %`,
        affiliate.referralUrl,
      ]),
    );
  }

  private async visitorsCome(at: DateTime): Promise<void> {
    this.at(at, `Visitors follow the links over ${CLICK_DAYS} days; each click is stored before it is answered.`);
    const { host, clock, narrator } = this.parts;
    for (let day = 0; day < CLICK_DAYS; day++) {
      clock.travelTo(at.plus({ days: day }).toJSDate());
      const visitors = 2 + ((day * 3) % 5);
      for (let n = 0; n < visitors; n++) await host.visit(this.john.code, `${day}-${n}`);
      if (day % 2 === 0) await host.visit(this.maria.code, `m-${day}`);
    }
    const range = `from=${at.toISODate()}&to=${at.plus({ days: CLICK_DAYS }).toISODate()}`;
    const rows = await Promise.all(
      [this.john, this.maria].map(async (affiliate) => {
        const { totals } = await host.get<{ totals: { clicks: number; uniqueClicks: number } }>(
          `/v1/affiliates/${affiliate.id}/stats?${range}`,
        );
        return [affiliate.name, totals.clicks, totals.uniqueClicks];
      }),
    );
    narrator.table(['affiliate', 'clicks', 'unique'], rows);
  }

  private async signups(at: DateTime): Promise<void> {
    this.at(
      at,
      'Visitors sign up; the host app reports each with its click, and the decision is kept with its reasons.',
    );
    const { host, narrator } = this.parts;
    const rows: string[][] = [];
    for (const [referredUserId, affiliate] of [
      ['anna', this.john],
      ['ben', this.john],
      ['chloe', this.maria],
    ] as const) {
      const clickId = await host.visit(affiliate.code, referredUserId);
      const answer = await host.post<AttributionDto>('/v1/referrals', {
        referredUserId,
        clickId,
        email: `${referredUserId}@example.org`,
      });
      rows.push([
        referredUserId,
        answer.attributed ? `credited to ${affiliate.name}` : `refused: ${answer.reason ?? ''}`,
      ]);
    }
    const own = await host.post<AttributionDto>('/v1/referrals', {
      referredUserId: 'johnny-again',
      code: this.john.code,
      email: 'John+second@example.com',
    });
    rows.push(['johnny-again', own.attributed ? 'credited' : `refused: ${own.reason ?? ''}`]);
    narrator.table(['user', 'decision'], rows);
    const decision = await host.get<DecisionDto>(`/v1/attribution-decisions/${own.decisionId ?? ''}`);
    narrator.say(`Why was John not credited for the last one? "${decision.summary}"`);
  }

  private async firstPayments(at: DateTime): Promise<void> {
    this.at(at, 'They subscribe; Stripe reports each paid invoice, and each earns its commission in the ledger.');
    const { host, narrator } = this.parts;
    const product = await host.stripe.products.create({ name: 'Pro' });
    const price = (unit_amount: number, currency: string) =>
      host.stripe.prices.create({ product: product.id, currency, unit_amount, recurring: { interval: 'month' } });
    const [team, single, euro] = [await price(14_900, 'usd'), await price(4_900, 'usd'), await price(11_900, 'eur')];
    const vat = await host.stripe.taxRates.create({ display_name: 'VAT', percentage: 19, inclusive: true });
    await host.subscribe({ userId: 'anna', priceId: team.id, taxRateId: vat.id });
    await host.subscribe({ userId: 'ben', priceId: single.id });
    await host.subscribe({ userId: 'chloe', priceId: euro.id, taxRateId: vat.id });
    const commissions = await this.commissions(3);
    narrator.table(
      ['customer paid', 'of it tax', 'rate', 'commission'],
      commissions.map(({ explanation, amount, currency }) => [
        money(explanation.invoiceAmountPaid, currency),
        money(explanation.taxAmount, currency),
        `${explanation.rateBps / 100} %`,
        money(amount, currency),
      ]),
    );
    narrator.say(`The working behind Anna's: ${commissions.at(-1)?.explanation.formula ?? ''}`);
  }

  private async onboarding(at: DateTime): Promise<void> {
    this.at(at, 'The next run is previewed: nobody can be paid yet. Both finish onboarding at Stripe (the emulator).');
    const { host, narrator } = this.parts;
    const before = await host.post<PreviewDto>('/v1/payout-runs/preview');
    for (const affiliate of [this.john, this.maria]) {
      const { url } = await host.post<OnboardingLinkDto>(`/v1/affiliates/${affiliate.id}/onboarding-links`);
      await host.finishOnboarding(url);
      await host.until(
        () => host.get<AffiliateDto>(`/v1/affiliates/${affiliate.id}`),
        ({ payoutsEnabled }) => payoutsEnabled,
      );
    }
    const after = await host.post<PreviewDto>('/v1/payout-runs/preview');
    narrator.table(
      ['affiliate', 'amount', 'before', 'after'],
      before.skipped.map(({ affiliateId, amount, currency, reason }) => [
        this.nameOf(affiliateId),
        money(amount, currency),
        `skipped: ${reason}`,
        after.payouts.some((payout) => payout.affiliateId === affiliateId && payout.currency === currency)
          ? 'will be paid'
          : 'skipped',
      ]),
    );
  }

  private async payoutRun(at: DateTime, text: string): Promise<void> {
    this.at(at, text);
    const { host, narrator, scheduler } = this.parts;
    await scheduler.tick();
    const run = await host.get<PayoutRunDto>(`/v1/payout-runs/${at.toFormat('yyyy-MM')}`);
    const { data } = await host.get<PayoutPageDto>(`/v1/payouts?runId=${run.id}`);
    narrator.table(
      ['affiliate', 'payout', 'status', 'transfer at Stripe'],
      data.map((payout) => [
        this.nameOf(payout.affiliateId),
        money(payout.amount, payout.currency),
        payout.status,
        payout.stripeTransferId ?? '',
      ]),
    );
    narrator.say(
      `Run ${run.period}: ${run.status}, ${run.skipped.map(({ reason, count }) => `${count} skipped (${reason})`).join(', ') || 'nobody skipped'}.`,
    );
  }

  private async renewals(at: DateTime): Promise<void> {
    this.at(at, 'A month has passed: the subscriptions renew, and every renewal earns again.');
    await this.parts.emulator.renewDueSubscriptions();
    await this.commissions(6);
    await this.balances();
  }

  private async moneyTakenBack(at: DateTime): Promise<void> {
    this.at(
      at,
      "Anna gets 40.00 of her first payment back, and Chloe's bank disputes hers. Both commissions were paid out already.",
    );
    const { host, emulator, narrator } = this.parts;
    const [annas, chloes] = [await this.firstCommission('anna'), await this.firstCommission('chloe')];
    const { paymentIntentId } = await host.paymentOf(annas.invoiceId);
    await host.stripe.refunds.create({ payment_intent: paymentIntentId, amount: 4000 });
    const { chargeId } = await host.paymentOf(chloes.invoiceId);
    this.disputeId = emulator.openDispute(chargeId).id;
    const rows: string[][] = [];
    const sentences: string[] = [];
    for (const [name, id] of [
      ['Anna', annas.id],
      ['Chloe', chloes.id],
    ] as const) {
      const commission = await this.commissionOnce(id, ({ reversedAmount }) => reversedAmount > 0);
      const { amount, reversedAmount, netAmount, currency, state, explanation } = commission;
      rows.push([name, money(amount, currency), money(reversedAmount, currency), money(netAmount, currency), state]);
      sentences.push(explanation.steps.at(-1)?.summary ?? '');
    }
    narrator.table(['customer', 'commission', 'taken back', 'left', 'state'], rows);
    for (const sentence of sentences) narrator.say(sentence);
    narrator.say('What was paid too much is below zero now, or lowers what is payable: the next run nets it.');
    await this.balances();
  }

  private async disputeWon(at: DateTime): Promise<void> {
    this.at(at, "Chloe's bank decides for the host: what the dispute took comes back, to the cent.");
    const { emulator, narrator } = this.parts;
    emulator.moveDispute(this.disputeId, 'won');
    const { id } = await this.firstCommission('chloe');
    const commission = await this.commissionOnce(id, ({ reversedAmount }) => reversedAmount === 0);
    narrator.say(`The story of her commission, as the API tells it:`);
    narrator.table(
      ['step', 'change', 'net', 'because'],
      commission.explanation.steps.map(({ kind, change, netAmount, summary }) => [
        kind,
        money(change, commission.currency),
        money(netAmount, commission.currency),
        summary,
      ]),
    );
  }

  /** What a user's first invoice earned. */
  private async firstCommission(userId: string): Promise<CommissionDto> {
    const { host } = this.parts;
    const { id } = await host.get<ReferralDto>(`/v1/referrals/by-user/${userId}`);
    const { data } = await host.get<CommissionPageDto>(`/v1/commissions?referralId=${id}&limit=100`);
    const first = data.at(-1);
    if (!first) throw new Error(`${userId} has earned nobody a commission`);
    return first;
  }

  /** A commission, once it is as the story says. */
  private commissionOnce(id: string, isThere: (commission: CommissionDto) => boolean): Promise<CommissionDto> {
    return this.parts.host.until(() => this.parts.host.get<CommissionDto>(`/v1/commissions/${id}`), isThere);
  }

  private async cancellation(at: DateTime): Promise<void> {
    this.at(at, 'Ben cancels. His referral is churned; what it earned stays earned.');
    const { host, narrator } = this.parts;
    const { stripeCustomerId } = await host.get<ReferralDto>('/v1/referrals/by-user/ben');
    const { data } = await host.stripe.subscriptions.list({ customer: stripeCustomerId ?? '' });
    for (const subscription of data) await host.stripe.subscriptions.cancel(subscription.id);
    await host.until(
      () => host.get<ReferralDto>('/v1/referrals/by-user/ben'),
      ({ status }) => status === 'churned',
    );
    const referrals = await host.get<ReferralPageDto>('/v1/referrals');
    narrator.table(
      ['customer', 'status', 'per month', 'earned for the affiliate'],
      referrals.data.map((referral) => [
        referral.referredUserId,
        referral.status,
        money(referral.mrr, referral.currency ?? 'usd'),
        money(referral.lifetimeEarned, referral.currency ?? 'usd'),
      ]),
    );
  }

  private async proof(at: DateTime): Promise<void> {
    this.at(at, 'Where everybody stands, and the proof: every figure worked out again from the journal.');
    const { narrator, sealer, verifier } = this.parts;
    await this.balances();
    await sealer.sealAll();
    const { ok, invariants } = await verifier.verify();
    narrator.table(
      ['invariant', 'checked', 'breaches'],
      invariants.map(({ name, checked, breaches }) => [name, checked.toString(), breaches.length]),
    );
    if (!ok) throw new Error('the ledger is not sound');
  }

  private async balances(): Promise<void> {
    const rows: string[][] = [];
    for (const affiliate of [this.john, this.maria]) {
      const { balances } = await this.parts.host.get<BalancesDto>(`/v1/affiliates/${affiliate.id}/balance`);
      for (const { currency, held, payable, paid, lifetimeEarned } of balances) {
        rows.push([affiliate.name, ...[held, payable, paid, lifetimeEarned].map((amount) => money(amount, currency))]);
      }
    }
    this.parts.narrator.table(['affiliate', 'held', 'payable', 'paid', 'earned in all'], rows);
  }

  /** All commissions, once there are this many. */
  private async commissions(count: number): Promise<CommissionDto[]> {
    const { host } = this.parts;
    const page = await host.until(
      () => host.get<CommissionPageDto>('/v1/commissions?limit=100'),
      ({ data }) => data.length >= count,
    );
    return page.data;
  }

  private nameOf(affiliateId: string): string {
    return affiliateId === this.john.id ? this.john.name : this.maria.name;
  }

  private at(moment: DateTime, text: string): void {
    this.parts.clock.travelTo(moment.toJSDate());
    this.parts.narrator.step(moment.toJSDate(), text);
  }
}
