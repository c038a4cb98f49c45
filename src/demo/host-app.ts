import { setTimeout as sleep } from 'node:timers/promises';
import jwt from 'jsonwebtoken';
import type { Clock } from '../common/clock.js';
import { DEMO } from '../config/config.js';
import type { StripeEmulator } from '../stripe/emulator/index.js';
import { idOf } from '../stripe/stripe-object.js';
import { createStripeClient } from '../stripe/stripe-connection.js';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const TOKEN_SECONDS = 24 * 60 * 60;
const POLL_MS = 50;

/**
 * The host app of the story: a SaaS that talks to Fairshare over HTTP only, and to Stripe (the emulator) with the
 * official SDK.
 */
export class HostApp {
  readonly stripe: ReturnType<typeof createStripeClient>;

  constructor(
    private readonly url: string,
    private readonly emulator: StripeEmulator,
    private readonly clock: Clock,
  ) {
    this.stripe = createStripeClient({
      secretKey: 'sk_test_host',
      apiBase: emulator.url,
      webhookSecrets: [],
      livemode: false,
    });
  }

  /** A token as the host's backend signs it. */
  token(): string {
    const iat = Math.floor(this.clock.now().getTime() / 1000);
    return jwt.sign(
      { sub: 'demo-host', scope: 'host', aud: 'fairshare', iat, exp: iat + TOKEN_SECONDS },
      DEMO.jwtSecret,
    );
  }

  async get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  async post<T>(path: string, body: object = {}): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  /** A visitor follows a referral link. @returns the id of the click, as the cookie keeps it. */
  async visit(code: string, address: string): Promise<string> {
    const answer = await fetch(`${this.url}/r/${code}`, {
      redirect: 'manual',
      headers: { 'user-agent': `${BROWSER} visitor/${address}` },
    });
    return new URL(answer.headers.get('location') ?? '').searchParams.get('click_id') ?? '';
  }

  /** A user subscribes at Stripe; the first invoice is paid at once. */
  async subscribe(user: { userId: string; priceId: string; taxRateId?: string }): Promise<void> {
    const customer = await this.stripe.customers.create({ metadata: { userId: user.userId } });
    await this.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: user.priceId }],
      default_tax_rates: user.taxRateId ? [user.taxRateId] : [],
      metadata: { userId: user.userId },
    });
  }

  /** The payment behind an invoice, by the way that Stripe's API offers now. */
  async paymentOf(invoiceId: string): Promise<{ paymentIntentId: string; chargeId: string }> {
    const { data } = await this.stripe.invoicePayments.list({ invoice: invoiceId, status: 'paid' });
    const paymentIntentId = idOf(data[0]?.payment.payment_intent) ?? '';
    const intent = await this.stripe.paymentIntents.retrieve(paymentIntentId);
    return { paymentIntentId, chargeId: idOf(intent.latest_charge) ?? '' };
  }

  /** Follows an onboarding link and presses the button, as the affiliate would. */
  async finishOnboarding(link: string): Promise<void> {
    const page = await fetch(link);
    const action = /<form[^>]*action="([^"]+)"/.exec(await page.text())?.[1];
    if (!action) throw new Error(`the onboarding page has no form (${page.status})`);
    await fetch(new URL(action.replaceAll('&amp;', '&'), page.url), { method: 'POST', redirect: 'manual' });
  }

  /** Waits until what the story says next is true: Stripe's events are worked on in the background. */
  async until<T>(look: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
    await this.emulator.settle();
    for (let tries = 0; tries < 400; tries++) {
      const found = await look();
      if (isThere(found)) return found;
      await sleep(POLL_MS);
    }
    throw new Error('what the story waits for did not happen');
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token()}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const result = (await answer.json()) as T & { error?: { message: string } };
    if (!answer.ok) throw new Error(`${method} ${path}: ${result.error?.message ?? answer.status}`);
    return result;
  }
}
