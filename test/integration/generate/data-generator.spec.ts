import { text } from 'node:stream/consumers';
import type { Standing } from '../../../src/commissions/commission-explanation.js';
import { CommissionQueries } from '../../../src/commissions/commission-queries.js';
import { loadStandings } from '../../../src/commissions/commission-stories.js';
import { COMMISSION_STATES, type CommissionDto } from '../../../src/commissions/commission.dto.js';
import { JournalSealer } from '../../../src/commissions/ledger/journal-sealer.service.js';
import { ENTRY_KINDS } from '../../../src/commissions/ledger/accounts.js';
import { loadReferralFacts } from '../../../src/commissions/settlement/referral-facts.js';
import { targetsOf } from '../../../src/commissions/settlement/targets.js';
import { formatAmount } from '../../../src/common/money.js';
import { readConfig, type Config } from '../../../src/config/config.js';
import { Clock } from '../../../src/common/clock.js';
import { DataGenerator, type Generated } from '../../../src/generate/data-generator.js';
import { GenerationRefusedError } from '../../../src/generate/generation-refused.error.js';
import type { GenerationOptions } from '../../../src/generate/generation-options.js';
import { allOf } from '../../../src/http/list-query.js';
import { FirstStaffUser } from '../../../src/staff/first-staff-user.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { expectKeptOutcomes, expectSoundLedger } from '../../setup/ledger.js';

const OPTIONS: GenerationOptions = {
  affiliates: 200,
  months: 8,
  salesPerAffiliate: 20,
  clicksPerAffiliate: 60,
  currencies: [
    { weight: 3, value: 'usd' },
    { weight: 1, value: 'eur' },
    { weight: 1, value: 'jpy' },
    { weight: 1, value: 'kwd' },
  ],
  seed: 7,
};

