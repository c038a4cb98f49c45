/** What affiliates are written about, once each, from the facts themselves to a real mail server. */
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { MailScheduler } from '../../../src/mail/mail-scheduler.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { accountIdOf, atStripe } from '../../setup/accounts.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { startMailServer, type TestMailServer } from '../../setup/mail-server.js';
import { earn, runPeriod } from '../../setup/payday.js';

let api: TestApp;
let server: TestMailServer;

const MAIL = { MAIL_FROM: 'Acme <partners@acme.example>', MAIL_PER_SECOND: '500' };

async function start(env: Record<string, string> = {}): Promise<void> {
  server = await startMailServer();
  api = await startTestApp({
    now: '2026-11-10T12:00:00Z',
    env: { ...MAIL, SMTP_URL: `smtp://127.0.0.1:${server.port}`, ...env },
  });
}

beforeEach(() => start());
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
  await server.close();
});

/** An affiliate with an address, and one customer, that earns 100 %. */
async function affiliate(name: string, email: string | null = `${name}@example.com`): Promise<string> {
  const { id } = await affiliateWithReferrals(api, name, [`${name}-customer`]);
  await api.database.prisma.affiliateRate.create({
    data: { affiliateId: id, effectiveFrom: new Date(0), rateBps: 10_000 },
  });
  await api.request('PATCH', `/v1/affiliates/${id}`, { body: { email } });
  return id;
}

/** What somebody has got, by subject, in whatever order it arrived. */
const subjectsOf = (name: string): string[] =>
  server.emails
    .filter(({ to }) => to !== undefined && !Array.isArray(to) && to.text === `${name}@example.com`)
    .map(({ subject }) => subject ?? '')
    .sort();

const textOf = (subject: string): string =>
  server.emails.find((email) => email.subject === subject)?.text?.replaceAll('\u00A0', ' ') ?? '';

/** Everything that has happened has been told, written about and sent. */
async function settle(): Promise<void> {
  await api.settle();
  await eventually(async () => expect(await isBehind(api)).toBe(false));
  await api.app.get(MailScheduler).tick();
  await eventually(async () => {
    expect(await api.database.prisma.email.count({ where: { status: { in: ['queued', 'sending'] } } })).toBe(0);
  });
}

