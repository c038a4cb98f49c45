import { Secret, TOTP } from 'otpauth';
import { ReviewCases } from '../../src/fraud/review-cases.service.js';
import { STAFF_ROLES, mayAct, type StaffRole } from '../../src/staff/staff-role.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { callAs, postLogin, startPanel, type PanelCaller, type TestPanel } from '../setup/panel.js';
import { processEnv, runCommandProcess } from '../setup/processes.js';
import { balancesOf, sell } from '../setup/sales.js';
import { STAFF_PASSWORD } from '../setup/staff.js';

/** Every action with the least role that may do it. */
const ACTIONS = [
  ['affiliates', 'approve', 'reviewer'],
  ['affiliates', 'suspend', 'reviewer'],
  ['affiliates', 'approveAll', 'reviewer'],
  ['affiliates', 'suspendAll', 'reviewer'],
  ['affiliates', 'adjust', 'finance'],
  ['affiliates', 'addPromotionCode', 'reviewer'],
  ['affiliates', 'export', 'finance'],
  ['promotion-codes', 'remove', 'reviewer'],
  ['review-cases', 'approve', 'reviewer'],
  ['review-cases', 'reject', 'reviewer'],
  ['review-cases', 'suspendAffiliate', 'reviewer'],
  ['review-cases', 'whitelistPair', 'reviewer'],
  ['review-cases', 'acceptOutOfBand', 'reviewer'],
  ['runs', 'approve', 'finance'],
  ['runs', 'cancel', 'finance'],
  ['runs', 'retryFailed', 'finance'],
  ['payouts', 'retry', 'finance'],
  ['ledger', 'verify', 'finance'],
  ['plans', 'addVersion', 'admin'],
  ['rules', 'change', 'admin'],
  ['stripe-events', 'replay', 'admin'],
  ['stripe-events', 'replayAll', 'admin'],
  ['webhook-deliveries', 'resend', 'admin'],
  ['webhook-deliveries', 'resendAll', 'admin'],
  ['staff', 'create', 'admin'],
  ['staff', 'changeRole', 'admin'],
  ['staff', 'setPassword', 'admin'],
  ['staff', 'resetTotp', 'admin'],
  ['staff', 'deactivate', 'admin'],
  ['staff', 'reactivate', 'admin'],
] as const satisfies [string, string, StaffRole][];

const EXPECTED_OF: Record<string, object> = {
  export: { status: 405, code: 'method_not_allowed' },
  // There is no payout here.
  retry: { status: 404, code: undefined },
};

