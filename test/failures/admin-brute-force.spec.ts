import { LoginThrottle } from '../../src/staff/login-throttle.js';
import { StaffUsers } from '../../src/staff/staff-users.service.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { createStaff, logIn, STAFF_PASSWORD } from '../setup/staff.js';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ background: false });
  await createStaff(api, 'owner');
});
afterEach(async () => api.close());

const MINUTE_MS = 60_000;
const OWNER_IP = '192.0.2.1';
const WRONG = { status: 401, code: 'staff_credentials_wrong' };
const BLOCKED = { status: 429, code: 'too_many_attempts' };

const guess = (given: { email?: string; ip?: string; password?: string } = {}) =>
  logIn(api, { password: 'a guess', ...given });
/** What came of each log-in: the code of its refusal, or `in`. */
async function outcomes(tries: Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const settled of await Promise.allSettled(tries)) {
    const outcome = settled.status === 'fulfilled' ? 'in' : (settled.reason as { code: string }).code;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}
/** Fills the counter of the owner's account over all addresses: ten guesses from each of ten, or less far from fewer. */
async function floodAccount(machines = 10): Promise<void> {
  for (let machine = 0; machine < machines; machine++) {
    const ip = `203.0.113.${machine}`;
    expect(await outcomes(Array.from({ length: 10 }, () => guess({ ip })))).toEqual({ staff_credentials_wrong: 10 });
  }
}

