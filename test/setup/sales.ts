import type { PlanDto } from '../../src/affiliates/plans/plan.dto.js';
import type { BalancesDto, CommissionDto, CommissionPageDto } from '../../src/commissions/commission.dto.js';
import type { TestApp } from './app.js';
import { calculate } from './calculator.js';
import { affiliateWithReferrals } from './host.js';
import { expectSoundLedger } from './ledger.js';
import { deliver, eventOf, invoicePayment, paidInvoice, type InvoiceFacts } from './webhooks.js';

/** Delivers news of an object as a signed webhook and waits until it was worked on. */
export async function tell(api: TestApp, type: string, object: object): Promise<void> {
  expect((await deliver(api, eventOf(api, type, object))).status).toBe(200);
  await api.settle();
}

export interface Sale {
  affiliateId: string;
  userId: string;
  invoice: string;
  payment: string;
}

/** The names in Stripe and at the host of what belongs to one sale. */
export function namesOf(name: string): Omit<Sale, 'affiliateId'> & { customer: string } {
  const slug = name.replaceAll(/\W+/g, '-');
  return { userId: `user-of-${slug}`, customer: `cus_${slug}`, invoice: `in_${slug}`, payment: `pi_${slug}` };
}

/** A new affiliate whose customer has paid one invoice with one payment; 99.00 USD unless told otherwise. */
export async function sell(
  api: TestApp,
  name: string,
  facts: InvoiceFacts & { plan?: Partial<PlanDto>; rateBps?: number } = {},
): Promise<Sale> {
  const { plan, rateBps, ...invoiceFacts } = facts;
  const { userId, customer, invoice, payment } = namesOf(name);
  const affiliate = await affiliateWithReferrals(api, name, []);
  if (plan || rateBps !== undefined) await setTerms(api, affiliate.id, { plan, rateBps, name });
  const { status } = await api.request('POST', '/v1/referrals', {
    body: { referredUserId: userId, code: affiliate.code, stripeCustomerId: customer },
  });
  expect(status).toBe(201);
  await pay(api, { id: invoice, payment, customer, userId, ...invoiceFacts });
  return { affiliateId: affiliate.id, userId, invoice, payment };
}

/** An invoice is paid with one payment: both events. */
export async function pay(api: TestApp, facts: InvoiceFacts & { id: string; payment: string }): Promise<void> {
  const { payment, ...invoiceFacts } = facts;
  const invoice = paidInvoice(api, invoiceFacts);
  const { id, amount_paid: amount, currency } = invoice as { id: string; amount_paid: number; currency: string };
  await deliver(
    api,
    eventOf(api, 'invoice_payment.paid', invoicePayment(api, { invoice: id, payment, amount, currency })),
  );
  await tell(api, 'invoice.paid', invoice);
}

export async function setTerms(
  api: TestApp,
  affiliateId: string,
  { plan, rateBps, name }: { plan?: Partial<PlanDto>; rateBps?: number; name: string },
): Promise<void> {
  const body: Record<string, unknown> = {};
  if (rateBps !== undefined) body['commissionRateBps'] = rateBps;
  if (plan) {
    const made = await api.request<PlanDto>('POST', '/v1/plans', { body: { name, rateBps: 2000, ...plan } });
    body['planId'] = made.body.id;
  }
  expect((await api.request('PATCH', `/v1/affiliates/${affiliateId}`, { body })).status).toBe(200);
}

export async function commissionsOf(api: TestApp, affiliateId: string): Promise<CommissionDto[]> {
  const { body } = await api.request<CommissionPageDto>('GET', `/v1/commissions?affiliateId=${affiliateId}&limit=100`);
  return body.data;
}

/** The commission of an invoice; the sale's own unless another one is named. */
export async function commissionOf(api: TestApp, sale: Sale, invoice = sale.invoice): Promise<CommissionDto> {
  const found = (await commissionsOf(api, sale.affiliateId)).filter(({ invoiceId }) => invoiceId === invoice);
  expect(found).toHaveLength(1);
  return found[0] as CommissionDto;
}

export async function balancesOf(api: TestApp, affiliateId: string): Promise<BalancesDto['balances']> {
  return (await api.request<BalancesDto>('GET', `/v1/affiliates/${affiliateId}/balance`)).body.balances;
}

/** The steps of an explanation, each in a line: `reversed -600 = 1380 (re_1 succeeded)`. */
export function storyOf({ explanation }: CommissionDto): string[] {
  return explanation.steps.map(({ kind, change, netAmount, causes }) => {
    const because = causes.map(({ id, status }) => `${id} ${status}`).join(', ');
    return `${kind} ${change > 0 ? '+' : ''}${change} = ${netAmount}${because ? ` (${because})` : ''}`;
  });
}

/**
 * How every money test of this folder ends: the ledger is sound, and each commission of the database can be checked by
 * a person with a calculator: its formulas come to what they say, and what they say is what the commission is.
 */
export async function expectEveryCentExplained(api: TestApp): Promise<void> {
  await expectSoundLedger(api);
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/v1/commissions?limit=100${cursor ? `&cursor=${cursor}` : ''}`;
    const page: CommissionPageDto = (await api.request<CommissionPageDto>('GET', path)).body;
    for (const commission of page.data) expectRecomputable(commission);
    cursor = page.nextCursor;
  }
}

function expectRecomputable({ id, amount, netAmount, reversedAmount, explanation }: CommissionDto): void {
  const { steps, formula } = explanation;
  expect([id, amount - reversedAmount, steps.at(-1)?.netAmount]).toEqual([id, netAmount, netAmount]);
  expect([id, ...resultsOf(formula)]).toEqual([id, explanation.base, netAmount]);
  let net = 0;
  for (const step of steps) {
    net += step.change;
    expect([step.entryId, step.netAmount]).toEqual([step.entryId, net]);
    if (step.formula !== null) expect([step.entryId, resultsOf(step.formula).at(-1)]).toEqual([step.entryId, net]);
  }
  expect([id, ...resultsOf(steps[0]?.formula ?? '')]).toEqual([id, explanation.base, amount]);
}

function resultsOf(formula: string): number[] {
  const nothing = formula.includes('amount = 0: ') ? [0] : [];
  const equations = calculate(formula);
  for (const { result, claimed } of equations) expect([formula, result]).toEqual([formula, claimed]);
  return [...equations.map(({ result }) => Number(result)), ...nothing];
}