/** What staff may do in the panel, by AdminJS' own routes, against the built server. */
describe('an action of the admin panel', () => {
  let panel: TestPanel;
  let callers: Record<StaffRole, PanelCaller>;

  beforeAll(async () => {
    panel = await startPanel({ PAYOUT_APPROVAL: 'manual' });
    const logged = await Promise.all(STAFF_ROLES.map(async (role) => [role, await callAs(panel.url, role)] as const));
    callers = Object.fromEntries(logged) as typeof callers;
  });
  afterAll(() => panel.close());
  afterEach(() => expectSoundLedger(panel.api));

  const record = (resource: string, id: string, action: string): string =>
    `/api/resources/${resource}/records/${id}/${action}`;

  it.each(ACTIONS)(
    '%s / %s is for %s at least, and changes nothing when others try',
    async (resource, action, least) => {
      const id = await someRecord(panel, resource);
      const path = action.endsWith('All')
        ? `/api/resources/${resource}/bulk/${action}?recordIds=${id}`
        : ['create', 'export', 'verify'].includes(action)
          ? `/api/resources/${resource}/actions/${action}`
          : record(resource, id, action);
      for (const role of STAFF_ROLES.filter((each) => !mayAct(each, least))) {
        const { status, body } = await callers[role].post(path, {
          reason: 'because I can',
          amount: '1',
          currency: 'usd',
        });
        expect({ role, status, code: body['error']?.code }).toEqual({ role, status: 403, code: 'forbidden' });
        expect((await callers[role].get(path)).status).toBe(403);
      }
      // Who may is asked for a reason first.
      const { status, body } = await callers[least].post(path, { reason: '  ' });
      expect({ status, code: body['error']?.code }).toEqual(
        EXPECTED_OF[action] ?? { status: 422, code: 'field_invalid' },
      );
      expect(await panel.api.database.prisma.auditLog.count({ where: { actorId: { startsWith: 'stf_' } } })).toBe(0);
    },
  );

  it('adjusts a balance once however often its form is sent, and its adjuster cannot approve the run that pays it', async () => {
    const { id } = await affiliateWithReferrals(panel.api, 'Ada', []);
    await onboard(panel.api, id);
    const form = { amount: '-12.50', currency: 'USD', reason: 'An old debt', formId: crypto.randomUUID() };
    const first = await callers.finance.post(record('affiliates', id, 'adjust'), form);
    expect(first.body['notice'].message).toBe('The balance was adjusted by -12.50 USD.');
    expect((await callers.finance.post(record('affiliates', id, 'adjust'), form)).status).toBe(200);
    const gift = { amount: '62.5', currency: 'usd', reason: 'A prize', formId: crypto.randomUUID() };
    expect((await callers.finance.post(record('affiliates', id, 'adjust'), gift)).status).toBe(200);
    expect(await balancesOf(panel.api, id)).toMatchObject([{ currency: 'usd', payable: 5000 }]);
    for (const amount of ['0', '1.234', 'ten', '', '1e3']) {
      const refused = await callers.finance.post(record('affiliates', id, 'adjust'), {
        ...gift,
        amount,
        formId: crypto.randomUUID(),
      });
      expect({ amount, status: refused.status }).toEqual({ amount, status: 422 });
    }

    const asOf = new Date(Date.now() + 1000).toISOString();
    const env = processEnv(panel.database, panel.api.stripe, { PAYOUT_APPROVAL: 'manual' });
    expect(await runCommandProcess('payouts', ['--period', asOf.slice(0, 7), '--as-of', asOf], env)).toMatchObject({
      exitCode: 0,
    });
    const { id: runId } = await panel.api.database.prisma.payoutRun.findFirstOrThrow({
      where: { period: asOf.slice(0, 7) },
    });
    const own = await callers.finance.post(record('runs', runId, 'approve'), { reason: 'Looks right to me' });
    expect([own.status, own.body['error'].code]).toEqual([422, 'second_approver_needed']);
    expect(await panel.api.database.prisma.payoutRun.findUnique({ where: { id: runId } })).toMatchObject({
      status: 'awaiting_approval',
    });
    const other = await callers.admin.post(record('runs', runId, 'cancel'), { reason: 'Not this month' });
    expect(other.body['notice'].message).toMatch(/is canceled; everything is payable again/);
    expect(await balancesOf(panel.api, id)).toMatchObject([{ payable: 5000, inPayout: 0 }]);
  });

  it('approves and suspends many affiliates at once, with one reason that the audit log keeps for each', async () => {
    const made = await Promise.all(['Bea', 'Ben'].map((name) => affiliateWithReferrals(panel.api, name, [])));
    const ids = made.map(({ id }) => id);
    const bulk = `/api/resources/affiliates/bulk/suspendAll?recordIds=${ids.join(',')}`;
    const done = await callers.reviewer.post(bulk, { reason: 'Same office, same coupons' });
    expect(done.body['notice'].message).toBe('2 affiliates were suspended.');
    const audited = await panel.api.database.prisma.auditLog.findMany({ where: { subjectId: { in: ids } } });
    expect(audited.map(({ action, reason }) => `${action}: ${reason}`)).toEqual(
      Array(2).fill('affiliate.suspended: Same office, same coupons'),
    );
    const back = `/api/resources/affiliates/bulk/approveAll?recordIds=${ids.join(',')}`;
    const approved = await callers.reviewer.post(back, { reason: 'Two shops in one house' });
    expect(approved.body['notice'].message).toBe('2 affiliates were approved.');
    expect(await panel.api.database.prisma.affiliate.count({ where: { id: { in: ids }, status: 'active' } })).toBe(2);
  });

  it('of two reviewers who decide one case the second is told that it is decided', async () => {
    const { affiliateId } = await sell(panel.api, 'Cleo');
    const caseId = await openCase(panel, affiliateId);
    const both = await Promise.all([
      callers.reviewer.post(record('review-cases', caseId, 'approve'), { reason: 'A real shop' }),
      callers.admin.post(record('review-cases', caseId, 'reject'), { reason: 'A fake shop', suspend: 'no' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('sets a rule, adds terms and replays an event for admins', async () => {
    const rule = await callers.admin.post(record('rules', 'conversion_rate', 'change'), {
      mode: 'hold',
      thresholds: '',
      reason: 'Hold first, ask then',
    });
    expect(rule.body['record'].params.level).toBe('hold');
    const unfit = await callers.admin.post(record('rules', 'conversion_rate', 'change'), {
      mode: 'refuse',
      reason: 'Refuse all',
    });
    expect(unfit.status).toBe(422);
    const terms = await callers.admin.post(record('plans', 'pln_default', 'addVersion'), {
      rate: '12.5',
      durationMonths: '12',
      holdDays: '14',
      reason: 'Agreed for 2027',
    });
    expect(terms.body['record'].params).toMatchObject({ rate: '12.5 %', duration: '12 months', holdDays: '14 days' });
    await sell(panel.api, 'Dora');
    const event = await panel.api.database.prisma.stripeEvent.findFirstOrThrow({ where: { type: 'invoice.paid' } });
    const replay = await callers.admin.post(record('stripe-events', event.id, 'replay'), { reason: 'To be sure' });
    expect(replay.body['notice'].message).toBe('The event was processed again: processed.');
    const deliveryId = await someDelivery(panel);
    const resend = await callers.admin.post(record('webhook-deliveries', deliveryId, 'resend'), {
      reason: 'It got lost',
    });
    expect(resend.body['notice'].message).toBe('It is sent again.');
  });

  it('exports a list as a file that no spreadsheet runs, and writes down who took it and why', async () => {
    await affiliateWithReferrals(panel.api, '=HYPERLINK("https://evil.example")', []);
    const file = await fetch(`${panel.url}/admin/export/affiliates?filters.name=HYPERLINK`, {
      method: 'POST',
      headers: {
        cookie: callers.finance.cookie,
        origin: panel.url,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ reason: 'For the auditors' }).toString(),
    });
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="affiliates.csv"');
    const lines = (await file.text()).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('id,name,status,code');
    expect(lines[1]).toContain(`"'=HYPERLINK(""https://evil.example"")"`);
    const [taken] = await panel.api.database.prisma.auditLog.findMany({ where: { action: 'list.exported' } });
    expect(taken).toMatchObject({ subjectId: 'affiliates', reason: 'For the auditors', after: { filters: ['name'] } });
    const refused = await fetch(`${panel.url}/admin/export/affiliates`, {
      method: 'POST',
      headers: { cookie: callers.reviewer.cookie, origin: panel.url },
      body: new URLSearchParams({ reason: 'For myself' }),
    });
    expect(refused.status).toBe(403);
  });

  it('sets up a second factor, which the log-in asks for from then on', async () => {
    const begun = await callers.viewer.post('/api/pages/my-account', { step: 'begin' });
    const totp = new TOTP({ secret: Secret.fromBase32(begun.body['secret'] as string) });
    expect((await callers.viewer.post('/api/pages/my-account', { step: 'confirm', code: '000000' })).status).toBe(422);
    // The code of the half minute before is taken as well, but for when another one begins while it is on its way.
    await eventually(async () => {
      const code = totp.generate({ timestamp: Date.now() - 30_000 });
      expect((await callers.viewer.post('/api/pages/my-account', { step: 'confirm', code })).status).toBe(200);
    });
    const email = 'viewer@example.com';
    const without = await postLogin(panel.url, { email });
    expect([without.status, await without.text()]).toEqual([401, expect.stringContaining('six digits')]);
    const log = (totpCode: string): Promise<Response> =>
      fetch(`${panel.url}/admin/login`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ email, password: STAFF_PASSWORD, totpCode }),
      });
    const next = totp.generate();
    expect((await log(next)).status).toBe(303);
    expect((await log(next)).status).toBe(401);
  });
});

async function openCase({ api }: TestPanel, affiliateId: string): Promise<string> {
  return api.database.transaction((tx) =>
    api.app.get(ReviewCases).open(tx, {
      affiliateId,
      rule: 'transfer_reversed',
      signal: { key: 'one', summary: 'A transfer came back.', evidence: { transfers: 1 } },
    }),
  );
}

/** A delivery to an endpoint that nobody listens at. */
async function someDelivery({ api }: TestPanel): Promise<string> {
  const { prisma } = api.database;
  if ((await prisma.webhookEndpoint.count()) === 0) {
    const body = { url: 'http://127.0.0.1:9/', events: ['affiliate.created'] };
    expect((await api.request('POST', '/v1/webhook-endpoints', { body })).status).toBe(201);
    await affiliateWithReferrals(api, 'Told', []);
  }
  return eventually(async () => (await prisma.webhookDelivery.findFirstOrThrow()).id);
}

/** A record of this resource, made where there is none yet. */
async function someRecord(panel: TestPanel, resource: string): Promise<string> {
  const { prisma } = panel.api.database;
  switch (resource) {
    case 'affiliates':
    case 'review-cases':
    case 'stripe-events': {
      const sold =
        (await prisma.affiliate.findFirst()) ??
        (await prisma.affiliate.findUniqueOrThrow({ where: { id: (await sell(panel.api, 'Someone')).affiliateId } }));
      if (resource === 'affiliates') return sold.id;
      if (resource === 'stripe-events') return (await prisma.stripeEvent.findFirstOrThrow()).id;
      return openCase(panel, sold.id);
    }
    case 'runs': {
      const now = new Date();
      await prisma.payoutRun.createMany({
        data: [
          { id: 'run_some', period: '2020-01', cutOff: now, status: 'completed', startedAt: now, finishedAt: now },
        ],
        skipDuplicates: true,
      });
      return 'run_some';
    }
    case 'promotion-codes': {
      const affiliateId = await someRecord(panel, 'affiliates');
      const code = { id: 'prc_some', affiliateId, stripePromotionCodeId: 'promo_some', code: 'SOME' };
      await prisma.promotionCode.createMany({ data: [{ ...code, createdAt: new Date() }], skipDuplicates: true });
      return code.id;
    }
    case 'payouts':
      return 'po_none';
    case 'ledger':
      return 'none';
    case 'plans':
      return 'pln_default';
    case 'rules':
      return 'conversion_rate';
    case 'webhook-deliveries':
      return someDelivery(panel);
    default:
      return (await prisma.staffUser.findFirstOrThrow({ where: { role: 'viewer' } })).id;
  }
}
