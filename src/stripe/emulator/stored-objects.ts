import type { Stripe } from 'stripe';
import type { JsonObject, Wire } from './wire.js';

/** Everything the emulator remembers, by type. */
export interface StoredObjects {
  account: AccountRecord;
  account_link: LinkRecord;
  balance: { id: string; available: number };
  balance_transaction: Wire<Stripe.BalanceTransaction>;
  charge: Wire<Stripe.Charge>;
  'checkout.session': Wire<Stripe.Checkout.Session>;
  checkout_order: CheckoutOrder;
  coupon: Wire<Stripe.Coupon>;
  credit_note: Wire<Stripe.CreditNote>;
  customer: Wire<Stripe.Customer>;
  customer_balance_transaction: Wire<Stripe.CustomerBalanceTransaction>;
  discount: Wire<Stripe.Discount>;
  dispute: Wire<Stripe.Dispute>;
  event: StoredEvent;
  idempotency: StoredAnswer;
  invoice: Wire<Stripe.Invoice>;
  invoice_payment: Wire<Stripe.InvoicePayment>;
  invoiceitem: Wire<Stripe.InvoiceItem>;
  next_refund: { id: 'next'; status: UnsettledStatus };
  payment_intent: Wire<Stripe.PaymentIntent>;
  payment_method: Wire<Stripe.PaymentMethod>;
  payout: Wire<Stripe.Payout>;
  price: Wire<Stripe.Price>;
  product: Wire<Stripe.Product>;
  promotion_code: Wire<Stripe.PromotionCode>;
  refund: Wire<Stripe.Refund>;
  subscription: Wire<Stripe.Subscription>;
  tax_rate: Wire<Stripe.TaxRate>;
  thin_event: ThinEvent;
  transfer: Wire<Stripe.Transfer>;
  transfer_reversal: Wire<Stripe.TransferReversal>;
}

export type ObjectType = keyof StoredObjects;

/** What a checkout session is about, under its id: what Stripe shows of it only when asked, or not at all. */
export interface CheckoutOrder {
  id: string;
  lineItems: Wire<Stripe.LineItem>[];
  /** For the payment intent or the subscription that the session makes. */
  description: string | null;
  metadata: { [key: string]: string };
  trialPeriodDays: number | null;
}

/** How a refund may begin when it does not succeed at once. */
export type UnsettledStatus = 'pending' | 'requires_action';

/** An event of the v2 API: it names its object, the receiver fetches it. */
export interface ThinEvent {
  id: string;
  object: 'v2.core.event';
  type: string;
  created: string;
  livemode: false;
  related_object: { id: string; type: string; url: string };
  data?: { [key: string]: string };
}

/** A snapshot event of the v1 API. `account` is set on events of a connected account. */
export interface StoredEvent {
  id: string;
  object: 'event';
  account?: string;
  api_version: string;
  created: number;
  data: { object: object; previous_attributes?: JsonObject };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
}

/** A connected account as the emulator knows it; v1 and v2 are two ways of showing it. */
export interface AccountRecord {
  id: string;
  /** Which API made it. Only a v2 account causes thin events. */
  origin: 'v1' | 'v2';
  created: number;
  country: string;
  defaultCurrency: string;
  email: string | null;
  displayName: string | null;
  entityType: 'individual' | 'company';
  dashboard: 'express' | 'full' | 'none';
  /** What v1 calls `type`; accounts made with a `controller` or by v2 have none. */
  v1Type: 'express' | 'custom' | 'standard' | 'none';
  serviceAgreement: 'full' | 'recipient';
  metadata: { [key: string]: string };
  transfersRequested: boolean;
  onboarded: boolean;
  restricted: boolean;
  deauthorized: boolean;
  closed: boolean;
  /** What Stripe asks of an account that was onboarded. */
  asked?: AskedDetails | null;
  /** Where Stripe pays out to; none before onboarding. */
  bankAccount?: BankAccountRecord | null;
}

/** Details that Stripe wants of an account after its onboarding. */
export interface AskedDetails {
  /** In v1's words, such as `individual.verification.document`. */
  fields: string[];
  /** By when, in seconds; null when there is no date. */
  deadline: number | null;
  /** Why an account that is restricted is; in v1's words, such as `rejected.fraud`. */
  disabledReason: string | null;
  /** What was wrong with what was handed in before. */
  problem: string | null;
}

export interface BankAccountRecord {
  id: string;
  last4: string;
  status: 'new' | 'errored';
  /** The same for the same account number; without one, no other bank account has that number. */
  fingerprint?: string;
}

/**
 * A door to a page of the emulator. `id` is the unguessable last part of its address.
 * An `onboarding` link opens once and is then replaced by a `session` for the page it showed.
 */
export interface LinkRecord {
  id: string;
  kind: 'onboarding' | 'session' | 'login';
  account: string;
  expiresAtMs: number;
  used: boolean;
  refreshUrl: string | null;
  returnUrl: string | null;
}

export interface Answer {
  status: number;
  body: unknown;
}

/** An answer kept under an idempotency key. `id` is the key, preceded by the account it was used for. */
export interface StoredAnswer extends Answer {
  id: string;
  fingerprint: string;
  requestId: string;
  storedAtMs: number;
}
