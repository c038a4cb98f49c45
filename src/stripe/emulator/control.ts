import { accountControlRoutes } from './account-control.js';
import { REQUEST_FAULT_KINDS, type FaultInjector } from './faults.js';
import { Parameters } from './parameters.js';
import { paymentControlRoutes } from './payment-control.js';
import { setAvailable } from './resources/balance.js';
import { isKnownCurrency } from './resources/currencies.js';
import { Router, route, type Call } from './router.js';
import { jsonReply, type Incoming, type Reply } from './server.js';
import { invalidParameter, missingParameter, StripeProblem } from './stripe-problem.js';
import type { ObjectStore } from './object-store.js';
import type { ObjectType } from './stored-objects.js';
import type { ParameterValue } from './form-body.js';
import type { WebhookEndpoint } from './webhook-deliverer.js';
import { NO_REQUEST, Workspace, type Surroundings } from './workspace.js';

export interface ControlParts {
  surroundings: Surroundings;
  store: ObjectStore;
  faults: FaultInjector;
  addWebhookEndpoint: (endpoint: WebhookEndpoint) => void;
  renewDue: () => object[];
}

const LISTED_TYPES: readonly ObjectType[] = [
  'account',
  'balance',
  'balance_transaction',
  'charge',
  'checkout.session',
  'coupon',
  'credit_note',
  'customer',
  'customer_balance_transaction',
  'dispute',
  'event',
  'invoice',
  'invoice_payment',
  'invoiceitem',
  'payment_intent',
  'payment_method',
  'price',
  'product',
  'refund',
  'subscription',
  'tax_rate',
  'thin_event',
  'transfer',
  'transfer_reversal',
];

const WEBHOOK_FAULT_KINDS = ['duplicate', 'drop', 'reorder'] as const;

/** The emulator's own surface below `/_emulator`: what no API of Stripe offers and tests and demos need. */
export class Control {
  private readonly router: Router;

  constructor(private readonly parts: ControlParts) {
    this.router = new Router([
      route('GET', '/_emulator', () => ({
        emulator: 'fairshare-stripe',
        pid: process.pid,
        url: parts.surroundings.baseUrl(),
      })),
      route('POST', '/_emulator/renew-due', () => ({ invoices: parts.renewDue() })),
      route('POST', '/_emulator/webhook-endpoints', (call) => this.addWebhookEndpoint(call)),
      route('GET', '/_emulator/faults', () => parts.faults.pending()),
      route('POST', '/_emulator/faults', (call) => this.addFault(call)),
      route('DELETE', '/_emulator/faults', () => this.clearFaults()),
      route('POST', '/_emulator/balance', setBalances),
      route('GET', '/_emulator/objects/:type', listObjects),
      ...accountControlRoutes,
      ...paymentControlRoutes,
    ]);
  }

  answer(incoming: Incoming): Reply {
    const match = this.router.match(incoming.method, incoming.url.pathname);
    if (!match)
      return jsonReply(404, {
        error: { message: `The emulator has no ${incoming.method} ${incoming.url.pathname}.` },
      });
    try {
      const parameters = new Parameters(bodyOf(incoming));
      const workspace = new Workspace(this.parts.surroundings, null, NO_REQUEST);
      return jsonReply(
        200,
        this.parts.store.transaction(() => match.route.handle({ workspace, parameters, path: match.path })),
      );
    } catch (error) {
      if (error instanceof StripeProblem) return jsonReply(error.status, { error: error.body });
      throw error;
    }
  }

  private addWebhookEndpoint({ parameters }: Call): object {
    const connect = parameters.boolean('connect');
    const endpoint = {
      url: parameters.requiredString('url'),
      secret: parameters.requiredString('secret'),
      ...(connect !== undefined && { connect }),
    };
    if (!URL.canParse(endpoint.url)) throw invalidParameter('url_invalid', 'url', 'Not a valid URL');
    this.parts.addWebhookEndpoint(endpoint);
    return { url: endpoint.url };
  }

  private addFault({ parameters }: Call): object {
    const webhookKind = WEBHOOK_FAULT_KINDS.find((kind) => kind === parameters.string('kind'));
    const seed = parameters.integer('seed');
    if (webhookKind) {
      const count = parameters.positiveInteger('count');
      const times = parameters.positiveInteger('times');
      this.parts.faults.addForWebhooks({
        kind: webhookKind,
        types: parameters.strings('types'),
        count,
        times,
        seed,
      });
      return this.parts.faults.pending();
    }
    const kind = parameters.choice('kind', REQUEST_FAULT_KINDS);
    if (!kind) throw missingParameter('kind');
    this.parts.faults.add({
      kind,
      method: parameters.string('method') ?? undefined,
      path: parameters.string('path') ?? undefined,
      count: parameters.values.count === null ? null : parameters.positiveInteger('count'),
      probability: parameters.number('probability'),
      seed,
      delayMs: parameters.integer('delayMs'),
      body: parameters.choice('body', ['html', 'empty_json']),
      afterCommit: parameters.boolean('afterCommit'),
    });
    return this.parts.faults.pending();
  }

  private clearFaults(): object {
    this.parts.faults.clear();
    return this.parts.faults.pending();
  }
}

/** `{ "usd": 500000 }`: what is available from now on, in minor units. Other currencies stay as they are. */
function setBalances({ workspace, parameters }: Call): object {
  for (const currency of Object.keys(parameters.values)) {
    if (!isKnownCurrency(currency))
      throw invalidParameter('parameter_unknown', currency, `Invalid currency: ${currency}.`);
    setAvailable(workspace, currency, parameters.requiredInteger(currency));
  }
  return { available: workspace.newestFirst('balance') };
}

function listObjects({ workspace, path }: Call): object {
  const type = LISTED_TYPES.find((candidate) => candidate === path.type);
  if (!type)
    throw invalidParameter('parameter_invalid_string', 'type', `The type must be one of ${LISTED_TYPES.join(', ')}.`);
  return { data: workspace.newestFirst(type) };
}

function bodyOf({ method, body }: Incoming): { [key: string]: ParameterValue } {
  if (method !== 'POST' || body === '') return {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as { [key: string]: ParameterValue };
  } catch {
    // Falls through to the refusal below, which says all there is to say about the body.
  }
  throw invalidParameter('parameter_invalid_object', 'body', 'The body must be a JSON object.');
}
