import { Ledger } from '../../src/commissions/ledger/ledger.js';
import type { StripeEmulator } from '../../src/stripe/emulator/index.js';
import type { TestApp } from '../setup/app.js';
import { eventually } from '../setup/eventually.js';
import { hostStripe } from '../setup/host.js';
import { deliver, eventOf, paidInvoice } from '../setup/webhooks.js';

/** Who may be paid, and who may not for which reason. */
export type Standing = 'well' | 'suspended' | 'under_review' | 'not_onboarded' | 'restricted' | 'poor';

export interface Earnings {
  currency: string;
  /** What each piece of work earned, in minor units; the sum is what a payout must come to. */
  parts: bigint[];
}

export interface Person {
  affiliateId: string;
  accountId: string | null;
  standing: Standing;
  earnings: Earnings[];
}

/** The minimum of a payout in either currency. */
const MINIMUM_MINOR = 2500;
const PARTS_MAX = 3;
/** So many have earned by real invoices, the others by adjustments, which are quicker to make. */
const INVOICED = 25;
/** Out of a hundred affiliates. */
const SHARES: [Standing, number][] = [
  ['well', 78],
  ['poor', 6],
  ['suspended', 5],
  ['not_onboarded', 4],
  ['restricted', 4],
  ['under_review', 3],
];
const LANES = 16;
/** On a machine that is busy with much else, an event may be tried again after a while. */
const EVENTS_WITHIN_MS = 120_000;

/** Affiliates with earnings in two currencies and accounts at the emulator; what they are owed is known here only. */
export async function populate(api: TestApp, size: number, random: () => number): Promise<Person[]> {
  const people = Array.from({ length: size }, (_, n) => invent(n, random));
  await openAccounts(api, people);
  await write(api, people);
  await earn(api, people);
  await limit(api, people);
  return people;
}

export function owedTo({ earnings }: Person, currency: string): bigint {
  return earnings
    .filter((earned) => earned.currency === currency)
    .flatMap(({ parts }) => parts)
    .reduce((sum, part) => sum + part, 0n);
}

function invent(n: number, random: () => number): Person {
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const standing = pick(SHARES, random);
  const currencies = ['usd', 'eur'].filter(() => random() < 0.6);
  const earnings = (currencies.length > 0 ? currencies : ['usd']).map((currency) => {
    const parts = Array.from({ length: between(1, PARTS_MAX) }, () => BigInt(between(MINIMUM_MINOR, 60_000)));
    return { currency, parts: standing === 'poor' ? [BigInt(between(1, MINIMUM_MINOR - 1))] : parts };
  });
  return { affiliateId: `aff_crash${String(n).padStart(4, '0')}`, accountId: null, standing, earnings };
}

function pick(shares: [Standing, number][], random: () => number): Standing {
  let left = random() * shares.reduce((sum, [, share]) => sum + share, 0);
  return shares.find(([, share]) => (left -= share) < 0)?.[0] ?? 'well';
}

async function openAccounts(api: TestApp, people: Person[]): Promise<void> {
  const stripe = hostStripe(api);
  await inLanes(people, async (person) => {
    if (person.standing === 'not_onboarded') return;
    const account = await stripe.v2.core.accounts.create({
      contact_email: `${person.affiliateId}@example.com`,
      dashboard: 'express',
      identity: { country: 'us', entity_type: 'individual' },
      configuration: { recipient: { capabilities: { stripe_balance: { stripe_transfers: { requested: true } } } } },
      defaults: { responsibilities: { fees_collector: 'application', losses_collector: 'application' } },
    });
    await changeAccount(api.stripe, account.id, 'complete-onboarding');
    person.accountId = account.id;
  });
}

