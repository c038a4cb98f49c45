import type { INestApplicationContext } from '@nestjs/common';
import { AffiliatesService } from '../affiliates/affiliates.service.js';
import { Clock } from '../common/clock.js';
import { formatAmount } from '../common/money.js';
import { CommissionsService, type PaidInvoice } from '../commissions/commissions.service.js';
import { Database } from '../database/database.js';
import { AttributionService } from '../referrals/attribution/attribution.service.js';
import { ClicksService } from '../referrals/clicks/clicks.service.js';
import { readOptions, UsageError } from './command-options.js';
import { runCommand } from './run-command.js';
import { textTable, type Cell } from './text-table.js';

/** Who is seeded, with the customers they brought and what each of them has paid. */
const STORY = [
  {
    userId: 'seed-john',
    name: 'John Doe',
    customers: [
      ['seed-anna', 14_900n],
      ['seed-ben', 4_900n],
    ],
  },
  { userId: 'seed-maria', name: 'María Núñez', commissionRateBps: 3000, customers: [['seed-chloe', 11_900n]] },
  { userId: 'seed-kenji', name: '健二', country: 'JP', customers: [] },
] as const;

const USAGE = `
Usage: npm run db:seed

Fills an empty database with a story to look at. Not in production.`;

await runCommand(USAGE, async (app, config) => {
  readOptions({});
  if (config.production) throw new UsageError('db:seed invents customers and payments: it does not run in production.');
  const rows: Cell[][] = [];
  for (const character of STORY) rows.push(await seed(app, character));
  console.log(textTable(['affiliate', 'code', 'customers', 'paid by them'], rows));
  return true;
});

/** Everything goes through the services, so a seeded database obeys every rule. Seeding again changes nothing. */
async function seed(
  app: INestApplicationContext,
  { customers, ...character }: (typeof STORY)[number],
): Promise<Cell[]> {
  const database = app.get(Database);
  const known = await database.prisma.affiliate.findUnique({ where: { userId: character.userId } });
  const affiliates = app.get(AffiliatesService);
  const created = known ? null : await database.transaction((tx) => affiliates.create(tx, { ...character }));
  const affiliate = created?.body ?? (await affiliates.get(known?.id ?? ''));
  for (const [referredUserId, paidMinor] of customers)
    await seedCustomer(app, affiliate.code, referredUserId, paidMinor);
  const paid = customers.map(([, paidMinor]) => `${formatAmount(paidMinor, 'usd')} USD`);
  return [affiliate.name, affiliate.code, customers.length, paid.join(', ')];
}

async function seedCustomer(
  app: INestApplicationContext,
  code: string,
  referredUserId: string,
  paidMinor: bigint,
): Promise<void> {
  const database = app.get(Database);
  if (await database.prisma.referral.findUnique({ where: { referredUserId } })) return;
  const { clickId } = await app.get(ClicksService).recordFromHost({ code, url: 'https://example.com/pricing' });
  const attribution = app.get(AttributionService);
  const signup = await attribution.prepare({ referredUserId, clickId });
  await database.transaction(async (tx) => {
    await attribution.attribute(tx, signup);
    const paidAt = app.get(Clock).now();
    const stripeEventId = `evt_${referredUserId}`;
    const invoice: PaidInvoice = {
      id: `in_${referredUserId}`,
      customerId: `cus_${referredUserId}`,
      referredUserId,
      subscriptionId: null,
      currency: 'usd',
      totalMinor: paidMinor,
      totalExcludingTaxMinor: paidMinor,
      amountPaidMinor: paidMinor,
      amountPaidOffStripeMinor: 0n,
      paidAt,
      stripeEventId,
    };
    await app.get(CommissionsService).record(tx, { invoices: [invoice] }, { stripeEventId, occurredAt: paidAt });
  });
}