describe('67 Guessing the password of staff', () => {
  it('is refused from the eleventh try on, whatever it says, and says when to come back', async () => {
    for (let i = 0; i < 10; i++) await expect(guess()).rejects.toMatchObject(WRONG);
    api.clock.advance(5 * MINUTE_MS);
    await expect(logIn(api)).rejects.toMatchObject({ ...BLOCKED, headers: { 'retry-after': '600' } });
    api.clock.advance(10 * MINUTE_MS - 1);
    await expect(logIn(api)).rejects.toMatchObject({ ...BLOCKED, headers: { 'retry-after': '1' } });
    api.clock.advance(1);
    await expect(logIn(api)).resolves.toMatchObject({ email: 'owner@example.com' });
  });

  it('is measured over any fifteen minutes, not by the clock face', async () => {
    await expect(guess()).rejects.toMatchObject(WRONG);
    api.clock.advance(14 * MINUTE_MS);
    for (let i = 0; i < 9; i++) await expect(guess()).rejects.toMatchObject(WRONG);
    api.clock.advance(MINUTE_MS);
    await expect(guess()).rejects.toMatchObject(WRONG);
    await expect(guess()).rejects.toMatchObject(BLOCKED);
  });

  it('a hundred times at once, through two instances, is counted like a hundred in a row', async () => {
    const other = await startTestApp({ background: false, databaseUrl: api.database.url, clock: api.clock });
    const tries = Array.from({ length: 100 }, (_, i) => logIn(i % 2 === 0 ? api : other, { password: 'a guess' }));
    expect(await outcomes(tries)).toEqual({ staff_credentials_wrong: 10, too_many_attempts: 90 });
    await other.close();
  });

  it('goes on no longer by being tried meanwhile', async () => {
    for (let i = 0; i < 10; i++) await expect(guess()).rejects.toMatchObject(WRONG);
    for (let minute = 0; minute < 15; minute++) {
      await expect(guess()).rejects.toMatchObject(BLOCKED);
      api.clock.advance(MINUTE_MS);
    }
    await expect(logIn(api)).resolves.toBeDefined();
  });

  it('counts an IPv6 neighbourhood as one address, and an account however it is written', async () => {
    const emails = ['owner@example.com', ' OWNER@Example.com ', 'owner@example.com\0'];
    for (let i = 0; i < 10; i++) {
      await expect(guess({ ip: `2001:db8:1:2::${i}`, email: emails[i % 3] ?? '' })).rejects.toMatchObject(WRONG);
    }
    await expect(logIn(api, { ip: '2001:db8:1:2:ffff::1' })).rejects.toMatchObject(BLOCKED);
    await expect(logIn(api, { ip: '2001:db8:1:3::1' })).resolves.toBeDefined();
  });

  it('from many machines fills the account, and does not lock its owner out where they have logged in before', async () => {
    await logIn(api, { ip: OWNER_IP });
    await floodAccount();
    await expect(guess({ ip: '198.51.100.1' })).rejects.toMatchObject(BLOCKED);
    await expect(logIn(api, { ip: '198.51.100.1' })).rejects.toMatchObject(BLOCKED);
    await expect(logIn(api, { ip: OWNER_IP })).resolves.toBeDefined();
    for (let i = 0; i < 10; i++) await expect(guess({ ip: OWNER_IP })).rejects.toMatchObject(WRONG);
    await expect(guess({ ip: OWNER_IP })).rejects.toMatchObject(BLOCKED);
  });

  it('from many machines at once is counted like one after the other', async () => {
    await floodAccount(9);
    const tries = Array.from({ length: 30 }, (_, machine) => guess({ ip: `198.51.100.${machine}` }));
    expect(await outcomes(tries)).toEqual({ staff_credentials_wrong: 10, too_many_attempts: 20 });
  });

  it('from many machines is kept out also where only somebody else has logged in, or the owner ninety days ago', async () => {
    await createStaff(api, 'colleague');
    await logIn(api, { ip: OWNER_IP });
    api.clock.advance(90 * 24 * 60 * MINUTE_MS);
    await logIn(api, { email: 'colleague@example.com', ip: '198.51.100.1' });
    await floodAccount();
    for (const ip of ['198.51.100.1', OWNER_IP]) await expect(logIn(api, { ip })).rejects.toMatchObject(BLOCKED);
  });

  it('is forgiven when an operator sets a new password, wherever its owner is', async () => {
    const users = api.app.get(StaffUsers);
    await floodAccount();
    const { id } = await users.getByEmail('owner@example.com');
    await users.setPassword(id, 'another password', { staffUserId: 'operator', reason: 'a flood' });
    await expect(logIn(api, { ip: '198.51.100.1', password: 'another password' })).resolves.toBeDefined();
  });

  it('of everybody from one address stops at the fiftieth, and nobody else pays for it', async () => {
    const spray = Array.from({ length: 60 }, (_, i) => guess({ email: `staff${i}@example.com`, ip: '203.0.113.9' }));
    expect(await outcomes(spray)).toEqual({ staff_credentials_wrong: 50, too_many_attempts: 10 });
    await expect(logIn(api, { ip: '203.0.113.9' })).rejects.toMatchObject(BLOCKED);
    await expect(logIn(api, { ip: OWNER_IP })).resolves.toBeDefined();
  });

  it('learns nothing about which accounts there are: the same answer, and the same work', async () => {
    const { id } = await api.app.get(StaffUsers).getByEmail('owner@example.com');
    await createStaff(api, 'gone');
    const gone = await api.app.get(StaffUsers).getByEmail('gone@example.com');
    await api.app.get(StaffUsers).deactivate(gone.id, { staffUserId: id, reason: 'has left' });
    const refusal = async (email: string, password: string) => {
      let error: unknown;
      let leastWorkUs = Infinity;
      for (let i = 0; i < 3; i++) {
        const before = process.cpuUsage();
        error = await guess({ email, password }).catch((caught: unknown) => caught);
        leastWorkUs = Math.min(leastWorkUs, process.cpuUsage(before).user);
      }
      return { error, leastWorkUs };
    };
    const known = await refusal('owner@example.com', 'a guess');
    for (const email of ['nobody@example.com', 'gone@example.com']) {
      const other = await refusal(email, STAFF_PASSWORD);
      expect(other.error).toEqual(known.error);
      // Without the work on the password it would be a tenth. Processor time is the same whatever else the machine does.
      expect(other.leastWorkUs).toBeGreaterThan(known.leastWorkUs / 4);
    }
  });

  it('keeps accounts and addresses as keyed hashes only, and nothing for longer than it counts', async () => {
    await logIn(api);
    await expect(guess()).rejects.toMatchObject(WRONG);
    const tables = ['staff_login_tries', 'staff_known_ips'];
    for (const table of tables) {
      const { rows } = await api.database.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
      expect(rows).toHaveLength(1);
      expect(rows[0]?.row).not.toMatch(/owner|192\.0\.2|@/);
    }
    api.clock.advance(91 * 24 * 60 * MINUTE_MS);
    await api.app.get(LoginThrottle, { strict: false }).cleanUp();
    for (const table of tables) {
      const { rows } = await api.database.pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
      expect(rows).toEqual([{ n: '0' }]);
    }
  });
});