/** Whether there are events that no e-mail was thought about. */
async function isBehind(app: TestApp): Promise<boolean> {
  const [found] = await app.database.prisma.$queryRaw<{ behind: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM domain_events e, event_consumers c WHERE c.name = 'mail'
                     AND (e.position IS NULL OR e.position > c.position)) AS behind`;
  return found?.behind ?? true;
}

describe('a newcomer', () => {
  it('is welcomed once it takes part and has an address, whichever comes last, and once only', async () => {
    const create = (name: string, more: object) =>
      api.request<AffiliateDto>('POST', '/v1/affiliates', { body: { userId: `user-${name}`, name, ...more } });
    await create('ann', { email: 'ann@example.com' });
    const { body: bob } = await create('bob', { email: 'bob@example.com', status: 'pending' });
    const { body: cleo } = await create('cleo', {});
    await settle();
    expect(['ann', 'bob', 'cleo'].map((name) => subjectsOf(name).length)).toEqual([1, 0, 0]);
    await api.request('PATCH', `/v1/affiliates/${bob.id}`, { body: { status: 'active' } });
    await api.request('PATCH', `/v1/affiliates/${cleo.id}`, { body: { email: 'cleo@example.com' } });
    await settle();
    await api.request('PATCH', `/v1/affiliates/${bob.id}`, { body: { name: 'Bob Junior' } });
    await settle();
    const welcome = ['Welcome to the affiliate programme of Acme'];
    expect(['ann', 'bob', 'cleo'].map(subjectsOf)).toEqual([welcome, welcome, welcome]);
  });
});

describe('a first customer', () => {
  it('is written about when it pays, the second one is not', async () => {
    await affiliate('ann');
    await earn(api, 'ann', 1999);
    await settle();
    const subject = 'Your first customer has paid';
    expect(subjectsOf('ann')).toEqual(['Welcome to the affiliate programme of Acme', subject]);
    expect(textOf(subject)).toContain('became a paying customer on\n10 November 2026.');
    expect(textOf(subject)).toMatch(/Your first commission\n {2}USD 19\.99\nReady for the next payout/);
    expect(textOf(subject)).toContain('You have not set up your payouts yet.');
    const { body } = await api.request<AffiliateDto>('GET', `/v1/affiliates?userId=user-ann`);
    const [{ code } = { code: '' }] = (body as unknown as { data: AffiliateDto[] }).data;
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'second-customer', code } });
    await earn(api, 'second', 5000);
    await settle();
    expect(subjectsOf('ann')).toHaveLength(2);
  });
});

describe('a payout run', () => {
  it('is followed by payouts, statements, and a word to whoever could not be paid', async () => {
    const ids = { ann: await affiliate('ann'), bob: await affiliate('bob'), cleo: await affiliate('cleo') };
    await affiliate('dan');
    await onboard(api, ids.ann);
    await onboard(api, ids.cleo);
    await earn(api, 'ann', 12_500);
    await earn(api, 'bob', 4_000);
    await earn(api, 'cleo', 1_200);
    await settle();
    server.emails.length = 0;
    api.clock.set('2026-12-01T06:00:00Z');
    await runPeriod(api, '2026-12');
    await settle();
    const statement = 'Your statement for November 2026';
    expect(subjectsOf('ann')).toEqual(['We have paid you USD 125.00', statement]);
    expect(subjectsOf('bob')).toEqual(['Set up your payouts to receive USD 40.00', statement]);
    expect(subjectsOf('cleo')).toEqual([statement]);
    // Nobody who has nothing and did nothing is written to.
    expect(subjectsOf('dan')).toEqual([]);
    const texts = ['ann', 'bob', 'cleo'].map(
      (name) =>
        server.emails
          .find(({ to, subject }) => subject === statement && !Array.isArray(to) && to?.text === `${name}@example.com`)
          ?.text?.replaceAll('\u00A0', ' ') ?? '',
    );
    expect(texts[0]).toMatch(/Earned +USD 125\.00\n[^]*Paid out on 1 December 2026 +USD 125\.00\n +On hold +USD 0\.00/);
    expect(texts[1]).toContain('USD 40.00 could not be paid out: you have not set up your payouts yet.');
    expect(texts[2]?.replaceAll(/\s+/g, ' ')).toContain(
      'USD 12.00 were not paid out this time: payouts begin at USD 25.00.',
    );
    expect(texts.every((text) => text.includes('The next payout is on 1 January 2027.'))).toBe(true);
    const links = server.emails.map(({ headers }) => JSON.stringify(headers.get('list') ?? null));
    expect(links.filter((link) => link.includes('/unsubscribe?token='))).toHaveLength(4);
    // A second look, and a restart's, find nothing new.
    await api.database.prisma.emailRun.updateMany({ data: { completedAt: null, afterAffiliateId: '' } });
    await settle();
    expect(server.emails).toHaveLength(5);
  });

  it('is not written about to whoever switched that off, has no address, or is suspended', async () => {
    for (const name of ['ann', 'bob', 'cleo']) {
      const id = await affiliate(name);
      await onboard(api, id);
      await earn(api, name, 5_000);
      if (name === 'bob') await api.request('PATCH', `/v1/affiliates/${id}`, { body: { email: null } });
      if (name === 'cleo') await api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } });
    }
    await api.request('PATCH', '/v1/me/email-preferences', {
      token: api.token('affiliate', 'user-ann'),
      body: { payoutPaid: false },
    });
    await settle();
    server.emails.length = 0;
    api.clock.set('2026-12-01T06:00:00Z');
    await runPeriod(api, '2026-12');
    await settle();
    expect(server.emails.map(({ subject }) => subject)).toEqual(['Your statement for November 2026']);
    expect(subjectsOf('ann')).toEqual(['Your statement for November 2026']);
  });
});

describe('a notice', () => {
  const seconds = (at: string): number => new Date(at).getTime() / 1000;

  it('of whatever keeps an affiliate from its money reaches it once, while it is so', async () => {
    const id = await affiliate('ann');
    await onboard(api, id);
    await settle();
    server.emails.length = 0;
    const accountId = await accountIdOf(api, id);
    const asked = { requirements: ['individual.phone'], deadline: seconds('2026-11-30T00:00:00Z') };
    await atStripe(api, accountId, 'request-details', asked);
    await settle();
    await atStripe(api, accountId, 'request-details', { ...asked, problem: 'Not readable.' });
    api.stripe.failBankPayout(accountId, { amount: 2500, currency: 'usd' });
    await settle();
    await atStripe(api, accountId, 'restrict');
    await settle();
    await atStripe(api, accountId, 'complete-onboarding');
    await settle();
    expect(subjectsOf('ann')).toEqual([
      'Stripe has paused your payouts',
      'Stripe needs something from you by 30 November 2026',
      'Your bank sent USD 25.00 back',
    ]);
    expect(server.emails.some(({ headers }) => headers.has('list'))).toBe(false);
  });

  it('that is no longer so when its e-mail could go out is dropped', async () => {
    const id = await affiliate('ann');
    await onboard(api, id);
    await settle();
    server.emails.length = 0;
    const accountId = await accountIdOf(api, id);
    await atStripe(api, accountId, 'restrict');
    await atStripe(api, accountId, 'complete-onboarding');
    await settle();
    expect(server.emails).toEqual([]);
    const [email] = await api.database.prisma.email.findMany({ where: { occasion: 'action_needed' } });
    expect(email).toMatchObject({ status: 'dropped', droppedReason: 'outdated' });
  });
});

describe('while e-mails are off', () => {
  it('nothing is written down, and turning them on later does not bring the past', async () => {
    const off = await startTestApp({ now: '2026-11-10T12:00:00Z' });
    await affiliateWithReferrals(off, 'early', ['early-customer']);
    await off.request('PATCH', `/v1/affiliates/${await idOf(off, 'early')}`, { body: { email: 'early@example.com' } });
    await eventually(async () => expect(await isBehind(off)).toBe(false));
    expect(await off.database.prisma.email.count()).toBe(0);
    // The same database, started anew with a mail server; its own is dropped at the end.
    const { api: on, close } = await restartedWithMail(off);
    await on.request('POST', '/v1/affiliates', { body: { userId: 'late', name: 'late', email: 'late@example.com' } });
    await eventually(async () => expect(server.emails).toHaveLength(1));
    await earn(on, 'early', 1999);
    await eventually(async () => expect(server.emails).toHaveLength(2));
    expect(subjectsOf('early')).toEqual(['Your first customer has paid']);
    expect(subjectsOf('late')).toEqual(['Welcome to the affiliate programme of Acme']);
    await close();
  });
});

async function idOf(app: TestApp, name: string): Promise<string> {
  return (await app.database.prisma.affiliate.findUniqueOrThrow({ where: { userId: `user-${name}` } })).id;
}

/** The service stops, and starts again on the same database and Stripe with a mail server. */
async function restartedWithMail(off: TestApp): Promise<{ api: TestApp; close: () => Promise<void> }> {
  await off.app.close();
  const on = await startTestApp({
    databaseUrl: off.database.url,
    clock: off.clock,
    stripe: off.stripe,
    env: { ...MAIL, SMTP_URL: `smtp://127.0.0.1:${server.port}` },
  });
  const close = async (): Promise<void> => {
    await on.close();
    await off.stripe.close();
  };
  return { api: on, close };
}