/** What became of some of them after they had earned: suspended here, put under review here, restricted at Stripe. */
async function limit(api: TestApp, people: Person[]): Promise<void> {
  const { prisma } = api.database;
  const idsOf = (wanted: Standing): string[] =>
    people.filter(({ standing }) => standing === wanted).map(({ affiliateId }) => affiliateId);
  await prisma.affiliate.updateMany({ where: { id: { in: idsOf('suspended') } }, data: { status: 'suspended' } });
  await prisma.reviewCase.createMany({
    data: idsOf('under_review').map((affiliateId) => ({
      id: `case_${affiliateId}`,
      affiliateId,
      rule: 'conversion_rate',
      holds: true,
      status: 'open',
      openedAt: api.clock.now(),
    })),
  });
  await inLanes(people, async ({ standing, accountId }) => {
    if (standing === 'restricted' && accountId) await changeAccount(api.stripe, accountId, 'restrict');
  });
}

async function changeAccount(stripe: StripeEmulator, accountId: string, change: string): Promise<void> {
  const { status } = await fetch(`${stripe.url}/_emulator/accounts/${accountId}/${change}`, { method: 'POST' });
  expect(status).toBe(200);
}

async function write(api: TestApp, people: Person[]): Promise<void> {
  const { prisma } = api.database;
  const createdAt = api.clock.now();
  const { id: planId } = await prisma.plan.findFirstOrThrow();
  await prisma.affiliate.createMany({
    data: people.map(({ affiliateId: id, accountId }) => ({
      id,
      userId: `user_${id}`,
      name: id,
      country: 'US',
      status: 'active',
      planId,
      stripeAccountId: accountId,
      stripeAccountSeenAt: accountId ? createdAt : null,
      detailsSubmitted: accountId !== null,
      payoutsEnabled: accountId !== null,
      createdAt,
    })),
  });
  await prisma.affiliateAccount.createMany({
    data: people.flatMap(({ affiliateId, accountId }) =>
      accountId === null ? [] : [{ accountId, affiliateId, connectedAt: createdAt }],
    ),
  });
  await prisma.affiliateCode.createMany({
    data: people.map(({ affiliateId }) => ({ code: codeOf(affiliateId), affiliateId, isCurrent: true, createdAt })),
  });
  await prisma.affiliateRate.createMany({
    data: people.map(({ affiliateId }) => ({ affiliateId, effectiveFrom: new Date(0), rateBps: 10_000 })),
  });
}

async function earn(api: TestApp, people: Person[]): Promise<void> {
  await inLanes(people.slice(0, INVOICED), (person) => invoice(api, person));
  const { stripeEvent } = api.database.prisma;
  const isPending = { where: { status: 'pending' } };
  await eventually(async () => expect(await stripeEvent.count(isPending)).toBe(0), EVENTS_WITHIN_MS);
  const occurredAt = api.clock.now();
  await api.database.transaction((tx) =>
    api.app.get(Ledger).post(
      tx,
      people.slice(INVOICED).flatMap(({ affiliateId, earnings }) =>
        earnings.flatMap(({ currency, parts }) =>
          parts.map((amountMinor, n) => ({
            kind: 'adjustment' as const,
            uniqueKey: `adjustment:${affiliateId}:${currency}:${n}`,
            facts: { affiliateId, currency, amountMinor },
            affiliateId,
            currency,
            from: 'commission_expense' as const,
            to: 'payable' as const,
            amountMinor,
            occurredAt,
            staffUserId: 'stf_crash',
            reason: 'has earned it',
          })),
        ),
      ),
    ),
  );
}

/** Each part is one invoice of a customer of its own, at a rate of 100 %. */
async function invoice(api: TestApp, { affiliateId, earnings }: Person): Promise<void> {
  for (const { currency, parts } of earnings) {
    for (const [n, part] of parts.entries()) {
      const userId = `customer-${affiliateId}-${currency}-${n}`;
      const body = { referredUserId: userId, code: codeOf(affiliateId) };
      const answer = await api.request<{ attributed: boolean }>('POST', '/v1/referrals', { body });
      if (!answer.body.attributed) throw new Error(`not attributed: ${answer.text}`);
      const facts = { id: `in_${userId}`, userId, currency, total: Number(part) };
      await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, facts)));
    }
  }
}

function codeOf(affiliateId: string): string {
  return affiliateId.replace('aff_', '').toUpperCase();
}

async function inLanes<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
