import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Stripe } from 'stripe';
import { StripeEmulator, type EmulatorOptions } from '../../../src/stripe/emulator/index.js';

export const WEBHOOK_SECRET = 'whsec_emulator_test';

/** A clock that stands still until it is told to go on. */
export class TestClock {
  constructor(private current: string) {}

  readonly now = (): Date => new Date(this.current);

  set(iso: string): void {
    this.current = iso;
  }

  advanceMs(milliseconds: number): void {
    this.current = new Date(Date.parse(this.current) + milliseconds).toISOString();
  }

  get seconds(): number {
    return Math.floor(Date.parse(this.current) / 1000);
  }
}

/** One webhook as it arrived, still to be verified. */
export interface Delivery {
  body: string;
  signature: string;
}

/** An endpoint like the product's: it keeps what arrives and answers as it is told to. */
export class WebhookSink {
  readonly deliveries: Delivery[] = [];
  /** The statuses of the next answers; 200 once they are used up. */
  answers: number[] = [];

  private constructor(private readonly server: Server) {}

  static async open(): Promise<WebhookSink> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        sink.deliveries.push({
          body: Buffer.concat(chunks).toString(),
          signature: String(request.headers['stripe-signature']),
        });
        response.writeHead(sink.answers.shift() ?? 200).end();
      });
    });
    const sink = new WebhookSink(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhooks`;
  }

  /** What arrived, in order, without a look at the signatures. */
  events(): { id: string; type: string; account?: string; object: string }[] {
    return this.deliveries.map(
      ({ body }) => JSON.parse(body) as { id: string; type: string; account?: string; object: string },
    );
  }

  types(): string[] {
    return this.events().map(({ type }) => type);
  }

  /** The types that arrived since the last call, in order. */
  newTypes(): string[] {
    const types = this.types();
    this.deliveries.length = 0;
    return types;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The official SDK, talking to an emulator. */
export function sdkFor(
  emulator: StripeEmulator,
  config: Partial<ConstructorParameters<typeof Stripe>[1]> = {},
): Stripe {
  const { hostname, port } = new URL(emulator.url);
  return new Stripe('sk_test_emulator', {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    ...config,
  });
}

export interface Harness {
  clock: TestClock;
  emulator: StripeEmulator;
  stripe: Stripe;
  sink: WebhookSink;
  close: () => Promise<void>;
}

export async function startHarness(options: Partial<EmulatorOptions> = {}): Promise<Harness> {
  const clock = new TestClock('2026-01-31T10:00:00.500Z');
  const sink = await WebhookSink.open();
  const emulator = await StripeEmulator.start({
    now: clock.now,
    webhookEndpoints: [{ url: sink.url, secret: WEBHOOK_SECRET }],
    ...options,
  });
  const close = async (): Promise<void> => {
    await emulator.close();
    await sink.close();
  };
  return { clock, emulator, stripe: sdkFor(emulator), sink, close };
}

/** A monthly price, in minor units. */
export async function createMonthlyPrice(stripe: Stripe, unitAmount: number, currency = 'usd'): Promise<Stripe.Price> {
  return stripe.prices.create({
    currency,
    unit_amount: unitAmount,
    recurring: { interval: 'month' },
    product_data: { name: 'Team plan' },
  });
}

/** A succeeded card payment of its own, without an invoice; returns its charge. */
export async function createCharge(
  stripe: Stripe,
  amount: number,
  paymentMethod = 'pm_card_visa',
  currency = 'usd',
): Promise<Stripe.Charge> {
  const intent = await stripe.paymentIntents.create({
    amount,
    currency,
    payment_method: paymentMethod,
    confirm: true,
    expand: ['latest_charge'],
  });
  return intent.latest_charge as Stripe.Charge;
}

/** An open one-off invoice, in US dollars unless told otherwise. */
export async function createOpenInvoice(
  stripe: Stripe,
  customer: string,
  amount: number,
  currency = 'usd',
): Promise<Stripe.Invoice> {
  await stripe.invoiceItems.create({ customer, amount, currency, description: 'Set-up' });
  const draft = await stripe.invoices.create({ customer, currency, pending_invoice_items_behavior: 'include' });
  return stripe.invoices.finalizeInvoice(draft.id);
}

/** A v2 account that can be paid. */
export async function createActiveAccount({ emulator, stripe }: Pick<Harness, 'emulator' | 'stripe'>): Promise<string> {
  const account = await createV2Account(stripe);
  await control(emulator, 'POST', `accounts/${account.id}/complete-onboarding`);
  return account.id;
}

export function createV2Account(stripe: Stripe): Promise<Stripe.V2.Core.Account> {
  return stripe.v2.core.accounts.create({
    contact_email: 'ada@example.com',
    display_name: 'Ada <Lovelace>',
    dashboard: 'express',
    identity: { country: 'de', entity_type: 'individual' },
    configuration: {
      recipient: { capabilities: { stripe_balance: { stripe_transfers: { requested: true } } } },
    },
    defaults: { responsibilities: { fees_collector: 'application', losses_collector: 'application' } },
    include: ['configuration.recipient', 'requirements'],
  });
}

/** A request to the emulator's own surface. */
export async function control(
  emulator: StripeEmulator,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${emulator.url}/_emulator${path === '' ? '' : `/${path}`}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return (await response.json()) as Record<string, unknown>;
}
