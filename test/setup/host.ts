import Stripe from 'stripe';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { OnboardingLinkDto } from '../../src/affiliates/onboarding/onboarding.dto.js';
import type { AttributionDto } from '../../src/referrals/attribution/attribution.dto.js';
import type { TestApp } from './app.js';

/** The Stripe SDK as the host's own billing code uses it, against the emulator. */
export function hostStripe(api: TestApp): Stripe {
  const { hostname, port } = new URL(api.stripe.url);
  return new Stripe('sk_test_host', { host: hostname, port, protocol: 'http', maxNetworkRetries: 0 });
}

export interface Sale {
  userId: string;
  /** The price per month, tax included. */
  unitAmountMinor: number;
  currency?: string;
  /** Percentage that the price includes; none by default. */
  taxPercent?: number;
}

/** The host's user subscribes: a customer and a monthly subscription, whose first invoice is paid at once. */
export async function subscribe(
  api: TestApp,
  { userId, unitAmountMinor, currency = 'usd', taxPercent }: Sale,
): Promise<Stripe.Subscription> {
  const stripe = hostStripe(api);
  const customer = await stripe.customers.create({ metadata: { userId } });
  const product = await stripe.products.create({ name: 'Pro' });
  const price = await stripe.prices.create({
    product: product.id,
    currency,
    unit_amount: unitAmountMinor,
    recurring: { interval: 'month' },
  });
  const taxRates = taxPercent
    ? [await stripe.taxRates.create({ display_name: 'VAT', inclusive: true, percentage: taxPercent })]
    : [];
  return stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    metadata: { userId },
    default_tax_rates: taxRates.map(({ id }) => id),
  });
}

/** A new affiliate with this name and its referred users, reported by its code. */
export async function affiliateWithReferrals(
  api: TestApp,
  name: string,
  referredUserIds: string[],
): Promise<AffiliateDto> {
  const { body: affiliate } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
    body: { userId: `user-${name}`, name },
  });
  for (const referredUserId of referredUserIds) {
    const { body } = await api.request<AttributionDto>('POST', '/v1/referrals', {
      body: { referredUserId, code: affiliate.code },
    });
    expect(body.attributed).toBe(true);
  }
  return affiliate;
}

/** Walks through the emulator's onboarding page as the affiliate would, and waits for the event to arrive. */
export async function onboard(api: TestApp, affiliateId: string): Promise<void> {
  const { body } = await api.request<OnboardingLinkDto>('POST', `/v1/affiliates/${affiliateId}/onboarding-links`);
  const page = await fetch(body.url);
  const form = /<form[^>]*action="([^"]+)"/.exec(await page.text());
  const done = await fetch(new URL(form?.[1]?.replaceAll('&amp;', '&') ?? '', page.url), {
    method: 'POST',
    redirect: 'manual',
  });
  expect(done.status).toBe(303);
  await api.settle();
  const { body: affiliate } = await api.request<AffiliateDto>('GET', `/v1/affiliates/${affiliateId}`);
  expect(affiliate.payoutsEnabled).toBe(true);
}
