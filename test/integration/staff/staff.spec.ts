import { Secret, TOTP } from 'otpauth';
import { FirstStaffUser } from '../../../src/staff/first-staff-user.js';
import type { StaffAct } from '../../../src/staff/staff-act.js';
import { StaffLogin } from '../../../src/staff/staff-login.service.js';
import { StaffTotp, type TotpEnrolment } from '../../../src/staff/staff-totp.service.js';
import { StaffUsers } from '../../../src/staff/staff-users.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { processEnv, runCommandProcess } from '../../setup/processes.js';
import { createStaff, logIn, STAFF_PASSWORD } from '../../setup/staff.js';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ background: false, now: '2026-12-01T12:00:00Z' });
});
afterEach(async () => {
  // The audit records of what a test did are sealed, and none of them was touched.
  await expectSoundLedger(api);
  await api.close();
});

const users = (): StaffUsers => api.app.get(StaffUsers);
const find = (id: string) => api.app.get(StaffLogin).find(id);
const by = (staffUserId: string): StaffAct => ({ staffUserId, reason: 'It is time.' });
const auditOf = (subjectId: string) =>
  api.database.prisma.auditLog.findMany({
    where: { subjectType: 'staff_user', subjectId },
    orderBy: { id: 'asc' },
    select: { actorId: true, action: true, before: true, after: true, reason: true },
  });

describe('the first staff user', () => {
  const ensure = (): Promise<void> => api.app.get(FirstStaffUser).ensure();
  const demo = { email: 'admin@example.com', password: 'fairshare-demo' };

  it('is made once from the environment, by however many starts, and is an admin', async () => {
    await Promise.all([ensure(), ensure(), ensure()]);
    const { id } = await logIn(api, demo);
    expect(await find(id)).toEqual({
      id,
      email: 'admin@example.com',
      name: 'Admin',
      role: 'admin',
      sessionVersion: 1,
    });
    expect(await auditOf(id)).toMatchObject([{ actorId: 'system', action: 'staff_user.created' }]);
  });

  it('keeps the password that was set since', async () => {
    await ensure();
    const { id } = await logIn(api, demo);
    await users().setPassword(id, 'a better password', by(id));
    await ensure();
    await expect(logIn(api, demo)).rejects.toMatchObject({ status: 401 });
    await expect(logIn(api, { ...demo, password: 'a better password' })).resolves.toBeDefined();
  });

  it('does not get in by the password that the README shows once the service is put to work', async () => {
    await ensure();
    const atWork = await startTestApp({
      background: false,
      databaseUrl: api.database.url,
      env: {
        HOST: '0.0.0.0',
        JWT_SECRET: 'x'.repeat(32),
        SESSION_SECRET: 'y'.repeat(32),
        ADMIN_EMAIL: 'owner@example.com',
        ADMIN_PASSWORD: STAFF_PASSWORD,
      },
    });
    await expect(logIn(atWork, demo)).rejects.toMatchObject({ code: 'staff_credentials_wrong' });
    await atWork.close();
  });
});

