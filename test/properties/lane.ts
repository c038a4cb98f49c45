import { createHash } from 'node:crypto';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type {
  BalanceDto,
  BalancesDto,
  CommissionDto,
  CommissionPageDto,
} from '../../src/commissions/commission.dto.js';
import { CaseDecisions } from '../../src/commissions/review/case-decisions.service.js';
import { ReviewCases } from '../../src/fraud/review-cases.service.js';
import type { AttributionDto } from '../../src/referrals/attribution/attribution.dto.js';
import type { ReferralDto } from '../../src/referrals/referral.dto.js';
import type { TestApp } from '../setup/app.js';
import { onboard } from '../setup/host.js';
import { deliver, eventOf } from '../setup/webhooks.js';
import type { History } from './history.js';
import { Knowledge } from './knowledge.js';
import { expectedCommissions, netOf, type ExpectedCommission } from './model.js';
import { scheduleOf, type Order } from './orders.js';
import { StripeObjects, type Webhook } from './stripe-objects.js';
import { TransferNewsDesk, type TransferNews } from './transfer-news.js';

export interface LaneOptions extends Order {
  history: History;
  /** Tells the ids of this lane from all others'. */
  tag: string;
  startsAt: number;
  /** The history's plans, as the app named them. */
  planIds: string[];
}

const MINIMUM_MAJOR_UNITS = 5;
/** Payouts are at least this much, in minor units. The app is told 5.00 USD. */
const MINIMUM_MINOR: Record<string, number> = {
  usd: MINIMUM_MAJOR_UNITS * 100,
  eur: MINIMUM_MAJOR_UNITS * 100,
  isk: MINIMUM_MAJOR_UNITS * 100,
  jpy: MINIMUM_MAJOR_UNITS,
  kwd: MINIMUM_MAJOR_UNITS * 1000,
};
export const MIN_PAYOUT = `usd:${MINIMUM_MINOR['usd']}`;

/**
 * One history told to the app in one order, about an affiliate, customers and Stripe objects of its own. Knows what the
 * app has been told so far, and compares what it says with what the model makes of that.
 */
export class Lane {
  readonly history: History;
  private readonly objects: StripeObjects;
  private readonly schedule: Webhook[][][];
  private readonly knowledge: Knowledge;
  private affiliate!: AffiliateDto;
  private transferNews!: TransferNewsDesk;
  /** What runs have paid so far, by currency. */
  private readonly paid = new Map<string, number>();
  private findings = 0;

  constructor(
    private readonly api: TestApp,
    private readonly options: LaneOptions,
  ) {
    const { history, tag, startsAt } = options;
    this.history = history;
    this.objects = new StripeObjects(history, tag, startsAt);
    this.schedule = scheduleOf(options);
    this.knowledge = new Knowledge(history, this.objects, startsAt);
  }

  get isPaidOut(): boolean {
    return this.history.affiliate.isPaidOut;
  }

  async open(): Promise<void> {
    const { tag, planIds } = this.options;
    const { status, body } = await this.api.request<AffiliateDto>('POST', '/v1/affiliates', {
      body: {
        userId: `affiliate_${tag}`,
        name: `Lane ${tag}`,
        planId: planIds[0],
        commissionRateBps: this.history.affiliate.ownRateBps,
      },
    });
    expect(status).toBe(201);
    this.affiliate = body;
    const { startsAt, shuffle } = this.options;
    this.transferNews = new TransferNewsDesk(this.api, this.history, { affiliateId: body.id, startsAt, shuffle });
    if (this.isPaidOut) await onboard(this.api, body.id);
  }

  actsAt(moment: number): boolean {
    return (
      this.history.changes.some((change) => change.moment === moment) ||
      this.history.customers.some(({ reportedAtMoment }) => reportedAtMoment === moment) ||
      this.history.rejections.some((rejection) => rejection.moment === moment)
    );
  }

  /** What people do at this moment: new terms first, then the signups that are reported, then what staff decide. */
  async act(moment: number): Promise<void> {
    for (const change of this.history.changes.filter((one) => one.moment === moment)) {
      if (change.kind === 'own rate') await this.patch({ commissionRateBps: change.rateBps });
      if (change.kind === 'plan switch') await this.patch({ planId: this.options.planIds[change.plan] });
      // A new version of a plan is there already: the history's lanes share their plans.
      this.knowledge.change(change);
    }
    for (const [index, customer] of this.history.customers.entries()) {
      if (customer.reportedAtMoment === moment) await this.report(index);
    }
    for (const { customer } of this.history.rejections.filter((one) => one.moment === moment)) {
      if (this.knowledge.isReported(customer)) await this.reject(customer);
    }
  }

