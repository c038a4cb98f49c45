import { JournalSealer } from '../../../src/commissions/ledger/journal-sealer.service.js';
import { NightlyVerification } from '../../../src/commissions/nightly-verification.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { sell } from '../../setup/sales.js';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp();
  api.clock.set('2026-12-01T12:00:00Z');
});
afterEach(async () => api.close());

const tick = (): Promise<void> => api.app.get(NightlyVerification).tick();
const kept = async (): Promise<[boolean, number][]> =>
  (await api.database.prisma.ledgerVerification.findMany({ orderBy: { id: 'asc' } })).map(({ isSound, breaches }) => [
    isSound,
    (breaches as unknown[]).length,
  ]);
const shiftBalance = (byMinor: number): Promise<number> =>
  api.database.prisma.$executeRaw`UPDATE balances SET payable_minor = payable_minor + ${byMinor}::int`;

describe('the proof of each night', () => {
  it('is made once, names what broke, and is shown by the metrics', async () => {
    const metrics = async (): Promise<string[]> =>
      (await (await fetch(`${api.url}/metrics`)).text())
        .split('\n')
        .filter((line) => line.startsWith('fairshare_ledger_verification'));
    await tick();
    expect([await kept(), await metrics()]).toEqual([[], []]);

    const { affiliateId } = await sell(api, 'Nightly');
    await api.app.get(JournalSealer).sealAll();
    await tick();
    await tick();
    expect(await kept()).toEqual([[true, 0]]);
    const last = await api.app.get(NightlyVerification).findLast();
    expect(last?.head).toMatch(/^[1-9]\d*:[0-9a-f]{64}$/);

    api.clock.set('2026-12-02T01:59:00Z');
    await shiftBalance(1);
    await tick();
    expect(await kept()).toEqual([[true, 0]]);
    api.clock.set('2026-12-02T02:00:00Z');
    await tick();
    await tick();
    const [, broken] = await kept();
    expect(await kept()).toHaveLength(2);
    expect(broken?.[0]).toBe(false);
    const { breaches } = (await api.app.get(NightlyVerification).findLast()) ?? {};
    expect(breaches).toEqual([
      { invariant: 'every balance equals its postings', breach: `balance of ${affiliateId} in usd` },
      {
        invariant: 'unpaid postings equal what is payable',
        breach: `balance of ${affiliateId} in usd: payable 1981, unlined postings 1980`,
      },
    ]);
    // What the database does not tell within two seconds is left out, until the next time.
    await eventually(async () =>
      expect(await metrics()).toEqual([
        `fairshare_ledger_verification_timestamp_seconds{result="sound"} ${Date.UTC(2026, 11, 1, 12) / 1000}`,
        `fairshare_ledger_verification_timestamp_seconds{result="unsound"} ${Date.UTC(2026, 11, 2, 2) / 1000}`,
      ]),
    );
    await shiftBalance(-1);
    await expectSoundLedger(api);
  });

  it('is made again when staff ask, once however many ask meanwhile, and answers what was asked before it began', async () => {
    const act = { staffUserId: 'stf_ann', reason: 'Before the auditors come' };
    const nightly = api.app.get(NightlyVerification);
    await sell(api, 'Asked');
    await tick();
    expect(await kept()).toHaveLength(1);
    expect(await Promise.all([nightly.request(act), nightly.request(act)])).toContainEqual(true);
    await tick();
    await tick();
    const asked = await api.database.prisma.ledgerVerificationRequest.findMany({ include: { verification: true } });
    expect(asked.map(({ requestedBy, verification }) => [requestedBy, verification?.isSound])).toEqual(
      asked.map(() => ['stf_ann', true]),
    );
    expect(await kept()).toHaveLength(1 + asked.length);
    expect(await nightly.findRequest()).toBeNull();
    const log = await api.database.prisma.auditLog.findMany({ where: { action: 'ledger.verification_requested' } });
    expect(log.map(({ subjectId }) => subjectId).sort()).toEqual(asked.map(({ id }) => id).sort());
    await expect(nightly.request({ ...act, reason: ' ' })).rejects.toMatchObject({ code: 'reason_length' });
    await expectSoundLedger(api);
  });
});
