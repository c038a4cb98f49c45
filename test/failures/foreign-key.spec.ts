import { AccountRefresh } from '../../src/stripe/webhooks/account-refresh.js';
import { CatchUpScheduler } from '../../src/stripe/webhooks/catch-up-scheduler.js';
import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { Database } from '../../src/database/database.js';
import { noticesOf, onboardingOf } from '../setup/accounts.js';
import { FakeClock, startTestApp, WEBHOOK_SECRET, type TestApp } from '../setup/app.js';
import { createTestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { hostStripe, onboard, subscribe } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { balanceOf, onlyPayout, runOf, runPeriod, transfersOf } from '../setup/payday.js';
import { sell } from '../setup/sales.js';

/** To it every account of ours is one that was disconnected, and every transfer one that never was. */
describe('a key of another Stripe platform', () => {
  it('moves nothing, cancels nothing, tells nobody, and fetches nothing; the right key goes on', async () => {
    const clock = new FakeClock(new Date('2026-11-20T12:00:00Z'));
    const database = await createTestDatabase();
    const [ours, other] = await Promise.all(
      ['acct_1Ours', 'acct_1Other'].map((platformId) => StripeEmulator.start({ now: () => clock.now(), platformId })),
    );
    const installation = new Database(database.url);
    await installation.prisma.installation.create({ data: { id: 1, installedAt: clock.now() } });
    await installation.onApplicationShutdown();
    const startOn = async (stripe?: StripeEmulator): Promise<TestApp> => {
      const api = await startTestApp({ databaseUrl: database.url, stripe, clock });
      // The other platform's endpoints have secrets of their own: nothing of it arrives by itself.
      ours?.addWebhookEndpoint({ url: `${api.url}/stripe/webhooks`, secret: WEBHOOK_SECRET });
      return api;
    };

    let api = await startOn(ours);
    const { affiliateId } = await sell(api, 'ann', { total: 20_000 });
    await onboard(api, affiliateId);
    await api.close();

    api = await startOn(other);
    // It has customers of its own, with users of its own.
    await subscribe(api, { userId: 'somebody', unitAmountMinor: 5000 });
    clock.set('2026-12-01T06:00:00Z');
    const events = await api.database.prisma.stripeEvent.count();
    // The server's own schedule may be at it already.
    const haltedReason = expect.stringContaining('key_of_other_platform') as string;
    await eventually(async () => {
      await Promise.allSettled([runPeriod(api, '2026-12')]);
      expect(await runOf(api)).toMatchObject({ status: 'sending', haltedReason });
    });
    await expect(api.app.get(AccountRefresh).refreshDue()).rejects.toThrow('key_of_other_platform');
    await api.app.get(CatchUpScheduler).tick();
    const bob = await api.request<{ id: string }>('POST', '/v1/affiliates', { body: { userId: 'bob', name: 'Bob' } });
    const link = await api.request('POST', `/v1/affiliates/${bob.body.id}/onboarding-links`);
    expect(link.status).toBeGreaterThanOrEqual(500);

    expect(await onlyPayout(api, affiliateId)).toMatchObject({ status: 'pending', failureCode: null });
    expect(await onboardingOf(api, affiliateId)).toMatchObject({ payoutsEnabled: true });
    expect(await noticesOf(api, affiliateId)).toEqual([]);
    expect(await transfersOf(api)).toEqual([]);
    expect((await hostStripe(api).accounts.list()).data).toEqual([]);
    expect(await api.database.prisma.stripeEvent.count()).toBe(events);
    await expectSoundLedger(api);
    await api.close();

    api = await startOn(ours);
    await eventually(async () => {
      await runPeriod(api, '2026-12');
      expect(await runOf(api)).toMatchObject({ status: 'completed', haltedReason: null });
    });
    expect((await transfersOf(api)).map(({ amount }) => amount)).toEqual([4000]);
    expect(await balanceOf(api, affiliateId)).toMatchObject([{ inPayout: 0, paid: 4000 }]);
    await expectSoundLedger(api);
    await api.close();
    await ours?.close();
    await other?.close();
    await database.drop();
  });
});