  private async reject(customer: number): Promise<void> {
    const userId = this.objects.userId(customer);
    const { body: referral } = await this.api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`);
    const signal = {
      key: `${userId} ${++this.findings}`,
      summary: 'A finding.',
      evidence: {},
      referralId: referral.id,
    };
    const caseId = await this.api.database.transaction((tx) =>
      this.api.app.get(ReviewCases).open(tx, { affiliateId: this.affiliate.id, rule: 'unexpected_transfer', signal }),
    );
    await this.api.app.get(CaseDecisions).reject(caseId, { staffUserId: 'staff-1', reason: 'It is one person.' });
    this.knowledge.reject(customer);
  }

  private async patch(changes: object): Promise<void> {
    const { status } = await this.api.request('PATCH', `/v1/affiliates/${this.affiliate.id}`, { body: changes });
    expect(status).toBe(200);
  }

  private async report(index: number): Promise<void> {
    const { signedUpAt, boundBy } = this.history.customers[index]!;
    const occurredAt = this.options.startsAt + signedUpAt;
    const { body } = await this.api.request<AttributionDto>('POST', '/v1/referrals', {
      body: {
        referredUserId: this.objects.userId(index),
        code: this.affiliate.code,
        occurredAt: new Date(occurredAt * 1000).toISOString(),
        ...(boundBy === 'stripe customer' && { stripeCustomerId: this.objects.customerId(index) }),
      },
    });
    expect(body).toMatchObject({ attributed: true });
    this.knowledge.report(index);
  }

  /** The webhooks of a moment, in groups that come together. */
  deliveriesAt(moment: number): Webhook[][] {
    return this.schedule[moment] ?? [];
  }

  /** Tells the app at once what these webhooks say, each in an event of its own. */
  async deliver(group: Webhook[]): Promise<void> {
    await Promise.all(
      group.map(async ({ type, told }) => {
        const { status } = await deliver(this.api, eventOf(this.api, type, this.objects.object(told)));
        expect(status).toBe(200);
      }),
    );
    this.knowledge.hear(group);
  }

  /** What was reversed of its transfers at Stripe, as far as the app is to hear of it now. */
  transferNewsAt(moment: number): Promise<TransferNews[]> {
    return this.transferNews.newsAt(moment);
  }

  /** Tells the app of reversed transfers: what was paid is owed again. */
  async tellOfTransfers(news: TransferNews[]): Promise<void> {
    await this.sendNews(news);
    for (const one of news) {
      const { currency, amount } = this.transferNews.hear(one);
      this.paid.set(currency, (this.paid.get(currency) ?? 0) - amount);
    }
  }

  private async sendNews(news: TransferNews[]): Promise<void> {
    await Promise.all(
      news.map(async ({ transfer }) => {
        const { status } = await deliver(this.api, eventOf(this.api, 'transfer.reversed', transfer));
        expect(status).toBe(200);
      }),
    );
  }

  /** Everything once more, in new events. */
  async repeat(): Promise<void> {
    await this.deliver([...new Set(this.knowledge.webhooks)]);
    await this.sendNews(this.transferNews.told);
  }

  /** How many entries the journal has about it. */
  countEntries(): Promise<number> {
    return this.api.database.prisma.journalEntry.count({ where: { affiliateId: this.affiliate.id } });
  }

  /** The app says what the model says, for what it has been told until now. */
  async check(): Promise<void> {
    if (this.knowledge.webhooks.length === 0) return;
    const { commissions, balances } = await this.read();
    const now = this.api.clock.now().getTime() / 1000;
    const shown = new Set(commissions.map(({ invoiceId }) => invoiceId));
    const expected = expectedCommissions(this.knowledge.facts()).filter(
      ({ net, invoiceId }) => net > 0n || shown.has(invoiceId),
    );
    const isHeld = (one: ExpectedCommission): boolean => one.availableAt > now || one.isInquired;
    expect({
      commissions: sorted(commissions.map((one) => this.presentActual(one))),
      balances: balances.map((one) => this.presentBalance(one)),
    }).toEqual({
      commissions: sorted(expected.map((one) => this.presentExpected(one, isHeld(one)))),
      balances: balances.map(({ currency }) => this.expectedBalance(currency, expected, isHeld)),
    });
    const withoutBalance = expected.filter(
      ({ net, currency }) => net > 0n && !balances.some((balance) => balance.currency === currency),
    );
    expect(withoutBalance).toEqual([]);
    for (const one of commissions) expectExplained(one);
  }

  /** A run pays the whole payable balance from the minimum on, and nothing else; refused, it is as it was. */
  async checkPayout(before: BalanceDto[], isRefused: boolean): Promise<void> {
    const { balances } = await this.read();
    const expected = before.map((one) => {
      const isPaid = this.isPaidOut && !isRefused && one.payable >= MINIMUM_MINOR[one.currency]!;
      return isPaid ? { ...one, payable: 0, paid: one.paid + one.payable } : one;
    });
    expect(balances).toEqual(expected);
    for (const { currency, paid } of balances) this.paid.set(currency, paid);
  }

  async balances(): Promise<BalanceDto[]> {
    return (await this.read()).balances;
  }

  /** Of everything that must not depend on the order in which it was told. */
  async hash(): Promise<string> {
    const { commissions, balances } = await this.read();
    const facts = {
      commissions: sorted(
        commissions
          .filter(({ netAmount }) => netAmount > 0)
          .map((one) => {
            const { steps: _steps, planVersionId: _planVersionId, ...explanation } = one.explanation;
            return { ...this.presentActual(one), explanation };
          }),
      ),
      balances: balances
        .map((one) => this.presentBalance(one))
        .filter(({ total }) => total !== 0)
        // A run that came before a webhook has paid what one that came after it has not.
        .map((one) => (this.isPaidOut ? { ...one, paid: null } : one)),
    };
    return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
  }

  /** In words, where it stands. */
  describe(): string {
    const { shuffle, pace, tag } = this.options;
    const heard = [...this.knowledge.webhooks, ...this.transferNews.told];
    const labels = heard.map(({ label }, n) => `  ${n + 1}. ${label}`);
    return `lane ${tag}, order ${shuffle}, ${pace}; the webhooks so far:\n${labels.join('\n')}`;
  }

  private async read(): Promise<{ commissions: CommissionDto[]; balances: BalanceDto[] }> {
    const [commissions, balances] = await Promise.all([
      this.api.request<CommissionPageDto>('GET', `/v1/commissions?limit=100&affiliateId=${this.affiliate.id}`),
      this.api.request<BalancesDto>('GET', `/v1/affiliates/${this.affiliate.id}/balance`),
    ]);
    return {
      commissions: commissions.body.data,
      balances: balances.body.balances.sort((a, b) => (a.currency < b.currency ? -1 : 1)),
    };
  }

  private presentActual({
    invoiceId,
    amount,
    netAmount,
    reversedAmount,
    currency,
    state,
    availableAt,
    explanation,
  }: CommissionDto) {
    const { base, lost, rateBps, rateSource } = explanation;
    return {
      invoice: invoiceId.slice(-2),
      currency,
      amount,
      net: netAmount,
      reversed: reversedAmount,
      base,
      lost,
      rateBps,
      rateSource,
      availableAt,
      state: this.isPaidOut ? null : state,
    };
  }

  private presentExpected(one: ExpectedCommission, isHeld: boolean): ReturnType<Lane['presentActual']> {
    const state = one.net === 0n ? 'reversed' : isHeld ? 'held' : 'payable';
    return {
      invoice: one.invoiceId.slice(-2),
      currency: one.currency,
      amount: Number(one.amount),
      net: Number(one.net),
      reversed: Number(one.amount - one.net),
      base: Number(one.base),
      lost: Number(one.lost),
      rateBps: one.rateBps,
      rateSource: one.rateSource,
      availableAt: new Date(one.availableAt * 1000).toISOString(),
      state: this.isPaidOut ? null : state,
    };
  }

  private presentBalance({ currency, held, payable, inPayout, paid, lifetimeEarned }: BalanceDto) {
    return {
      currency,
      total: held + payable + inPayout + paid,
      lifetimeEarned,
      inPayout,
      paid,
      ...(!this.isPaidOut && { held, payable }),
    };
  }

  private expectedBalance(
    currency: string,
    commissions: ExpectedCommission[],
    isHeld: (one: ExpectedCommission) => boolean,
  ): ReturnType<Lane['presentBalance']> {
    const sumOf = (some: ExpectedCommission[]): number => some.reduce((sum, { net }) => sum + Number(net), 0);
    const own = commissions.filter((one) => one.currency === currency);
    const held = sumOf(own.filter(isHeld));
    const total = sumOf(own);
    return {
      currency,
      total,
      lifetimeEarned: total,
      inPayout: 0,
      paid: this.paid.get(currency) ?? 0,
      ...(!this.isPaidOut && { held, payable: total - held }),
    };
  }
}

/**
 * The explanation tells the commission's story without a gap, each step starting where the one before it ended, and
 * whoever follows its figures comes to the amount.
 */
function expectExplained({ netAmount, currency, explanation }: CommissionDto): void {
  let sum = 0;
  const sums = explanation.steps.map(({ change }) => (sum += change));
  expect(explanation.steps.map((step) => step.netAmount)).toEqual(sums);
  expect(sum).toBe(netAmount);
  const { invoiceAmountPaid, invoiceTotal, base, lost, rateBps, formula } = explanation;
  const earnsNothing = formula.includes('amount = 0: ');
  const paid = BigInt(Math.min(invoiceAmountPaid, invoiceTotal));
  expect({
    followed: earnsNothing ? 0 : Number(netOf({ base: BigInt(base), paid, lost: BigInt(lost), rateBps, currency })),
  }).toEqual({ followed: netAmount });
}

function sorted<T extends { invoice: string }>(some: T[]): T[] {
  return some.sort((a, b) => (a.invoice < b.invoice ? -1 : 1));
}
