/** What affiliates choose about e-mails: in the dashboard, by the link in each e-mail, and by their mail program. */
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import type { EmailPreferencesDto } from '../../../src/mail/preferences/email-preferences.dto.js';
import { UnsubscribeLinks } from '../../../src/mail/preferences/unsubscribe-links.js';
import { startTestApp, type TestApp } from '../../setup/app.js';

const EVERYTHING = { firstConversion: true, monthlyStatement: true, payoutPaid: true };

let api: TestApp;
let affiliateId: string;

beforeAll(async () => {
  api = await startTestApp();
});
afterAll(() => api.close());

beforeEach(async () => {
  const { userId, ...rest } = { userId: `user-${Math.random()}`, name: 'Wilma', email: 'wilma@example.com' };
  const { body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', { body: { userId, ...rest } });
  affiliateId = body.id;
  mine = (method, change) =>
    api.request<EmailPreferencesDto>(method, '/v1/me/email-preferences', {
      token: api.token('affiliate', userId),
      body: change,
    });
});
let mine: (method: string, change?: object) => ReturnType<typeof api.request<EmailPreferencesDto>>;

const linkFor = (occasion: 'monthly_statement' | 'payout_paid'): string =>
  new URL(api.app.get(UnsubscribeLinks).urlFor(affiliateId, occasion)).search;

const visit = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
  api.request<string>(method, path, { token: '', headers, body });

describe('the preferences', () => {
  it('are all on, until they are switched off one by one', async () => {
    expect((await mine('GET')).body).toEqual({
      enabled: false,
      email: 'wilma@example.com',
      locale: null,
      ...EVERYTHING,
    });
    await mine('PATCH', { payoutPaid: false });
    const { body } = await mine('PATCH', { locale: 'de', monthlyStatement: false, firstConversion: true });
    expect(body).toMatchObject({ locale: 'de', ...EVERYTHING, payoutPaid: false, monthlyStatement: false });
    const { body: back } = await mine('PATCH', { locale: null, payoutPaid: true });
    expect(back).toMatchObject({ locale: null, ...EVERYTHING, monthlyStatement: false });
    expect((await mine('GET')).body).toEqual(back);
  });

  it('both count when two are changed at once', async () => {
    await Promise.all([mine('PATCH', { payoutPaid: false }), mine('PATCH', { monthlyStatement: false })]);
    expect((await mine('GET')).body).toMatchObject({ payoutPaid: false, monthlyStatement: false });
  });

  it.each([{ welcome: false }, { locale: 'fr' }, { payoutPaid: null }, { payoutPaid: 'no' }])(
    'refuse %j',
    async (change) => {
      const refused = await mine('PATCH', change);
      expect([refused.status, (refused.body as unknown as ErrorBody).error.code]).toEqual([400, 'invalid_request']);
    },
  );

  it('are erased with the affiliate', async () => {
    await mine('PATCH', { locale: 'de', payoutPaid: false });
    const link = linkFor('monthly_statement');
    const { userId } = await api.database.prisma.affiliate.findUniqueOrThrow({ where: { id: affiliateId } });
    await api.request('POST', '/v1/erasures', { body: { userId } });
    expect(await api.database.prisma.emailPreferences.count({ where: { affiliateId } })).toBe(0);
    // Its old e-mails still have their links; they find nobody.
    expect((await visit('POST', `/unsubscribe${link}`)).status).toBe(200);
    expect(await api.database.prisma.emailPreferences.count({ where: { affiliateId } })).toBe(0);
  });
});

describe('an unsubscribe link', () => {
  it('changes nothing when a program looks at it, and says what it is about', async () => {
    const { status, text, headers } = await visit('GET', `/unsubscribe${linkFor('monthly_statement')}`);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(text).toContain('No monthly statements by e-mail?');
    expect((await mine('GET')).body).toMatchObject(EVERYTHING);
  });

  it.each([
    ['the page’s button', 'application/x-www-form-urlencoded', ''],
    ['a mail program', 'application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click'],
    [
      'a mail program that sends parts',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    ],
  ])('switches one kind off by %s, as often as it likes', async (_who, type, body) => {
    const path = `/unsubscribe${linkFor('monthly_statement')}`;
    const first = await visit('POST', path, { 'content-type': type }, body);
    expect([first.status, first.text.includes('You will not get these e-mails any more.')]).toEqual([200, true]);
    expect((await visit('POST', path, { 'content-type': type }, body)).status).toBe(200);
    expect((await mine('GET')).body).toMatchObject({ ...EVERYTHING, monthlyStatement: false });
  });

  it('can be taken back, and speaks the affiliate’s language', async () => {
    await mine('PATCH', { locale: 'de' });
    const off = await visit('POST', `/unsubscribe${linkFor('payout_paid')}`);
    const [, undo] = /action="([^"]+)"/.exec(off.text) ?? [];
    expect(off.text).toMatch(/<html lang="de">[^]*Du erhältst diese E-Mails nicht mehr/);
    const on = await visit('POST', undo ?? '');
    expect(on.text).toContain('Du erhältst diese E-Mails wieder.');
    expect((await mine('GET')).body).toMatchObject(EVERYTHING);
  });

  it('of another affiliate, another kind or none at all is worth nothing', async () => {
    const token = linkFor('payout_paid').replace('?token=', '');
    const other = (
      await api.request<AffiliateDto>('POST', '/v1/affiliates', { body: { userId: affiliateId, name: 'F' } })
    ).body;
    const bent = [
      token.replace(affiliateId, other.id),
      token.replace('payout_paid', 'monthly_statement'),
      token.replace('payout_paid', 'welcome'),
      token.slice(0, -1),
      `${token}.x`,
      '',
    ];
    for (const wrong of [...bent.map((text) => `?token=${text}`), '', `?token=${token}&token=${token}`]) {
      for (const method of ['GET', 'POST']) {
        const { status, text } = await visit(method, `/unsubscribe${wrong}`);
        expect([wrong, status, text.includes('This link is not valid')]).toEqual([wrong, 404, true]);
      }
    }
    expect(
      await api.database.prisma.emailPreferences.count({ where: { affiliateId: { in: [affiliateId, other.id] } } }),
    ).toBe(0);
  });
});
