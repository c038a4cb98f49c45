import type { Stripe } from 'stripe';
import { newId, randomToken } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, refused } from '../stripe-problem.js';
import type { Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';

type PromotionCode = Wire<Stripe.PromotionCode>;

const GENERATED_LENGTH = 8;

/** Codes that customers type in, each for a coupon. */
export const promotionCodeRoutes: Route[] = [
  route('POST', '/v1/promotion_codes', createPromotionCode),
  route('GET', '/v1/promotion_codes', listPromotionCodes),
  route('GET', '/v1/promotion_codes/:id', ({ workspace, path }) => workspace.get('promotion_code', path.id ?? '')),
  route('POST', '/v1/promotion_codes/:id', updatePromotionCode),
];

/**
 * Of active codes with the same letters, whatever their case, each customer may use one: either there is one for
 * everybody, or one at most for each customer that is named.
 */
function createPromotionCode({ workspace, parameters }: Call): PromotionCode {
  const promotion = parameters.group('promotion');
  const coupon = workspace.resolve('coupon', promotion.requiredString('coupon'), promotion.pathOf('coupon'));
  const code = parameters.string('code') ?? randomToken(GENERATED_LENGTH).toUpperCase();
  const named = parameters.string('customer');
  const customer = named ? workspace.resolve('customer', named, 'customer').id : null;
  if (activeOnes(workspace, code).some((other) => customer === null || mayUse(other, customer)))
    throw refused(undefined, `An active promotion code with \`code: ${code}\` already exists.`);
  const promotionCode = workspace.put('promotion_code', {
    id: newId('promo'),
    object: 'promotion_code',
    active: parameters.boolean('active') ?? true,
    code,
    created: workspace.nowSeconds,
    customer,
    customer_account: null,
    expires_at: null,
    livemode: false,
    max_redemptions: null,
    metadata: parameters.metadata(),
    promotion: { coupon: coupon.id, type: 'coupon' },
    restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
    times_redeemed: 0,
  });
  workspace.emit('promotion_code.created', promotionCode);
  return promotionCode;
}

function updatePromotionCode({ workspace, parameters, path }: Call): PromotionCode {
  const before = workspace.get('promotion_code', path.id ?? '');
  const promotionCode = workspace.put('promotion_code', {
    ...before,
    active: parameters.boolean('active') ?? before.active,
    metadata: parameters.metadata(before.metadata ?? {}),
  });
  workspace.emit('promotion_code.updated', promotionCode, previousAttributes(before, promotionCode));
  return promotionCode;
}

function listPromotionCodes({ workspace, parameters }: Call): object {
  const [code, coupon] = [parameters.string('code'), parameters.string('coupon')];
  const customer = parameters.string('customer');
  const active = parameters.boolean('active');
  const codes = workspace
    .newestFirst('promotion_code')
    .filter((each) => !code || sameCode(each.code, code))
    .filter((each) => !coupon || each.promotion.coupon === coupon)
    .filter((each) => !customer || each.customer === customer)
    .filter((each) => active === undefined || each.active === active);
  return listPage(codes, parameters, '/v1/promotion_codes');
}

/** The active code that a customer typed in, whatever their case; null for a customer who is new with this purchase. */
export function findActive(workspace: Workspace, code: string, customer: string | null): PromotionCode | null {
  return activeOnes(workspace, code).find((each) => mayUse(each, customer)) ?? null;
}

function activeOnes(workspace: Workspace, code: string): PromotionCode[] {
  return workspace.newestFirst('promotion_code').filter((each) => each.active && sameCode(each.code, code));
}

function mayUse(promotionCode: PromotionCode, customer: string | null): boolean {
  return promotionCode.customer === null || promotionCode.customer === customer;
}

/** Counts one use by this customer. @throws StripeProblem when the code cannot be used, or not any more. */
export function redeem(workspace: Workspace, id: string, customer: string | null, param: string): PromotionCode {
  const promotionCode = workspace.resolve('promotion_code', id, param);
  if (!promotionCode.active) throw invalidParameter('coupon_expired', param, 'This promotion code is not active.');
  if (!mayUse(promotionCode, customer)) throw refused(undefined, 'This promotion code is for another customer.', param);
  return workspace.put('promotion_code', { ...promotionCode, times_redeemed: promotionCode.times_redeemed + 1 });
}

function sameCode(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase();
}
