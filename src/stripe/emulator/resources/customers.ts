import type { Stripe } from 'stripe';
import { newId, randomToken } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import type { Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { noteBalanceChange } from './customer-balance.js';

type Customer = Wire<Stripe.Customer>;

export const customerRoutes: Route[] = [
  route('POST', '/v1/customers', createCustomer),
  route('GET', '/v1/customers', listCustomers),
  route('GET', '/v1/customers/:id', ({ workspace, path }) => workspace.get('customer', path.id ?? '')),
  route('POST', '/v1/customers/:id', updateCustomer),
];

export function createCustomer({ workspace, parameters }: Call): Customer {
  const customer = workspace.put('customer', {
    id: newId('cus'),
    object: 'customer',
    address: null,
    balance: parameters.integer('balance') ?? 0,
    created: workspace.nowSeconds,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: parameters.string('description') ?? null,
    discount: null,
    email: parameters.string('email') ?? null,
    invoice_prefix: randomToken(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: paymentMethodOf(parameters) ?? null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: parameters.metadata(),
    name: parameters.string('name') ?? null,
    next_invoice_sequence: 1,
    phone: parameters.string('phone') ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  });
  workspace.emit('customer.created', customer);
  noteChange(workspace, customer, customer.balance, 'initial');
  return customer;
}

function updateCustomer({ workspace, parameters, path }: Call): Customer {
  const before = workspace.get('customer', path.id ?? '');
  const changed = <T>(value: T | undefined, former: T): T => (value === undefined ? former : value);
  const customer = workspace.put('customer', {
    ...before,
    balance: parameters.integer('balance') ?? before.balance,
    description: changed(parameters.string('description'), before.description),
    email: changed(parameters.string('email'), before.email),
    name: changed(parameters.string('name'), before.name ?? null),
    phone: changed(parameters.string('phone'), before.phone ?? null),
    metadata: parameters.metadata(before.metadata),
    invoice_settings: {
      ...before.invoice_settings,
      default_payment_method: changed(paymentMethodOf(parameters), before.invoice_settings.default_payment_method),
    },
  });
  workspace.emit('customer.updated', customer, previousAttributes(before, customer));
  noteChange(workspace, customer, customer.balance - before.balance, 'adjustment');
  return customer;
}

function noteChange(workspace: Workspace, customer: Customer, amount: number, type: 'initial' | 'adjustment'): void {
  if (amount !== 0) noteBalanceChange(workspace, customer, { amount, currency: customer.currency ?? 'usd', type });
}

function listCustomers({ workspace, parameters }: Call): object {
  const email = parameters.string('email');
  const customers = workspace.newestFirst('customer').filter((customer) => !email || customer.email === email);
  return listPage(customers, parameters, '/v1/customers');
}

/** Any id is taken for a payment method; one that no test card stands behind always pays. */
function paymentMethodOf(parameters: Call['parameters']): string | null | undefined {
  return parameters.group('invoice_settings').string('default_payment_method') ?? parameters.string('payment_method');
}
