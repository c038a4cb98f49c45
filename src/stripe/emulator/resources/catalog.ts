import type { Stripe } from 'stripe';
import { newId, randomToken } from '../ids.js';
import { listPage } from '../listing.js';
import type { Parameters } from '../parameters.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, missingParameter } from '../stripe-problem.js';
import type { Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';

type Price = Wire<Stripe.Price>;
type Product = Wire<Stripe.Product>;

const INTERVALS = ['day', 'week', 'month', 'year'] as const;

/** Products and prices, and the tax rates and coupons that change what a price comes to. */
export const catalogRoutes: Route[] = [
  route('POST', '/v1/products', createProduct),
  route('GET', '/v1/products', ({ workspace, parameters }) =>
    listPage(workspace.newestFirst('product'), parameters, '/v1/products'),
  ),
  route('GET', '/v1/products/:id', ({ workspace, path }) => workspace.get('product', path.id ?? '')),
  route('POST', '/v1/products/:id', updateProduct),
  route('POST', '/v1/prices', createPrice),
  route('GET', '/v1/prices', listPrices),
  route('GET', '/v1/prices/:id', ({ workspace, path }) => workspace.get('price', path.id ?? '')),
  route('POST', '/v1/prices/:id', updatePrice),
  route('POST', '/v1/tax_rates', createTaxRate),
  route('GET', '/v1/tax_rates', ({ workspace, parameters }) =>
    listPage(workspace.newestFirst('tax_rate'), parameters, '/v1/tax_rates'),
  ),
  route('GET', '/v1/tax_rates/:id', ({ workspace, path }) => workspace.get('tax_rate', path.id ?? '')),
  route('POST', '/v1/coupons', createCoupon),
  route('GET', '/v1/coupons', ({ workspace, parameters }) =>
    listPage(workspace.newestFirst('coupon'), parameters, '/v1/coupons'),
  ),
  route('GET', '/v1/coupons/:id', ({ workspace, path }) => workspace.get('coupon', path.id ?? '')),
];

function createProduct({ workspace, parameters }: Call): Product {
  const product = workspace.put('product', {
    id: parameters.string('id') ?? newId('prod'),
    object: 'product',
    active: parameters.boolean('active') ?? true,
    created: workspace.nowSeconds,
    default_price: null,
    description: parameters.string('description') ?? null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: parameters.metadata(),
    name: parameters.requiredString('name'),
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: workspace.nowSeconds,
    url: null,
  });
  workspace.emit('product.created', product);
  return product;
}

function updateProduct({ workspace, parameters, path }: Call): Product {
  const before = workspace.get('product', path.id ?? '');
  const description = parameters.string('description');
  const product = workspace.put('product', {
    ...before,
    active: parameters.boolean('active') ?? before.active,
    name: parameters.string('name') ?? before.name,
    description: description === undefined ? before.description : description,
    metadata: parameters.metadata(before.metadata),
    updated: workspace.nowSeconds,
  });
  workspace.emit('product.updated', product, previousAttributes(before, product));
  return product;
}

/** Makes a price, with `product_data` also its product. */
export function createPrice({ workspace, parameters }: Call): Price {
  const currency = parameters.requiredString('currency').toLowerCase();
  const unitAmount = parameters.integer('unit_amount');
  if (unitAmount === undefined) throw missingParameter('unit_amount');
  const price = workspace.put('price', {
    id: newId('price'),
    object: 'price',
    active: parameters.boolean('active') ?? true,
    billing_scheme: 'per_unit',
    created: workspace.nowSeconds,
    currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: parameters.string('lookup_key') ?? null,
    metadata: parameters.metadata(),
    nickname: parameters.string('nickname') ?? null,
    product: productOf(workspace, parameters),
    recurring: recurringOf(parameters),
    tax_behavior: parameters.choice('tax_behavior', ['exclusive', 'inclusive', 'unspecified']) ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: parameters.has('recurring') ? 'recurring' : 'one_time',
    unit_amount: unitAmount,
    unit_amount_decimal: String(unitAmount),
  });
  workspace.emit('price.created', price);
  return price;
}

function productOf(workspace: Workspace, parameters: Parameters): string {
  const name = parameters.group('product_data').string('name');
  if (name) return createProduct({ workspace, parameters: parameters.group('product_data'), path: {} }).id;
  return workspace.resolve('product', parameters.requiredString('product'), 'product').id;
}

function recurringOf(parameters: Parameters): Price['recurring'] {
  if (!parameters.has('recurring')) return null;
  const recurring = parameters.group('recurring');
  const interval = recurring.choice('interval', INTERVALS);
  if (!interval) throw missingParameter('recurring[interval]');
  return {
    interval,
    interval_count: recurring.positiveInteger('interval_count') ?? 1,
    meter: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

function updatePrice({ workspace, parameters, path }: Call): Price {
  const before = workspace.get('price', path.id ?? '');
  const nickname = parameters.string('nickname');
  const price = workspace.put('price', {
    ...before,
    active: parameters.boolean('active') ?? before.active,
    nickname: nickname === undefined ? before.nickname : nickname,
    lookup_key: parameters.string('lookup_key') ?? before.lookup_key,
    metadata: parameters.metadata(before.metadata),
  });
  workspace.emit('price.updated', price, previousAttributes(before, price));
  return price;
}

function listPrices({ workspace, parameters }: Call): object {
  const product = parameters.string('product');
  const keys = parameters.strings('lookup_keys');
  const prices = workspace
    .newestFirst('price')
    .filter((price) => (!product || price.product === product) && (!keys || keys.includes(price.lookup_key ?? '')));
  return listPage(prices, parameters, '/v1/prices');
}

function createTaxRate({ workspace, parameters }: Call): Wire<Stripe.TaxRate> {
  const percentage = parameters.number('percentage');
  const inclusive = parameters.boolean('inclusive');
  if (percentage === undefined) throw missingParameter('percentage');
  if (inclusive === undefined) throw missingParameter('inclusive');
  if (percentage < 0 || percentage > 100)
    throw invalidParameter('parameter_invalid_integer', 'percentage', 'The percentage must be between 0 and 100.');
  const taxRate = workspace.put('tax_rate', {
    id: newId('txr'),
    object: 'tax_rate',
    active: true,
    country: parameters.string('country') ?? null,
    created: workspace.nowSeconds,
    description: parameters.string('description') ?? null,
    display_name: parameters.requiredString('display_name'),
    effective_percentage: percentage,
    flat_amount: null,
    inclusive,
    jurisdiction: parameters.string('jurisdiction') ?? null,
    jurisdiction_level: null,
    livemode: false,
    metadata: parameters.metadata(),
    percentage,
    rate_type: 'percentage',
    state: null,
    tax_type: null,
  });
  workspace.emit('tax_rate.created', taxRate);
  return taxRate;
}

function createCoupon({ workspace, parameters }: Call): Wire<Stripe.Coupon> {
  const percentOff = parameters.number('percent_off') ?? null;
  const amountOff = parameters.positiveInteger('amount_off') ?? null;
  if ((percentOff === null) === (amountOff === null)) {
    throw invalidParameter('parameter_missing', 'percent_off', 'Give exactly one of percent_off and amount_off.');
  }
  const coupon = workspace.put('coupon', {
    id: parameters.string('id') ?? randomToken(8),
    object: 'coupon',
    amount_off: amountOff,
    created: workspace.nowSeconds,
    currency: amountOff === null ? null : parameters.requiredString('currency').toLowerCase(),
    duration: parameters.choice('duration', ['once', 'forever']) ?? 'once',
    duration_in_months: null,
    livemode: false,
    max_redemptions: null,
    metadata: parameters.metadata(),
    name: parameters.string('name') ?? null,
    percent_off: percentOff,
    redeem_by: null,
    times_redeemed: 0,
    valid: true,
  });
  workspace.emit('coupon.created', coupon);
  return coupon;
}
