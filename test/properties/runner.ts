import { ReviewCases } from '../../src/fraud/review-cases.service.js';
import { HoldsService } from '../../src/commissions/holds.service.js';
import type { PlanDto } from '../../src/affiliates/plans/plan.dto.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { eventually } from '../setup/eventually.js';
import { expectExactRollups, expectSoundLedger } from '../setup/ledger.js';
import { expectReconciled } from '../setup/reconciliation.js';
import { expectEveryPayoutExplained } from '../setup/statements.js';
import { calendarStart, describeHistory, MOMENTS, PAYOUT_MOMENTS, type History } from './history.js';
import { Lane, MIN_PAYOUT } from './lane.js';
import type { Order } from './orders.js';
import type { TransferNews } from './transfer-news.js';

const CURRENCIES = ['usd', 'eur', 'jpy', 'kwd', 'isk'];
/** A busy machine takes long over a batch that was told everything at once. */
const SETTLING_MS_MAX = 180_000;
const AVAILABLE_MINOR = 1_000_000_000_000;

/** Histories told side by side. */
const BATCH = 16;

/** The app and a lane of it disagree; says everything that is needed to find out why. */
class Disagreement extends Error {}

/** The app that histories are told to; each needs a calendar of its own, later than the ones before. */
export class Stage {
  private calendars = 0;

  private constructor(private readonly api: TestApp) {}