describe('managing staff', () => {
  it('takes effect at once, is audited with its reason, and ends sessions where it should', async () => {
    const admin = await createStaff(api, 'owner');
    const ann = await users().create(
      { email: ' Ann@Example.com', name: 'Ann', role: 'viewer', password: STAFF_PASSWORD },
      by(admin.id),
    );
    expect(ann).toMatchObject({ email: 'ann@example.com', role: 'viewer' });
    await users().changeRole(ann.id, 'finance', by(admin.id));
    expect(await find(ann.id)).toEqual({ ...ann, role: 'finance' });
    await users().deactivate(ann.id, by(admin.id));
    expect(await find(ann.id)).toBeNull();
    await expect(logIn(api, { email: 'ann@example.com' })).rejects.toMatchObject({ status: 401 });
    await users().reactivate(ann.id, by(admin.id));
    expect(await find(ann.id)).toMatchObject({ sessionVersion: ann.sessionVersion + 1 });
    const who = { actorId: admin.id, reason: 'It is time.' };
    expect(await auditOf(ann.id)).toEqual([
      { ...who, action: 'staff_user.created', before: null, after: { role: 'viewer', active: true } },
      { ...who, action: 'staff_user.role_changed', before: { role: 'viewer' }, after: { role: 'finance' } },
      { ...who, action: 'staff_user.deactivated', before: { active: true }, after: { active: false } },
      { ...who, action: 'staff_user.reactivated', before: { active: false }, after: { active: true } },
    ]);
  });

  it('writes no name, address or hash into the audit log, which nobody can erase', async () => {
    const { id } = await createStaff(api, 'owner');
    await users().setPassword(id, 'a better password', by(id));
    const { rows } = await api.database.pool.query<{ row: string }>('SELECT a::text AS row FROM audit_log a');
    expect(rows.map(({ row }) => row).join('\n')).not.toMatch(/owner|example|argon2/);
  });

  it.each([
    ['an e-mail that somebody has', { email: 'OWNER@example.com' }, 'staff_user_exists'],
    ['no e-mail', { email: 'owner' }, 'staff_email_invalid'],
    ['a short password', { password: 'seven77' }, 'password_length'],
    ['an unknown role', { role: 'root' }, 'staff_role_unknown'],
  ])('refuses %s', async (_what, wrong, code) => {
    await createStaff(api, 'owner');
    const input = { email: 'ann@example.com', name: 'Ann', role: 'viewer', password: STAFF_PASSWORD, ...wrong };
    await expect(users().create(input as never, by('operator'))).rejects.toMatchObject({ code });
  });

  it('refuses to act without a reason, and on nobody', async () => {
    const { id } = await createStaff(api, 'owner');
    await expect(users().resetTotp(id, { staffUserId: id, reason: ' ' })).rejects.toMatchObject({
      code: 'reason_length',
    });
    await expect(users().resetTotp('stf_0', by(id))).rejects.toMatchObject({ code: 'staff_user_not_found' });
  });

  it('keeps the last admin, also when two admins remove each other at the same moment', async () => {
    const owner = await createStaff(api, 'owner');
    await expect(users().deactivate(owner.id, by(owner.id))).rejects.toMatchObject({ code: 'last_admin' });
    await expect(users().changeRole(owner.id, 'finance', by(owner.id))).rejects.toMatchObject({ code: 'last_admin' });
    const other = await createStaff(api, 'other');
    const settled = await Promise.allSettled([
      users().deactivate(owner.id, by(other.id)),
      users().changeRole(other.id, 'viewer', by(owner.id)),
    ]);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('an authenticator', () => {
  const STEP_MS = 30_000;
  let id: string;
  let enrolment: TotpEnrolment;
  const code = (secret = enrolment.secret): string =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: api.clock.now().getTime() });
  const totp = (): StaffTotp => api.app.get(StaffTotp);

  beforeEach(async () => {
    ({ id } = await createStaff(api, 'owner'));
    enrolment = await totp().begin(id);
  });

  it('is asked for once it has shown a code, and then always', async () => {
    expect(enrolment.uri).toMatch(/^otpauth:\/\/totp\/Fairshare:owner%40example\.com\?issuer=Fairshare&secret=/);
    await expect(logIn(api)).resolves.toBeDefined();
    await expect(totp().confirm(id, '000000')).rejects.toMatchObject({ code: 'totp_code_wrong' });
    await totp().confirm(id, code());
    await expect(logIn(api)).rejects.toMatchObject({ status: 401, code: 'totp_required' });
    await expect(totp().begin(id)).rejects.toMatchObject({ code: 'totp_enabled' });
    api.clock.advance(STEP_MS);
    await expect(logIn(api, { totpCode: code() })).resolves.toMatchObject({ id });
    expect((await auditOf(id)).map(({ action }) => action)).toEqual(['staff_user.created', 'staff_user.totp_enabled']);
  });

  it('opens once with each code, also when two log in with it at the same moment', async () => {
    await totp().confirm(id, code());
    await expect(logIn(api, { totpCode: code() })).rejects.toMatchObject({ code: 'totp_required' });
    api.clock.advance(STEP_MS);
    const shared = code();
    const settled = await Promise.allSettled([logIn(api, { totpCode: shared }), logIn(api, { totpCode: shared })]);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    // A code from before the last accepted one is as used as that.
    const earlier = code();
    api.clock.advance(STEP_MS);
    await logIn(api, { totpCode: code() });
    await expect(logIn(api, { totpCode: earlier })).rejects.toMatchObject({ code: 'totp_required' });
  });

  it.each([
    ['one step slow', -1, true],
    ['one step fast', 1, true],
    ['two steps slow', -2, false],
    ['two steps fast', 2, false],
  ])('whose clock is %s', async (_how, stepsOff, opens) => {
    api.clock.advance(-10 * STEP_MS);
    await totp().confirm(id, code());
    api.clock.advance((10 + stepsOff) * STEP_MS);
    const shown = code();
    api.clock.advance(-stepsOff * STEP_MS);
    const login = logIn(api, { totpCode: shown });
    await (opens ? expect(login).resolves.toBeDefined() : expect(login).rejects.toMatchObject({ status: 401 }));
  });

  it('is guessed as slowly as a password', async () => {
    await totp().confirm(id, code());
    for (let i = 0; i < 10; i++) {
      await expect(logIn(api, { totpCode: '123456' })).rejects.toMatchObject({ code: 'totp_required' });
    }
    api.clock.advance(STEP_MS);
    await expect(logIn(api, { totpCode: code() })).rejects.toMatchObject({ status: 429 });
  });

  it('is kept encrypted, and lets nobody in under another SESSION_SECRET', async () => {
    await totp().confirm(id, code());
    const { totpSecret } = await users().getByEmail('owner@example.com');
    const plain = Buffer.from(Secret.fromBase32(enrolment.secret).bytes);
    expect(Buffer.from(totpSecret ?? []).includes(plain)).toBe(false);
    const env = { SESSION_SECRET: 'z'.repeat(32) };
    const rotated = await startTestApp({ background: false, databaseUrl: api.database.url, clock: api.clock, env });
    api.clock.advance(STEP_MS);
    await expect(logIn(rotated, { totpCode: code() })).rejects.toMatchObject({ code: 'totp_required' });
    await rotated.close();
  });

  it('that is lost is reset by an admin, which ends the sessions', async () => {
    await totp().confirm(id, code());
    const admin = await createStaff(api, 'other');
    await users().resetTotp(id, by(admin.id));
    expect(await logIn(api)).toMatchObject({ sessionVersion: 2 });
    expect((await auditOf(id)).at(-1)).toEqual({
      actorId: admin.id,
      action: 'staff_user.totp_reset',
      before: { totpEnabled: true },
      after: { totpEnabled: false },
      reason: 'It is time.',
    });
  });
});

describe('npm run admin:password', () => {
  const run = (args: string[], input: string) =>
    runCommandProcess(
      'admin-password',
      args,
      processEnv({ url: api.database.url, ownerUrl: api.ownerUrl }, api.stripe),
      { input },
    );

  it('sets the password from its input, ends the sessions, and is audited as the operator', async () => {
    const { id } = await createStaff(api, 'owner');
    expect(await run(['--email', 'Owner@example.com'], 'a better password\n')).toMatchObject({ exitCode: 0 });
    await expect(logIn(api)).rejects.toMatchObject({ status: 401 });
    expect(await logIn(api, { password: 'a better password' })).toMatchObject({ id, sessionVersion: 2 });
    // A process of its own has the machine's clock, so the order says nothing here.
    expect(await auditOf(id)).toContainEqual(
      expect.objectContaining({ actorId: 'operator', action: 'staff_user.password_set' }),
    );
  });

  it('forgets a lost authenticator when told to', async () => {
    const { id } = await createStaff(api, 'owner');
    const { secret } = await api.app.get(StaffTotp).begin(id);
    const timestamp = api.clock.now().getTime();
    await api.app.get(StaffTotp).confirm(id, new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp }));
    await expect(logIn(api)).rejects.toMatchObject({ code: 'totp_required' });
    const { exitCode } = await run(['--email', 'owner@example.com', '--reset-totp'], STAFF_PASSWORD);
    expect(exitCode).toBe(0);
    await expect(logIn(api)).resolves.toMatchObject({ id });
  });

  it('makes nobody up, and changes nothing without a usable password', async () => {
    await createStaff(api, 'owner');
    const unknown = await run(['--email', 'nobody@example.com'], STAFF_PASSWORD);
    expect(unknown).toMatchObject({ exitCode: 1, output: expect.stringContaining('There is no such staff user.') });
    expect(await run(['--email', 'owner@example.com'], 'short\n')).toMatchObject({ exitCode: 1 });
    expect(await run(['--email', 'owner@example.com'], '')).toMatchObject({ exitCode: 2 });
    expect(await run([], STAFF_PASSWORD)).toMatchObject({ exitCode: 2, output: expect.stringContaining('Usage:') });
    expect(await api.database.prisma.staffUser.count()).toBe(1);
    await expect(logIn(api)).resolves.toBeDefined();
  });
});
