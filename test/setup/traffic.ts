import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { SystemClock } from '../../src/common/clock.js';
import type { AttributionDto } from '../../src/referrals/attribution/attribution.dto.js';
import { signatureOf } from '../../src/stripe/emulator/index.js';
import { BROWSER } from '../integration/referrals/visits.js';
import { WEBHOOK_SECRET } from './app.js';
import { signToken } from './tokens.js';
import { eventOf, paidInvoice } from './webhooks.js';

/** Nobody waits longer for an answer; long enough for any that comes at all. */
const PATIENCE_MS = 60_000;
/** What is told to wait longer by Retry-After does not: a test has less time. */
const RETRY_PAUSE_MAX_MS = 1_000;
const INVOICES_EACH = 2;
/** Stripe delivers some events again although they were answered 200. */
const REPEATED_SHARE = 0.1;

export interface Customer {
  userId: string;
  code: string;
  /** By which the signup was reported, where the visitor's redirect had one. */
  clickId: string | null;
}

export interface TrafficOptions {
  /** Where the instances listen, whether they do at the moment or not. Asked again for each request. */
  urls: () => string[];
  codes: string[];
  visitors: number;
  customers: number;
  /** Between two requests of one of them. */
  pauseMs: number;
}

/**
 * Visitors, and customers who come by a link, sign up and pay: over HTTP, to any of the instances, for as long as it is
 * let run. Visitors do not come again; the host tries a signup again under its Idempotency-Key, and Stripe an event, until
 * they are answered 2xx. Keeps what was acknowledged: none of that may ever be lost.
 */
export class Traffic {
  readonly clickIds: string[] = [];
  readonly customers: Customer[] = [];
  /** Invoice id → the customer who paid it. */
  readonly invoices = new Map<string, Customer>();
  /** How often what was answered: `signup 503`. */
  readonly tally = new Map<string, number>();
  readonly clock = new SystemClock();
  private readonly stopping = new AbortController();
  private readonly lanes: Promise<void>[];
  private requests = 0;

  constructor(private readonly options: TrafficOptions) {
    const lanes = (count: number, work: () => Promise<void>): Promise<void>[] =>
      Array.from({ length: count }, () => this.lane(work));
    this.lanes = [
      ...lanes(options.visitors, async () => void (await this.visit(this.someCode()))),
      ...lanes(options.customers, () => this.become()),
    ];
  }

  count(what: string): number {
    return this.tally.get(what) ?? 0;
  }

  /** What is not answered by now is given up, and so never acknowledged. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.lanes);
  }

  private async lane(work: () => Promise<void>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await work();
      await pause(this.options.pauseMs);
    }
  }

  /** @returns the click's id, or null where it was not recorded. */
  private async visit(code: string): Promise<string | null> {
    const answer = await this.request('visit', `/r/${code}`, {
      redirect: 'manual',
      headers: { 'user-agent': BROWSER },
    });
    if (answer?.status !== 302) return null;
    const target = new URL(answer.headers.get('location') ?? 'about:blank').searchParams;
    if (target.get('ref') !== code) this.note('visit without its code');
    const clickId = target.get('click_id');
    if (clickId === null) this.note('visit not recorded');
    else this.clickIds.push(clickId);
    return clickId;
  }

  /** A visitor becomes a customer. */
  private async become(): Promise<void> {
    const code = this.someCode();
    const customer: Customer = { userId: `user_${randomUUID()}`, code, clickId: await this.visit(code) };
    if (!(await this.signUp(customer))) return;
    this.customers.push(customer);
    for (let n = 1; n <= INVOICES_EACH; n++) await this.pay(customer, `in_${customer.userId}_${n}`);
  }

  private async signUp({ userId, code, clickId }: Customer): Promise<boolean> {
    const body = JSON.stringify({ referredUserId: userId, code, ...(clickId !== null && { clickId }) });
    const answer = await this.insist('signup', '/v1/referrals', body, () => ({
      authorization: `Bearer ${signToken(this.clock.now(), { scope: 'host', subject: 'host-app' })}`,
      'idempotency-key': userId,
    }));
    if (answer === null) return false;
    const { attributed } = (await answer.json()) as AttributionDto;
    if (!attributed) this.note('signup refused');
    return attributed;
  }

  private async pay(customer: Customer, id: string): Promise<void> {
    const { userId } = customer;
    // Stripe's moments are whole seconds, which must not lie before the signup.
    const paidAt = new Date(this.clock.now().getTime() + 1_000);
    const facts = { id, userId, customer: `cus_${userId}`, subscription: `sub_${userId}`, paidAt };
    const event = eventOf(this, 'invoice.paid', paidInvoice(this, facts), { id: `evt_${id}` });
    const body = JSON.stringify(event);
    const sign = () => ({ 'stripe-signature': signatureOf(body, WEBHOOK_SECRET, this.clock.now()) });
    const times = Math.random() < REPEATED_SHARE ? 2 : 1;
    for (let time = 1; time <= times; time++) {
      if ((await this.insist('webhook', '/stripe/webhooks', body, sign)) === null) return;
      this.invoices.set(id, customer);
    }
  }

  /** Sends the same until it is answered 2xx; null when the traffic stops before. */
  private async insist(
    what: string,
    path: string,
    body: string,
    headers: () => Record<string, string>,
  ): Promise<Response | null> {
    while (!this.stopping.signal.aborted) {
      const answer = await this.request(what, path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers() },
        body,
      });
      if (answer?.ok) return answer;
      const retryAfter = answer?.headers.get('retry-after') ?? null;
      if (answer?.status === 503 && retryAfter === null) this.note('503 without Retry-After');
      await pause(Math.min(RETRY_PAUSE_MAX_MS, Number(retryAfter ?? 0.2) * 1_000));
    }
    return null;
  }

  /** Null when there was no whole answer: nobody listens, or the connection broke. */
  private async request(what: string, path: string, init: RequestInit): Promise<Response | null> {
    const urls = this.options.urls();
    const url = urls[this.requests++ % urls.length] ?? '';
    try {
      const answer = await fetch(url + path, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
      const whole = new Response(await answer.text(), { status: answer.status, headers: answer.headers });
      this.note(`${what} ${answer.status}`);
      return whole;
    } catch {
      this.note(`${what} broken`);
      return null;
    }
  }

  private someCode(): string {
    return this.options.codes[Math.floor(Math.random() * this.options.codes.length)] ?? '';
  }

  private note(what: string): void {
    this.tally.set(what, this.count(what) + 1);
  }
}
