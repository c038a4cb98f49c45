import type { Stripe } from 'stripe';
import { BANK_PAYOUT_FAILURE_CODE } from './account-control.js';
import { Api } from './api.js';
import { Control } from './control.js';
import { FaultInjector } from './faults.js';
import { IdempotencyLayer } from './idempotency.js';
import { ObjectStore } from './object-store.js';
import { Pages } from './pages.js';
import { REFUND_FAILURE_REASON, setNextRefund } from './payment-control.js';
import { apiRoutes } from './resources/index.js';
import { setAvailable } from './resources/balance.js';
import { type BankPayout, failBankPayout, payBank } from './resources/bank-payouts.js';
import { completeSession, type Completion } from './resources/checkout-completion.js';
import { moveDispute, openDispute, type NewDispute } from './resources/dispute-lifecycle.js';
import type { Invoice } from './resources/invoice-lifecycle.js';
import { failRefund, succeedRefund } from './resources/refund-lifecycle.js';
import { dueSubscriptions, renew } from './resources/subscription-billing.js';
import { Router } from './router.js';
import { HttpServer, jsonReply, type Incoming, type Outcome } from './server.js';
import type { UnsettledStatus } from './stored-objects.js';
import { WebhookDeliverer, type WebhookEndpoint } from './webhook-deliverer.js';
import { NO_REQUEST, Workspace, type Surroundings } from './workspace.js';

export interface EmulatorOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** The emulator's clock: objects, expiry, idempotency keys and signatures go by it. */
  now: () => Date;
  webhookEndpoints?: WebhookEndpoint[];
  /** Where to remember everything across restarts; in memory only when absent. */
  stateFile?: string;
  /** What the platform has available per currency, in minor units. What the state file remembers comes first. */
  platformBalances?: { [currency: string]: number };
  /** Whose the key is, as `GET /v1/account` tells. */
  platformId?: string;
  /** Told of webhooks given up after all tries and of faults in the emulator itself. */
  onError?: (error: unknown) => void;
}

const DEFAULT_PLATFORM_ID = 'acct_1EmulatorPlatform';

const DEFAULT_BALANCES = {
  usd: 100_000_000_00,
  eur: 100_000_000_00,
  gbp: 100_000_000_00,
  jpy: 10_000_000_000,
};

/**
 * A stand-in for Stripe in development, demos and tests, never in production: an HTTP server with
 * state that the official SDK talks to and that sends signed webhooks. What its methods return is
 * what the SDK would read, but for decimals, which stay strings here.
 */
export class StripeEmulator {
  readonly faults = new FaultInjector();
  private readonly store: ObjectStore;
  private readonly deliverer: WebhookDeliverer;
  private readonly surroundings: Surroundings;
  private readonly api: Api;
  private readonly control: Control;
  private readonly pages: Pages;
  private server: HttpServer | null = null;
  private readonly host: string;
  private readonly onError: (error: unknown) => void;

  private constructor(options: EmulatorOptions) {
    this.host = options.host ?? '127.0.0.1';
    this.onError = options.onError ?? (() => undefined);
    this.store = new ObjectStore(options.stateFile ?? null);
    this.deliverer = new WebhookDeliverer(options.now, this.faults, this.onError);
    options.webhookEndpoints?.forEach((endpoint) => this.deliverer.addEndpoint(endpoint));
    this.surroundings = {
      store: this.store,
      now: options.now,
      platformId: options.platformId ?? DEFAULT_PLATFORM_ID,
      baseUrl: () => this.url,
      deliver: (event) => this.deliverer.deliver(event),
      endpointCount: (connect) => this.deliverer.endpointCount(connect),
    };
    const { store, surroundings, faults, onError } = this;
    const idempotency = new IdempotencyLayer(store, options.now);
    this.api = new Api({ surroundings, store, faults, idempotency, onError, router: new Router(apiRoutes) });
    this.pages = new Pages(surroundings, store);
    this.control = new Control({
      surroundings,
      store,
      faults,
      addWebhookEndpoint: (endpoint) => this.addWebhookEndpoint(endpoint),
      renewDue: () => this.renewDue(),
    });
    this.fund(options.platformBalances ?? DEFAULT_BALANCES);
  }

  /** Starts an emulator; resolves once it accepts requests. Rejects when the port is taken. */
  static async start(options: EmulatorOptions): Promise<StripeEmulator> {
    const emulator = new StripeEmulator(options);
    try {
      emulator.server = await HttpServer.listen(emulator.host, options.port ?? 0, (incoming) =>
        emulator.answer(incoming),
      );
    } catch (error) {
      emulator.store.close();
      throw error;
    }
    return emulator;
  }

  /** Where it listens, such as `http://127.0.0.1:12111`. */
  get url(): string {
    if (!this.server) throw new Error('The emulator does not listen.');
    return `http://${this.host}:${this.server.port}`;
  }

  /** Sends events to one more endpoint from now on; an endpoint with the same address is replaced. */
  addWebhookEndpoint(endpoint: WebhookEndpoint): void {
    this.deliverer.addEndpoint(endpoint);
  }

  /**
   * Bills every subscription whose period has ended by the clock, several periods when several are
   * due, and pays the invoices. They are dated to the end of the period, not to now.
   */
  async renewDueSubscriptions(): Promise<Stripe.Invoice[]> {
    return this.renewDue() as unknown as Stripe.Invoice[];
  }