  static async open(): Promise<Stage> {
    const api = await startTestApp({
      now: new Date(calendarStart(0) * 1000),
      env: { RATE_LIMIT_HOST: '100000000', MIN_PAYOUT },
    });
    const balance = Object.fromEntries(CURRENCIES.map((currency) => [currency, AVAILABLE_MINOR]));
    await fetch(`${api.stripe.url}/_emulator/balance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(balance),
    });
    hideReversals(api);
    return new Stage(api);
  }

  close(): Promise<void> {
    return this.api.close();
  }

  /**
   * Tells the histories side by side, each in several orders, and compares after every step.
   * @throws Disagreement at the first step after which the app is wrong about one of them.
   */
  async tell(histories: History[]): Promise<void> {
    const calendar = this.calendars;
    this.calendars += 1;
    const telling = new Telling(this.api, histories, calendar);
    await telling.open();
    for (const moment of MOMENTS.keys()) await telling.pass(moment);
    await telling.finish();
  }
}

export async function onStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await Stage.open();
  try {
    await act(stage);
  } finally {
    await stage.close();
  }
}

export async function inBatches(told: History[], tell: (batch: History[]) => Promise<void>): Promise<void> {
  for (let from = 0; from < told.length; from += BATCH) await tell(told.slice(from, from + BATCH));
}

/** The emulator keeps the news of reversals to itself: the lanes tell them, in orders of their own. */
function hideReversals(api: TestApp): void {
  api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['transfer.reversed'] });
}

class Telling {
  private readonly startsAt: number;
  private readonly planIds: string[][] = [];
  private readonly lanes: Lane[] = [];

  constructor(
    private readonly api: TestApp,
    private readonly histories: History[],
    private readonly calendar: number,
  ) {
    this.startsAt = calendarStart(calendar);
  }

  async open(): Promise<void> {
    this.api.clock.set(new Date(this.startsAt * 1000));
    for (const [index, history] of this.histories.entries()) {
      const planIds: string[] = [];
      for (const [plan, terms] of history.plans.entries()) {
        const { body } = await this.api.request<PlanDto>('POST', '/v1/plans', {
          body: { name: `plan ${this.calendar} ${index} ${plan}`, ...terms },
        });
        planIds.push(body.id);
      }
      this.planIds.push(planIds);
      const [first, second, third] = history.shuffles;
      this.addLane(index, { shuffle: 0, pace: 'one by one' });
      this.addLane(index, { shuffle: first!, pace: 'one by one' });
      this.addLane(index, { shuffle: second!, pace: 'moment by moment' });
      this.addLane(index, { shuffle: third!, pace: 'all at once' });
    }
    await Promise.all(this.lanes.map((lane) => lane.open()));
  }

  private addLane(index: number, order: Order): void {
    const tag = `${this.calendar}h${index}l${this.lanes.length % 4}`;
    const options = { history: this.histories[index]!, tag, startsAt: this.startsAt, planIds: this.planIds[index]! };
    this.lanes.push(new Lane(this.api, { ...options, ...order }));
  }

  /** One moment of the calendar: the host acts, holds run out, webhooks arrive, and perhaps a payout run follows. */
  async pass(moment: number): Promise<void> {
    this.api.clock.set(new Date((this.startsAt + MOMENTS[moment]!) * 1000));
    await this.addPlanVersions(moment);
    // Holds may have run out in any lane; one that is told something now is checked after that.
    const quiet = this.lanes.filter((lane) => lane.actsAt(moment) || lane.deliveriesAt(moment).length === 0);
    await this.step(quiet, (lane) => lane.act(moment));
    const arrivals = this.lanes.map((lane) => ({ lane, groups: lane.deliveriesAt(moment) }));
    const steps = Math.max(...arrivals.map(({ groups }) => groups.length));
    for (let step = 0; step < steps; step++) {
      const waiting = new Map(arrivals.flatMap(({ lane, groups }) => (groups[step] ? [[lane, groups[step]]] : [])));
      await this.step([...waiting.keys()], (lane) => lane.deliver(waiting.get(lane)!));
    }
    await this.reverseTransfers(moment);
    const run = PAYOUT_MOMENTS.indexOf(moment);
    if (run >= 0) await this.payOut(this.histories.some(({ refusedRun }) => refusedRun === run));
  }

  /** All orders have ended in the same ledger, every payout is explained, and hearing everything once more changes nothing. */
  async finish(): Promise<void> {
    await expectEveryPayoutExplained(this.api, new Date(this.startsAt * 1000));
    const last = this.lanes.filter((_, n) => n % 4 === 3);
    const entries = await Promise.all(last.map((lane) => lane.countEntries()));
    await this.step(last, (lane) => lane.repeat());
    expect(await Promise.all(last.map((lane) => lane.countEntries()))).toEqual(entries);
    await expectReconciled(this.api);
    await expectExactRollups(this.api);
    const hashes = await Promise.all(this.lanes.map((lane) => lane.hash()));
    for (const [n, lane] of this.lanes.entries()) {
      const first = hashes[n - (n % 4)];
      if (hashes[n] !== first)
        throw this.disagreement(lane, new Error(`ledger hash ${hashes[n]}, but ${first} in order`));
    }
  }

  /** Something happens in these lanes; when the app has worked it out, it must be right about each of them. */
  private async step(lanes: Lane[], happen: (lane: Lane) => Promise<void>): Promise<void> {
    await Promise.all(lanes.map((lane) => this.blaming(lane, () => happen(lane))));
    await this.settle();
    await this.api.app.get(HoldsService).releaseDueNow();
    await Promise.all(lanes.map((lane) => this.blaming(lane, () => lane.check())));
    await expectSoundLedger(this.api);
  }

  /** Money of earlier runs comes back; staff look at it before the next run. */
  private async reverseTransfers(moment: number): Promise<void> {
    const news = new Map<Lane, TransferNews[]>();
    for (const lane of this.lanes.filter(({ isPaidOut }) => isPaidOut)) {
      const some = await lane.transferNewsAt(moment);
      if (some.length > 0) news.set(lane, some);
    }
    if (news.size === 0) return;
    await this.step([...news.keys()], (lane) => lane.tellOfTransfers(news.get(lane)!));
    const cases = await this.api.database.prisma.reviewCase.findMany({ where: { status: 'open' } });
    for (const { id } of cases) {
      await this.api.database.transaction((tx) =>
        this.api.app
          .get(ReviewCases)
          .close(tx, id, { decision: 'approved', staffUserId: 'staff-1', reason: 'It is owed again.' }),
      );
    }
  }

  /** @param isRefused whether Stripe refuses every transfer of this run. */
  private async payOut(isRefused: boolean): Promise<void> {
    const { faults } = this.api.stripe;
    if (isRefused) faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers', count: null });
    const now = this.api.clock.now();
    const before = new Map(await Promise.all(this.lanes.map(async (lane) => [lane, await lane.balances()] as const)));
    await this.api.app.get(PayoutRunsService).run({ period: now.toISOString().slice(0, 7), cutOff: now });
    await this.settle();
    faults.clear();
    hideReversals(this.api);
    await Promise.all(
      this.lanes.map((lane) => this.blaming(lane, () => lane.checkPayout(before.get(lane)!, isRefused))),
    );
    await expectSoundLedger(this.api);
  }

  /** An event that cannot be worked on is tried again later, so it is noticed by the time that this takes. */
  private async settle(): Promise<void> {
    await this.api.stripe.settle();
    const events = this.api.database.prisma.stripeEvent;
    const left = { status: { in: ['pending', 'failed', 'parked'] } };
    try {
      await eventually(async () => expect(await events.count({ where: left })).toBe(0), SETTLING_MS_MAX);
    } catch (error) {
      const select = { type: true, status: true, attempts: true, lastError: true };
      const unsettled = await events.findMany({ where: left, select });
      throw new Disagreement(`events are left: ${JSON.stringify(unsettled)}`, { cause: error });
    }
  }

  private async addPlanVersions(moment: number): Promise<void> {
    for (const [index, { changes }] of this.histories.entries()) {
      for (const change of changes) {
        if (change.kind !== 'plan version' || change.moment !== moment) continue;
        const { status } = await this.api.request('POST', `/v1/plans/${this.planIds[index]![change.plan]}/versions`, {
          body: change.terms,
        });
        expect(status).toBe(201);
      }
    }
  }

  private async blaming(lane: Lane, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      throw this.disagreement(lane, error);
    }
  }

  private disagreement(lane: Lane, cause: unknown): Disagreement {
    const problem = cause instanceof Error ? cause.message : String(cause);
    const now = this.api.clock.now().toISOString();
    return new Disagreement(
      `${problem}\n\nat ${now} in ${lane.describe()}\n\nThe history (its calendar begins in 2029, this one ${this.calendar * 4} years later):\n${describeHistory(lane.history)}`,
      { cause },
    );
  }
}