describe('generated data', () => {
  let api: TestApp;
  let generated: Generated;
  const phases = new Set<string>();

  beforeAll(async () => {
    api = await startTestApp({ background: false });
    generated = await generate(api, OPTIONS, (phase) => void phases.add(phase));
  });
  afterAll(() => api.close());

  it('has a ledger with entries of every kind that all proofs find sound, down to the replay of all facts', async () => {
    const kinds = await api.database.prisma.journalEntry.groupBy({ by: ['kind'] });
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(Object.keys(ENTRY_KINDS).sort());
    expect(await api.database.prisma.journalSeal.count()).toBe(generated.sealed);
    await expectSoundLedger(api);
    await expectKeptOutcomes(api);
  });

  it('has as many sales as were asked for, most of them of a few affiliates', async () => {
    const wanted = OPTIONS.affiliates * OPTIONS.salesPerAffiliate;
    expect(Math.abs(generated.sales - wanted)).toBeLessThan(wanted * 0.15);
    const bySeller = await api.database.prisma.commission.groupBy({ by: ['affiliateId'], _count: true });
    const counts = bySeller.map(({ _count }) => _count).sort((a, b) => b - a);
    const sum = (some: number[]): number => some.reduce((total, count) => total + count, 0);
    expect(sum(counts.slice(0, OPTIONS.affiliates / 10))).toBeGreaterThan(sum(counts) / 2);
  });

  it('has payouts of every end, skips, decisions on cases and held commissions, in all currencies', async () => {
    const { prisma } = api.database;
    const statuses = await prisma.payout.groupBy({ by: ['status'] });
    expect(statuses.map(({ status }) => status)).toEqual(expect.arrayContaining(['canceled', 'failed', 'paid']));
    const reasons = await prisma.payoutSkip.groupBy({ by: ['reason'] });
    expect(reasons.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['below_minimum', 'not_onboarded', 'suspended']),
    );
    expect(await prisma.referralRejection.count()).toBeGreaterThan(0);
    expect(await prisma.commissionHold.count()).toBeGreaterThan(0);
    const currencies = await prisma.balance.groupBy({ by: ['currency'] });
    expect(currencies.map(({ currency }) => currency).sort()).toEqual(['eur', 'jpy', 'kwd', 'usd']);
  });

  it('is listed by state, of all affiliates, as each commission has it', async () => {
    const queries = api.app.get(CommissionQueries);
    const { data: newest } = await queries.list({ limit: 1000 });
    for (const state of COMMISSION_STATES) {
      const { data } = await queries.list({ state, limit: 10 });
      const expected = newest.filter((commission) => commission.state === state).slice(0, 10);
      expect([state, data.slice(0, expected.length)]).toEqual([state, expected]);
    }
  });

  it('is in the file of all commissions as it is in their list', async () => {
    const queries = api.app.get(CommissionQueries);
    const listed: CommissionDto[] = [];
    for await (const commission of allOf((page) => queries.list(page))) listed.push(commission);
    const [names, ...lines] = (await text(queries.csv({}))).trimEnd().split('\n').map(cellsOf);
    expect(names?.join()).toBe(
      'id,affiliateId,referralId,invoiceId,state,amount,reversedAmount,netAmount,currency,netAmountMinor,rateBps,' +
        'formula,availableAt,payoutId,paidAt,createdAt',
    );
    expect(lines).toEqual(
      listed.map((one) => [
        ...[one.id, one.affiliateId, one.referralId, one.invoiceId, one.state],
        ...[one.amount, one.reversedAmount, one.netAmount].map((amount) => formatAmount(BigInt(amount), one.currency)),
        ...[one.currency, String(one.netAmount), String(one.explanation.rateBps), one.explanation.formula],
        ...[one.availableAt, one.payoutId ?? '', one.paidAt ?? '', one.createdAt],
      ]),
    );
  });

  it('has commissions that stand as all facts of their referrals say, also where those are not asked', async () => {
    const { prisma } = api.database;
    const commissions = await prisma.commission.findMany();
    const facts = await loadReferralFacts(prisma, await prisma.referral.findMany());
    const expected = facts
      .flatMap(targetsOf)
      .flatMap(({ commission, losses, withinTerm, rejection }) =>
        commission
          ? [[commission.id, { lostMinor: losses.lostMinor, withinTerm, rejectedFor: rejection?.rule ?? null }]]
          : [],
      ) as [string, Standing][];
    expect(expected.filter(([, { lostMinor }]) => lostMinor > 0n)).not.toEqual([]);
    expect(expected.filter(([, { rejectedFor }]) => rejectedFor !== null)).not.toEqual([]);
    expect(await loadStandings(prisma, commissions)).toEqual(new Map(expected));
  });

  it('counts in the roll-ups what its clicks are, and has the click that each signup names', async () => {
    const { pool } = api.database;
    const { rows: differing } = await pool.query(`
      SELECT * FROM click_days d FULL JOIN (
        SELECT affiliate_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*)::int AS clicks,
               count(DISTINCT (ip_hash, user_agent))::int AS unique_clicks
        FROM clicks GROUP BY 1, 2
      ) c USING (affiliate_id, day)
      WHERE (d.clicks, d.unique_clicks) IS DISTINCT FROM (c.clicks, c.unique_clicks)`);
    expect(differing).toEqual([]);
    const { rows: missing } = await pool.query(`
      SELECT click_id FROM attribution_decisions d WHERE click_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM clicks c WHERE c.id = d.click_id AND c.affiliate_id = d.affiliate_id)`);
    expect(missing).toEqual([]);
  });

  it('counts in the roll-ups of referrals what its referrals are', async () => {
    const { rows: differing } = await api.database.pool.query(`
      SELECT * FROM referral_days d FULL JOIN (
        SELECT affiliate_id, day, sum(signups)::int AS signups, sum(conversions)::int AS conversions, sum(paying)::int AS paying
        FROM (
          SELECT affiliate_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, 1 AS signups, 0 AS conversions, (status = 'paid')::int AS paying
          FROM referrals
          UNION ALL
          SELECT affiliate_id, (converted_at AT TIME ZONE 'UTC')::date, 0, 1, 0 FROM referrals WHERE converted_at IS NOT NULL
        ) each GROUP BY 1, 2
      ) r USING (affiliate_id, day)
      WHERE (d.signups, d.conversions, d.paying) IS DISTINCT FROM (r.signups, r.conversions, r.paying)`);
    expect(differing).toEqual([]);
  });

  it('has told everything up to the head of the feed, so that nobody hears of it again', async () => {
    const { rows } = await api.database.pool.query<{ waiting: number; behind: number; isEven: boolean }>(`
      SELECT count(*) FILTER (WHERE position IS NULL)::int AS waiting,
             (SELECT count(*)::int FROM event_consumers c JOIN event_feed f ON c.position <> f.last_position) AS behind,
             max(position) = count(*) AND max(position) = (SELECT last_position FROM event_feed) AS "isEven"
      FROM domain_events`);
    expect(rows).toEqual([{ waiting: 0, behind: 0, isEven: true }]);
  });

  it('says how far it is', () => {
    expect([...phases]).toEqual(['affiliates', 'storing', 'clicks', 'sealing the journal']);
  });

  it('is not invented where there are affiliates, in production, or beside a live key', async () => {
    await expect(generate(api, OPTIONS)).rejects.toThrow(/has affiliates already/);
    const production = { NODE_ENV: 'production', STRIPE_WEBHOOK_SECRETS: 'whsec_1', ADMIN_EMAIL: 'a@example.com' };
    const secrets = { JWT_SECRET: 'j'.repeat(32), SESSION_SECRET: 's'.repeat(32), ADMIN_PASSWORD: 'p'.repeat(16) };
    const test = readConfig({ ...production, ...secrets, STRIPE_SECRET_KEY: 'sk_test_1' });
    await expect(generate(api, OPTIONS, undefined, test)).rejects.toThrow(/NODE_ENV is production/);
    const live = readConfig({ ...production, ...secrets, STRIPE_SECRET_KEY: 'sk_live_1' });
    await expect(generate(api, OPTIONS, undefined, live)).rejects.toThrow(GenerationRefusedError);
  });

  it('is the same from the same seed', async () => {
    const small = { ...OPTIONS, affiliates: 4, salesPerAffiliate: 10 };
    const [one, other] = [await ledgerOf(small), await ledgerOf(small)];
    expect(one.length).toBeGreaterThan(40);
    expect(other).toEqual(one);
    expect(await ledgerOf({ ...small, seed: 8 })).not.toEqual(one);
  });
});

function generate(
  { app, config, database }: TestApp,
  options: GenerationOptions,
  onProgress: (phase: string) => void = () => undefined,
  other?: Config,
): Promise<Generated> {
  const generator = new DataGenerator(
    app.get(Clock),
    other ?? config,
    database,
    app.get(FirstStaffUser),
    app.get(JournalSealer),
  );
  return generator.generate(options, { anyway: false, onProgress });
}

/** What a line of CSV holds. Its formulas have commas in them, and no quotes. */
function cellsOf(line: string): string[] {
  return Array.from(line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g), ([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Every posting with its entry, in an order of its own. */
async function ledgerOf(options: GenerationOptions): Promise<unknown[]> {
  const api = await startTestApp({ background: false });
  try {
    await generate(api, options);
    const { rows } = await api.database.pool.query<object>(`
      SELECT e.id, e.kind, e.occurred_at, p.affiliate_id, p.currency, p.seq, p.account, p.amount_minor
      FROM journal_entries e JOIN postings p ON p.entry_id = e.id
      WHERE e.kind <> 'adjustment' ORDER BY p.affiliate_id, p.currency, p.seq`);
    return rows;
  } finally {
    await api.close();
  }
}