  /**
   * A customer pays on the page of an open checkout session, by default with a card that pays. Makes
   * the payment intent or the subscription, and the customer where one is needed; sends their events
   * and `checkout.session.completed`. Throws when the card declines or the session is not open.
   */
  completeCheckoutSession(id: string, completion: Completion = {}): Stripe.Checkout.Session {
    return this.change((workspace) =>
      completeSession(workspace, workspace.get('checkout.session', id), completion),
    ) as unknown as Stripe.Checkout.Session;
  }

  /**
   * The next refund that the API creates begins as `pending` or `requires_action` instead of
   * `succeeded`. Holds for one refund, and over a restart.
   */
  setNextRefundStatus(status: UnsettledStatus): void {
    this.change((workspace) => setNextRefund(workspace, status));
  }

  /** A pending refund arrives: `refund.updated` and `charge.refund.updated`. */
  succeedRefund(id: string): Stripe.Refund {
    return this.change((workspace) =>
      succeedRefund(workspace, workspace.get('refund', id)),
    ) as unknown as Stripe.Refund;
  }

  /**
   * The bank sends a refund back, also one that had succeeded: `refund.failed`, `refund.updated` and
   * `charge.refund.updated`. The charge's `amount_refunded` falls by it, the money is available again.
   */
  failRefund(id: string, reason = REFUND_FAILURE_REASON): Stripe.Refund {
    return this.change((workspace) =>
      failRefund(workspace, workspace.get('refund', id), reason),
    ) as unknown as Stripe.Refund;
  }

  /**
   * The cardholder disputes a charge: with `inquiry` as a question (`warning_needs_response`), else
   * as a chargeback (`needs_response`), which takes the money and a fee at once. `amount` is in minor
   * units, the whole charge when absent. Sends `charge.dispute.created` and, for a chargeback,
   * `charge.dispute.funds_withdrawn`. A charge may be disputed several times.
   */
  openDispute(charge: string, dispute: NewDispute = {}): Stripe.Dispute {
    return this.change((workspace) =>
      openDispute(workspace, workspace.get('charge', charge), dispute),
    ) as unknown as Stripe.Dispute;
  }

  /**
   * The bank brings a dispute into any status, also one that Stripe does not know yet, in whatever
   * order. `needs_response` escalates an inquiry and takes the money, `lost` takes it unless it is
   * taken, `won` gives it back; those and `warning_closed` send `charge.dispute.closed`, any other
   * `charge.dispute.updated`, and money that moves `funds_withdrawn` or `funds_reinstated`.
   */
  moveDispute(id: string, status: string): Stripe.Dispute {
    return this.change((workspace) =>
      moveDispute(workspace, workspace.get('dispute', id), status),
    ) as unknown as Stripe.Dispute;
  }

  /** Stripe pays a connected account's money out to its bank: `payout.created` and `payout.paid` of the account. */
  payBank(account: string, payout: BankPayout): Stripe.Payout {
    return this.change((workspace) => payBank(workspace, workspace.get('account', account), payout)) as Stripe.Payout;
  }

  /**
   * The bank sends such a payout back: `payout.created`, `payout.failed` and, of the bank account that is wrong,
   * `account.external_account.updated`. The money lies in the account's own balance again.
   */
  failBankPayout(account: string, payout: BankPayout, failureCode = BANK_PAYOUT_FAILURE_CODE): Stripe.Payout {
    return this.change((workspace) =>
      failBankPayout(workspace, workspace.get('account', account), payout, failureCode),
    ) as Stripe.Payout;
  }

  /** Resolves once every webhook has been answered or given up. */
  async settle(): Promise<void> {
    await this.deliverer.settle();
  }

  /** Stops listening and gives up webhooks that are still on their way. */
  async close(): Promise<void> {
    await this.server?.close();
    await this.deliverer.close();
    this.store.close();
  }

  private change<T>(work: (workspace: Workspace) => T): T {
    return this.store.transaction(() => work(new Workspace(this.surroundings, null, NO_REQUEST)));
  }

  private renewDue(): Invoice[] {
    const workspace = new Workspace(this.surroundings, null, NO_REQUEST);
    const invoices: Invoice[] = [];
    for (let due = dueSubscriptions(workspace); due.length > 0; due = dueSubscriptions(workspace)) {
      for (const subscription of due) {
        const invoice = this.store.transaction(() => renew(workspace, subscription));
        if (invoice) invoices.push(invoice);
      }
    }
    return invoices;
  }

  private async answer(incoming: Incoming): Promise<Outcome> {
    try {
      const { pathname } = incoming.url;
      if (pathname === '/_emulator' || pathname.startsWith('/_emulator/')) return this.control.answer(incoming);
      return this.pages.answer(incoming) ?? (await this.api.answer(incoming));
    } catch (error) {
      this.onError(error);
      return jsonReply(500, { error: { type: 'api_error', message: 'The emulator failed.' } });
    }
  }

  private fund(balances: { [currency: string]: number }): void {
    this.change((workspace) => {
      for (const [currency, available] of Object.entries(balances)) {
        if (workspace.find('balance', currency) === null) setAvailable(workspace, currency, available);
      }
    });
  }
}
