import { renderV1Account } from './resources/account-rendering.js';
import type { ObjectType } from './stored-objects.js';
import { invalidParameter } from './stripe-problem.js';
import { wholeList, type JsonObject } from './wire.js';
import type { Workspace } from './workspace.js';

const DEPTH_MAX = 4;

/** Which type an id is of, by what stands before its first underscore. */
const TYPE_OF_PREFIX = new Map<string, ObjectType>([
  ['acct', 'account'],
  ['cbtxn', 'customer_balance_transaction'],
  ['ch', 'charge'],
  ['cn', 'credit_note'],
  ['cs', 'checkout.session'],
  ['cus', 'customer'],
  ['di', 'discount'],
  ['dp', 'dispute'],
  ['ii', 'invoiceitem'],
  ['in', 'invoice'],
  ['inpay', 'invoice_payment'],
  ['pi', 'payment_intent'],
  ['pm', 'payment_method'],
  ['price', 'price'],
  ['prod', 'product'],
  ['promo', 'promotion_code'],
  ['re', 'refund'],
  ['sub', 'subscription'],
  ['tr', 'transfer'],
  ['trr', 'transfer_reversal'],
  ['txn', 'balance_transaction'],
]);

/**
 * Carries out `expand[]`: ids along each path are replaced by their objects, and lists that Stripe
 * leaves out unless asked (`payments` of an invoice) are added. Returns a copy; the stored objects
 * stay as they are.
 */
export function expand(workspace: Workspace, answer: object, paths: string[]): object {
  if (paths.length === 0) return answer;
  const copy = structuredClone(answer) as JsonObject;
  for (const path of paths) {
    const segments = path.split('.');
    const depth = segments[0] === 'data' ? segments.length - 1 : segments.length;
    if (depth > DEPTH_MAX) throw notExpandable(path);
    expandAlong(workspace, copy, segments, path);
  }
  return copy;
}

function expandAlong(workspace: Workspace, holder: JsonObject, segments: string[], path: string): void {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (!Object.hasOwn(holder, segment)) holder[segment] = includable(workspace, holder, segment, path);
  const value = holder[segment];
  if (Array.isArray(value)) {
    holder[segment] = value.map((element: unknown) => objectOf(workspace, element));
    for (const element of holder[segment] as unknown[])
      if (isObject(element)) expandAlong(workspace, element, rest, path);
    return;
  }
  holder[segment] = objectOf(workspace, value);
  const next = holder[segment];
  if (isObject(next)) expandAlong(workspace, next, rest, path);
}

function objectOf(workspace: Workspace, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const type = TYPE_OF_PREFIX.get(value.split('_')[0] ?? '');
  if (type === 'account') {
    const account = workspace.of(null).find('account', value);
    return account ? renderV1Account(account) : value;
  }
  const found = type ? workspace.find(type, value) : null;
  return found ? structuredClone(found) : value;
}

function includable(workspace: Workspace, holder: JsonObject, field: string, path: string): unknown {
  if (holder.object === 'invoice' && field === 'payments') {
    const payments = workspace.newestFirst('invoice_payment').filter((payment) => payment.invoice === holder.id);
    return structuredClone(wholeList(payments, `/v1/invoice_payments?invoice=${String(holder.id)}`));
  }
  if (holder.object === 'charge' && field === 'refunds') {
    const refunds = workspace.newestFirst('refund').filter((refund) => refund.charge === holder.id);
    return structuredClone(wholeList(refunds, `/v1/charges/${String(holder.id)}/refunds`));
  }
  if (holder.object === 'checkout.session' && field === 'line_items') {
    const { lineItems } = workspace.get('checkout_order', String(holder.id));
    return structuredClone(wholeList(lineItems, `/v1/checkout/sessions/${String(holder.id)}/line_items`));
  }
  if (holder.object === 'customer' && field === 'subscriptions') {
    const subscriptions = workspace
      .newestFirst('subscription')
      .filter((subscription) => subscription.customer === holder.id && subscription.status !== 'canceled');
    return structuredClone(wholeList(subscriptions, `/v1/customers/${String(holder.id)}/subscriptions`));
  }
  throw notExpandable(path);
}

function notExpandable(path: string): Error {
  return invalidParameter('parameter_invalid_string', 'expand', `This property cannot be expanded (${path}).`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
