import type { PayoutDto, PayoutPageDto, PayoutRunDto } from '../../src/payouts/payout.dto.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import type { RequestFaultKind } from '../../src/stripe/emulator/index.js';
import type Stripe from 'stripe';
import type { TestApp } from './app.js';
import { affiliateWithReferrals, hostStripe, onboard } from './host.js';
import { deliver, eventOf, paidInvoice } from './webhooks.js';

/** An affiliate that has earned exactly this much by one invoice, at a rate of 100 %. */
export async function affiliateOwed(
  api: TestApp,
  name: string,
  amountMinor: number,
  options: { onboarded?: boolean; currency?: string; paidAt?: Date } = {},
): Promise<string> {
  const { id } = await affiliateWithReferrals(api, name, [`${name}-customer`]);
  await api.database.prisma.affiliateRate.create({
    data: { affiliateId: id, effectiveFrom: new Date(0), rateBps: 10_000 },
  });
  await earn(api, name, amountMinor, options);
  if (options.onboarded !== false) await onboard(api, id);
  return id;
}

/** One more invoice of that affiliate's customer. */
export async function earn(
  api: TestApp,
  name: string,
  total: number,
  options: { currency?: string; paidAt?: Date } = {},
): Promise<void> {
  await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: `${name}-customer`, total, ...options })));
  await api.settle();
}

/** Runs or resumes a month with the cut-off of the 1st at 06:00 UTC. */
export function runPeriod(api: TestApp, period: string): ReturnType<PayoutRunsService['run']> {
  return api.app.get(PayoutRunsService).run({ period, cutOff: new Date(`${period}-01T06:00:00Z`) });
}

export async function runOf(api: TestApp, period = '2026-12'): Promise<PayoutRunDto> {
  return (await api.request<PayoutRunDto>('GET', `/v1/payout-runs/${period}`)).body;
}

/** Newest first. */
export async function payoutsOf(api: TestApp, affiliateId: string): Promise<PayoutDto[]> {
  return (await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`)).body.data;
}

export async function onlyPayout(api: TestApp, affiliateId: string): Promise<PayoutDto> {
  const payouts = await payoutsOf(api, affiliateId);
  expect(payouts).toHaveLength(1);
  return payouts[0] as PayoutDto;
}

/** What the emulator has transferred, newest first. */
export async function transfersOf(api: TestApp): Promise<Stripe.Transfer[]> {
  return (await hostStripe(api).transfers.list({ limit: 100 })).data;
}

export async function balanceOf(api: TestApp, affiliateId: string): Promise<Record<string, unknown>[]> {
  const path = `/v1/affiliates/${affiliateId}/balance`;
  return (await api.request<{ balances: Record<string, unknown>[] }>('GET', path)).body.balances;
}

/** What the platform has available at the emulator from now on; other currencies stay as they are. */
export async function setBalance(api: TestApp, available: Record<string, number>): Promise<void> {
  await fetch(`${api.stripe.url}/_emulator/balance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(available),
  });
}

export function failTransfers(api: TestApp, kind: RequestFaultKind, count: number | null = 1): void {
  api.stripe.faults.add({ kind, method: 'POST', path: '/v1/transfers', count });
}
