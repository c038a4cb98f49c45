import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { Database } from '../../../src/database/database.js';
import { FraudNewsList } from '../../../src/fraud/fraud-news.service.js';
import { PaymentMethods } from '../../../src/fraud/payment-methods.js';
import { lockComparedSignups } from '../../../src/fraud/signup-locks.js';
import type { SqlTx } from '../../../src/database/sql-transaction.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { Idempotency } from '../../../src/http/idempotency.js';
import type { AttributionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import { lockReferralSubjects, type ReferralSubject } from '../../../src/referrals/referral-locks.js';
import { FakeClock, startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { onboard } from '../../setup/host.js';
import { expectExactRollups, expectSoundLedger } from '../../setup/ledger.js';
import { untilSomebodyWaits } from '../../setup/overlap.js';
import { afterNext } from '../../setup/stand-still.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';
import { createAffiliate, visit } from './visits.js';

const NOW = new Date('2026-12-01T12:00:00Z');
const LEASE_MS = 60_000;

type SignupResponse = TestResponse<AttributionDto & Partial<ErrorBody>>;

/** A signup as it is reported, by whose link, and under which Idempotency-Key. */
interface Report {
  body: Record<string, unknown> & { referredUserId: string };
  key?: string;
}

const send = (api: TestApp, { body, key }: Report): Promise<SignupResponse> =>
  api.request('POST', '/v1/referrals', { body, ...(key && { headers: { 'idempotency-key': key } }) });

const outcomeOf = ({ status, body }: SignupResponse): string =>
  `${status} ${body.error?.code ?? body.reason ?? `attributed: ${body.attributed}`}`;

/** Held up at the end of its transaction: a lock that a group waits for is waited for in vain soon. */
const beforeItCommits = (group: TestApp, meanwhile: (tx: SqlTx) => Promise<void>): void =>
  afterNext(group.app.get(Idempotency), 'store', meanwhile);

/** Two affiliates, a click, and users of whom Stripe has told already that they paid. */
async function furnish(api: TestApp): Promise<{ affiliates: AffiliateDto[]; reports: Report[] }> {
  const affiliates = [await createAffiliate(api, { code: 'FIRST' }), await createAffiliate(api, { code: 'SECOND' })];
  const clickId = (await visit(api, 'FIRST')).clickId;
  const early = new Date(NOW.getTime() - 60_000).toISOString();
  const customer = (name: string) => ({ stripeCustomerId: `cus_${name}` });
  const each = <T>(count: number, make: (n: number) => T[]): T[] =>
    Array.from({ length: count }, (_, n) => make(n)).flat();
  const reports: Report[] = [
    // One after the other, whoever is first gets the user, once; the same affiliate's second report is answered with it.
    ...each(12, (n) =>
      ['FIRST', 'SECOND', 'FIRST', 'SECOND'].map((code, time) => ({
        body: { referredUserId: `several-${n}`, code, email: `several-${n}@customer-${n}.example` },
        ...(time % 2 === 1 && { key: `several-${n}-${time}` }),
      })),
    ),
    // Three users who are said to be one customer: the first one is.
    ...each(12, (n) =>
      [0, 1, 2].map((user) => ({
        body: { referredUserId: `shared-${n}-${user}`, code: 'FIRST', ...customer(`shared_${n}`) },
        ...(user === 0 && { key: `shared-${n}` }),
      })),
    ),
    ...each(12, (n) => [
      { body: { referredUserId: `paid-${n}`, code: 'SECOND', ...(n % 2 === 0 && customer(`paid_${n}`)) } },
      { body: { referredUserId: `paid-${n}`, code: 'SECOND' }, key: `paid-${n}` },
    ]),
    { body: { referredUserId: 'before-the-click', clickId, occurredAt: early } },
    { body: { referredUserId: 'by-the-click', clickId } },
    { body: { referredUserId: 'by-nobody', ...customer('nobody') }, key: 'by-nobody' },
    { body: { referredUserId: 'by-no-code', code: 'NOT-THERE' } },
    { body: { referredUserId: affiliates[0]?.userId ?? '', code: 'FIRST' } },
  ];
  for (let n = 0; n < 12; n++) {
    const invoice = paidInvoice(api, {
      id: `in_paid_${n}`,
      userId: `paid-${n}`,
      customer: `cus_paid_${n}`,
      total: 9900,
    });
    expect((await deliver(api, eventOf(api, 'invoice.paid', invoice))).status).toBe(200);
  }
  await api.settle();
  return { affiliates, reports };
}

/** All that signups leave behind, without ids, and for two affiliates who compete for users without who won which. */
async function leftBehind({ app, database }: TestApp): Promise<unknown> {
  const { prisma } = database;
  // The fraud rules look at what happened each few seconds, and have by now.
  await eventually(async () => {
    await app.get(FraudNewsList).workThrough();
    expect(await prisma.$queryRaw`SELECT FROM fraud_news`).toEqual([]);
  });
  const tallyOf = async <T>(rows: Promise<T[]>, nameOf: (row: T) => string): Promise<Record<string, number>> => {
    const tally: Record<string, number> = {};
    for (const name of (await rows).map(nameOf).sort()) tally[name] = (tally[name] ?? 0) + 1;
    return tally;
  };
  const referrals = prisma.referral.findMany({ include: { email: true, commissions: true } });
  return {
    referrals: await tallyOf(
      referrals,
      ({ referredUserId, stripeCustomerId, status, email, commissions }) =>
        `${referredUserId.replace(/^(shared-\d+)-\d$/, '$1')} ${stripeCustomerId} ${status} ${email?.domain} ${commissions.length}`,
    ),
    decisions: await tallyOf(
      prisma.attributionDecision.findMany(),
      ({ referredUserId, reason }) => `${referredUserId.replace(/^(shared-\d+)-\d$/, '$1')} ${reason}`,
    ),
    events: await tallyOf(prisma.domainEvent.findMany(), ({ type }) => type),
    cases: await tallyOf(
      prisma.reviewCase.findMany({ include: { affiliate: { include: { codes: true } } } }),
      ({ rule, holds, affiliate }) => `${rule} ${holds} ${affiliate.codes[0]?.code}`,
    ),
    days: (await prisma.referralDay.aggregate({ _sum: { signups: true, conversions: true, paying: true } }))._sum,
    answersKept: await prisma.idempotencyKey.count({ where: { responseStatus: { not: null } } }),
  };
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  let state = 7;
  for (let n = result.length - 1; n > 0; n--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const other = state % (n + 1);
    [result[n], result[other]] = [result[other] as T, result[n] as T];
  }
  return result;
}

describe('many signups at once, at two instances', () => {
  let clock: FakeClock;
  let first: TestApp;
  let second: TestApp;
  let alone: TestApp;

  beforeAll(async () => {
    clock = new FakeClock(NOW);
    first = await startTestApp({ clock });
    second = await startTestApp({ clock, databaseUrl: first.database.url, stripe: first.stripe });
    alone = await startTestApp({ now: NOW });
  });
  afterAll(async () => {
    await alone.close();
    await second.close();
    await first.close();
  });

  it('leave behind what they leave one after the other, and are answered the same', async () => {
    const { reports } = await furnish(first);
    const expected = await furnish(alone);
    const order = shuffled(reports.map((report, index) => ({ report, index })));
    const answers = await Promise.all(order.map(({ report, index }) => send(index % 3 === 0 ? second : first, report)));
    const inTurn: SignupResponse[] = [];
    for (const report of expected.reports) inTurn.push(await send(alone, report));

    const outcomesOf = (of: readonly Report[], responses: readonly SignupResponse[]): string[] =>
      of
        .map(({ body }, index) => {
          const user = body.referredUserId.replace(/^(shared-\d+)-\d$/, '$1');
          return `${user}: ${outcomeOf(responses[index] as SignupResponse)}`;
        })
        .map((outcome) => outcome.replace(/^affiliate_\d+/, 'the affiliate'))
        .sort();
    const together = order.map(({ report }) => report);
    expect(outcomesOf(together, answers)).toEqual(outcomesOf(expected.reports, inTurn));
    const left = JSON.stringify(await leftBehind(first), null, 1).replaceAll(/affiliate_\d+/g, 'the affiliate');
    expect(left).toBe(JSON.stringify(await leftBehind(alone), null, 1).replaceAll(/affiliate_\d+/g, 'the affiliate'));

    // Each answer names the one referral that the user has.
    const referrals = await first.database.prisma.referral.findMany();
    const idOf = new Map(referrals.map(({ referredUserId, id }) => [referredUserId, id]));
    for (const { body } of answers) {
      if (body.referral) expect(body.referral.id).toBe(idOf.get(body.referral.referredUserId));
    }
    for (const [index, { report }] of order.entries()) {
      if (!report.key || answers[index]?.status === 400) continue;
      const again = await send(first, report);
      expect([again.headers.get('idempotent-replayed'), again.text]).toEqual(['true', answers[index]?.text]);
    }
    for (const api of [first, alone]) {
      await expectExactRollups(api);
      await expectSoundLedger(api);
    }
  });

  it('have one effect where they are one, sent again to both before anybody answers', async () => {
    const { code } = await createAffiliate(first, { code: 'ONE-EFFECT' });
    const reports = Array.from({ length: 10 }, (_, n) => ({
      body: { referredUserId: `again-${n}`, code },
      key: `again-${n}`,
    }));
    const sent = [first, second, first, second].flatMap((api) => reports.map((report) => ({ api, report })));
    const answers = await Promise.all(sent.map(({ api, report }) => send(api, report)));
    for (const answer of answers) {
      expect(['201 attributed: true', '409 idempotency_in_progress']).toContain(outcomeOf(answer));
    }
    for (const report of reports) expect((await send(second, report)).headers.get('idempotent-replayed')).toBe('true');
    const where = { referredUserId: { startsWith: 'again-' } };
    expect(await first.database.prisma.referral.count({ where })).toBe(10);
    expect(await first.database.prisma.attributionDecision.count({ where })).toBe(10);
  });
});

describe('signups of the same moment at two instances, for the fraud rules', () => {
  let clock: FakeClock;
  let first: TestApp;
  let second: TestApp;

  beforeEach(async () => {
    clock = new FakeClock(NOW);
    first = await startTestApp({ clock });
    second = await startTestApp({ clock, databaseUrl: first.database.url, stripe: first.stripe });
  });
  afterEach(async () => {
    await second.close();
    await first.close();
  });

  const credited = async (api: TestApp, body: Report['body']): Promise<string> => {
    const answer = await send(api, { body });
    expect(outcomeOf(answer)).toBe('201 attributed: true');
    return answer.body.referral?.id ?? '';
  };
  const casesOf = (...rules: string[]) =>
    first.database.prisma.reviewCase.findMany({
      where: { rule: { in: rules } },
      orderBy: { rule: 'asc' },
      include: { signals: true },
    });

  /**
   * Has the first instance credit a signup, whose transaction is held up at its very end, when its rules were asked already.
   * The other one begins then, and has to wait for it.
   */
  async function atOnce<T>(signup: Report['body'], other: () => Promise<T>): Promise<[string, T]> {
    let waiting: Promise<T> | undefined;
    beforeItCommits(first, async (tx) => {
      waiting = other();
      await untilSomebodyWaits(first, tx);
    });
    const held = await credited(first, signup);
    return [held, await (waiting as Promise<T>)];
  }

  it('are counted together', async () => {
    const { code } = await createAffiliate(first, { code: 'FAST' });
    for (let n = 0; n < 8; n++) await credited(first, { referredUserId: `before-${n}`, code });
    expect(await casesOf('conversion_rate', 'signup_velocity')).toEqual([]);
    await atOnce({ referredUserId: 'ninth', code }, () => credited(second, { referredUserId: 'tenth', code }));
    expect(await casesOf('conversion_rate', 'signup_velocity')).toMatchObject([
      { rule: 'conversion_rate', holds: true, signals: [{ evidence: { referrals: 10 } }] },
      { rule: 'signup_velocity', holds: false, signals: [{ evidence: { signups: 10 } }] },
    ]);
    await expectExactRollups(first);
  });

  it.each(['later', 'earlier'])(
    'with one e-mail are asked about, where the second one has the %s id',
    async (order) => {
      const email = 'mary@customer.example';
      const [one, other] = [
        await createAffiliate(first, { code: 'ONE' }),
        await createAffiliate(first, { code: 'OTHER' }),
      ];
      await credited(first, { referredUserId: 'of-the-day', code: 'ONE' });
      if (order === 'earlier') clock.advance(1_000);
      const ids = await atOnce({ referredUserId: 'mary', code: 'ONE', email }, () => {
        clock.set(order === 'earlier' ? NOW : new Date(NOW.getTime() + 1_000));
        return credited(second, { referredUserId: 'mary-again', code: 'OTHER', email });
      });
      const [earlierId, laterId] = order === 'earlier' ? [ids[1], ids[0]] : ids;
      expect(await casesOf('same_email')).toMatchObject([
        {
          affiliateId: order === 'earlier' ? one.id : other.id,
          signals: [{ key: laterId, referralId: laterId, subject: earlierId }],
        },
      ]);
    },
  );

  it.each(['customer pays with', 'affiliate is paid out to'])(
    'are compared with the bank account that at the same moment the %s',
    async (which) => {
      const { id, code } = await createAffiliate(first, { code: 'OWN' });
      await onboard(first, id);
      const { stripeAccountId } = await first.database.prisma.affiliate.findUniqueOrThrow({ where: { id } });
      await credited(first, { referredUserId: 'of-the-day', code });
      const method = { fingerprint: 'fp_own', kind: 'us_bank_account' };
      const methods = second.app.get(PaymentMethods);
      const known = [
        () => second.database.transaction((tx) => methods.customerPaid(tx, 'cus_own', method)),
        () => second.database.transaction((tx) => methods.accountIsPaidTo(tx, stripeAccountId ?? '', method)),
      ] as const;
      const [before, meanwhile] = which === 'customer pays with' ? [known[1], known[0]] : known;
      await before();
      const look = () => first.app.get(FraudNewsList).workThrough();
      await look();
      const [referralId] = await atOnce({ referredUserId: 'self', code, stripeCustomerId: 'cus_own' }, meanwhile);
      await look();
      expect(await casesOf('own_payment_method')).toMatchObject([{ affiliateId: id, signals: [{ referralId }] }]);
    },
  );
});

describe('a signup in a group', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp({ now: NOW });
    for (const code of ['GROUP', 'FULL']) await createAffiliate(api, { code });
  });
  afterAll(async () => api.close());

  const report = (referredUserId: string, key?: string, code = 'GROUP'): Report => ({
    body: { referredUserId, code },
    key,
  });
  const referralsOf = (referredUserId: string): Promise<number> =>
    api.database.prisma.referral.count({ where: { referredUserId } });

  const untilClaimed = (keys: string[]): Promise<void> =>
    eventually(async () => {
      expect(await api.database.prisma.idempotencyKey.count({ where: { key: { in: keys } } })).toBe(keys.length);
    });

  /** What is sent while a signup of this user is being written, whose transaction ends once all of that has come. */
  async function whileWriting(
    userId: string,
    meanwhile: () => Promise<Promise<SignupResponse>[]>,
  ): Promise<SignupResponse[]> {
    let sent: Promise<SignupResponse>[] = [];
    beforeItCommits(api, async () => {
      sent = await meanwhile();
    });
    expect(outcomeOf(await send(api, report(userId)))).toBe('201 attributed: true');
    return Promise.all(sent);
  }

  it.each<[string, ReferralSubject]>([
    ['user', { referredUserId: 'busy-user' }],
    ['customer', { stripeCustomerId: 'cus_busy_customer' }],
  ])('about whose %s something is being decided keeps nobody else waiting', async (kind, subject) => {
    let waiting: Promise<SignupResponse> | undefined;
    await api.database.transaction(async (tx) => {
      await lockReferralSubjects(tx, subject);
      waiting = send(api, {
        body: { referredUserId: `busy-${kind}`, code: 'GROUP', stripeCustomerId: `cus_busy_${kind}` },
      });
      await untilSomebodyWaits(api, tx);
      const others = await Promise.all([1, 2].map((n) => send(api, report(`free-${kind}-${n}`))));
      expect(others.map(outcomeOf)).toEqual(['201 attributed: true', '201 attributed: true']);
      expect(await referralsOf(`busy-${kind}`)).toBe(0);
    });
    expect(outcomeOf((await waiting) as SignupResponse)).toBe('201 attributed: true');
  });

  it('whose affiliate somebody keeps locked waits apart, and the others are credited', async () => {
    const { id: affiliateId } = await createAffiliate(api, { code: 'KEPT' });
    const { clickId } = await visit(api, 'KEPT');
    const kept = [report('kept-1', 'kept-1', 'KEPT'), { body: { referredUserId: 'kept-2', clickId } }];
    let waiting: Promise<SignupResponse>[] = [];
    await api.database.transaction(async (tx) => {
      await lockComparedSignups(tx, { affiliateIds: [affiliateId], emailHashes: [] });
      waiting = kept.map((one) => send(api, one));
      await untilSomebodyWaits(api, tx);
      // Both with and after those that wait, and again while those are apart.
      for (const round of [1, 2]) {
        const others = ['beside', 'besides'].map((user) => report(`${user}-${round}`, `${user}-${round}`));
        const answers = await Promise.all(others.map((one) => send(api, one)));
        expect(answers.map(outcomeOf)).toEqual(['201 attributed: true', '201 attributed: true']);
      }
      expect(await api.database.prisma.referral.count({ where: { affiliateId } })).toBe(0);
    });
    expect((await Promise.all(waiting)).map(outcomeOf)).toEqual(['201 attributed: true', '201 attributed: true']);
    await expectExactRollups(api);
  });

  it('whose affiliate is known to be kept locked joins those that wait, and no group waits for it in vain again', async () => {
    const { id: affiliateId } = await createAffiliate(api, { code: 'KNOWN' });
    const { database } = api;
    const inVain: unknown[] = [];
    database.groupTransaction = (work, onSent) =>
      Database.prototype.groupTransaction.call(database, work, onSent).catch((error: unknown) => {
        inVain.push(error);
        throw error;
      }) as never;
    let goesApart = (): void => undefined;
    const isApart = new Promise<void>((resolve) => (goesApart = resolve));
    // Waits for as long as the test holds the lock.
    database.patientTransaction = (work) => {
      goesApart();
      return database.sqlTransaction(work);
    };
    let waiting: Promise<SignupResponse>[] = [];
    try {
      await database.transaction(async (tx) => {
        await lockComparedSignups(tx, { affiliateIds: [affiliateId], emailHashes: [] });
        waiting = [send(api, report('known-1', 'known-1', 'KNOWN'))];
        await isApart;
        await untilSomebodyWaits(api, tx);
        waiting.push(send(api, report('known-2', 'known-2', 'KNOWN')));
        await untilClaimed(['known-2']);
        // It is in no group before this one, nor in it: otherwise this would be answered after a wait in vain only.
        expect(outcomeOf(await send(api, report('meanwhile', 'meanwhile')))).toBe('201 attributed: true');
      });
      expect((await Promise.all(waiting)).map(outcomeOf)).toEqual(['201 attributed: true', '201 attributed: true']);
      expect(inVain).toHaveLength(1);
    } finally {
      Reflect.deleteProperty(database, 'groupTransaction');
      Reflect.deleteProperty(database, 'patientTransaction');
    }
    expect(outcomeOf(await send(api, report('known-3', 'known-3', 'KNOWN')))).toBe('201 attributed: true');
    expect(await api.database.prisma.referral.count({ where: { affiliateId } })).toBe(3);
    await expectExactRollups(api);
  });

  it('whose affiliate is kept locked for too long is to come again, and has had no effect', async () => {
    const { id: affiliateId } = await createAffiliate(api, { code: 'KEPT-LONG' });
    const kept = ['long-1', 'long-2'].map((user) => report(user, user, 'KEPT-LONG'));
    await api.database.transaction(async (tx) => {
      await lockComparedSignups(tx, { affiliateIds: [affiliateId], emailHashes: [] });
      const refused = await Promise.all(kept.map((one) => send(api, one)));
      expect(refused.map(outcomeOf)).toEqual(['503 database_unavailable', '503 database_unavailable']);
      expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(['5', '5']);
    });
    expect(await api.database.prisma.referral.count({ where: { affiliateId } })).toBe(0);
    const again = await Promise.all(kept.map((one) => send(api, one)));
    expect(again.map(outcomeOf)).toEqual(['201 attributed: true', '201 attributed: true']);
    await expectExactRollups(api);
  });

  it('shares its transaction with those that arrived while another one was written', async () => {
    await whileWriting('first', async () => {
      const users = Array.from({ length: 20 }, (_, n) => `together-${n}`);
      const answers = users.map((user) => send(api, report(user, user)));
      await untilClaimed(users);
      return answers;
    });
    const [shared] = await api.database.prisma.$queryRaw<{ transactions: bigint; referrals: bigint }[]>`
      SELECT count(DISTINCT xmin::text) AS transactions, count(*) AS referrals
      FROM referrals WHERE referred_user_id LIKE 'together-%'`;
    // The last ones may have just missed the others.
    expect(shared?.transactions).toBeLessThanOrEqual(2n);
    expect(shared?.referrals).toBe(20n);
    await expectExactRollups(api);
  });

  it('whose day cannot be counted takes nobody else with it', async () => {
    expect(outcomeOf(await send(api, report('counted', undefined, 'FULL')))).toBe('201 attributed: true');
    const where = { code: 'FULL' };
    const { affiliateId } = await api.database.prisma.affiliateCode.findUniqueOrThrow({ where });
    const setSignups = (signups: number) =>
      api.database.prisma.referralDay.updateMany({ where: { affiliateId }, data: { signups } });
    await setSignups(2 ** 31 - 1);
    const answers = await whileWriting('before-the-full-day', async () => {
      const sent = [report('uncounted', 'uncounted', 'FULL'), report('countable', 'countable')];
      const answers = sent.map((one) => send(api, one));
      await untilClaimed(['uncounted', 'countable']);
      return answers;
    });
    expect(answers.map(outcomeOf)).toEqual(['500 internal_error', '201 attributed: true']);
    expect(await referralsOf('uncounted')).toBe(0);
    await setSignups(1);
    expect(outcomeOf(await send(api, report('uncounted', 'uncounted', 'FULL')))).toBe('201 attributed: true');
    await expectExactRollups(api);
  });

  it('whose lease is over leaves it without an effect, and the others are credited without it', async () => {
    const answers = await whileWriting('before-them', async () => {
      const late = send(api, report('late', 'late'));
      const beside = send(api, report('beside', 'beside'));
      await untilClaimed(['late', 'beside']);
      api.clock.advance(LEASE_MS + 1);
      const taken = send(api, report('late', 'late'));
      await eventually(async () => {
        const [key] = await api.database.prisma.idempotencyKey.findMany({ where: { key: 'late' } });
        expect(key?.leaseUntil.getTime()).toBeGreaterThan(api.clock.now().getTime());
      });
      return [late, beside, taken];
    });
    expect(answers.map(outcomeOf)).toEqual([
      '409 idempotency_in_progress',
      '201 attributed: true',
      '201 attributed: true',
    ]);
    expect(await api.database.prisma.attributionDecision.count({ where: { referredUserId: 'late' } })).toBe(1);
    expect(await referralsOf('late')).toBe(1);
    await expectExactRollups(api);
  });
});
