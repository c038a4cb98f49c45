import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { CodeDirectory } from '../../../src/referrals/clicks/code-directory.js';
import type { TestApp, TestResponse } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';

/** Without it a test's requests would count as those of a program. */
export const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

export interface VisitOptions {
  method?: string;
  userAgent?: string;
  /** Needs TRUST_PROXY. */
  ip?: string;
  headers?: Record<string, string>;
}

export interface Visited {
  status: number;
  location: URL;
  ref: string | null;
  clickId: string | null;
  cookies: string[];
  headers: Headers;
}

/** Follows a referral link, as far as the first redirect. `link` is what comes after `/r/`. */
export async function visit(
  api: TestApp,
  link: string,
  { method = 'GET', userAgent = BROWSER, ip, headers }: VisitOptions = {},
): Promise<Visited> {
  const response = await api.request(method, `/r/${link}`, {
    token: '',
    headers: { 'user-agent': userAgent, ...(ip && { 'x-forwarded-for': ip }), ...headers },
  });
  const location = new URL(response.headers.get('location') ?? 'about:blank');
  return {
    status: response.status,
    location,
    ref: location.searchParams.get('ref'),
    clickId: location.searchParams.get('click_id'),
    cookies: response.headers.getSetCookie(),
    headers: response.headers,
  };
}

let users = 0;

export async function createAffiliate(api: TestApp, body: Record<string, unknown> = {}): Promise<AffiliateDto> {
  const response: TestResponse<AffiliateDto> = await api.request('POST', '/v1/affiliates', {
    body: { userId: `affiliate_${++users}`, name: 'John Smith', ...body },
  });
  expect(response.status).toBe(201);
  return response.body;
}

/** Changes an affiliate and waits until the redirect has heard of it, which takes milliseconds. */
export async function suspend(api: TestApp, { id, code }: AffiliateDto): Promise<void> {
  expect((await api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } })).status).toBe(200);
  await eventually(async () => expect(await api.app.get(CodeDirectory).find(code)).toMatchObject({ active: false }));
}
