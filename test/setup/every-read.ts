import { readFileSync } from 'node:fs';
import type pg from 'pg';
import * as money from '../../src/admin/resources/money.js';
import * as oversight from '../../src/admin/resources/oversight.js';
import * as people from '../../src/admin/resources/people.js';
import * as webhooks from '../../src/admin/resources/webhooks.js';
import type { Column, ResourceSpec } from '../../src/admin/resources/resource-spec.js';

export interface Read {
  path: string;
  /** Whose token it is sent with; staff have a session. */
  as: 'host' | 'affiliate' | 'staff' | 'nobody';
}

export interface Samples {
  /** By the name of a parameter. */
  values: Record<string, string>;
  affiliateUserId: string;
}

interface Parameter {
  name: string;
  in: string;
  schema: { enum?: string[] };
}

interface OpenApi {
  paths: Record<string, { get?: { parameters?: Parameter[] } }>;
}

/** What decides about the form of an answer, and nothing about what is read. */
const FORM_ONLY = new Set(['limit', 'cursor', 'locale', 'after', 'to', 'sub']);
/** A file of everything reads everything, page by page. */
const WHOLE_FILES = /format=(csv|pdf)/;

/**
 * Every GET of the API, as the host and as an affiliate: bare, with each filter by itself and each of its values, and
 * each of those together with an affiliate where there is that filter.
 */
export function readsOfApi({ values }: Samples): Read[] {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenApi;
  return Object.entries(paths).flatMap(([template, { get }]) => {
    if (!get) return [];
    const as = template.startsWith('/v1/me') ? 'affiliate' : template.startsWith('/v1') ? 'host' : 'nobody';
    const parameters = (get.parameters ?? []).filter((parameter) => parameter.in === 'query');
    const queries = queriesOf(parameters, values);
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => sampleFor(template, name, values));
    return queries.map((query): Read => ({ path: query === '' ? path : `${path}?${query}`, as }));
  });
}

function queriesOf(parameters: Parameter[], values: Record<string, string>): string[] {
  const filters = parameters
    .filter(({ name }) => !FORM_ONLY.has(name))
    .flatMap(({ name, schema }) => (schema.enum ?? samplesOf(name, values)).map((value) => `${name}=${value}`))
    .map((query) => (query.startsWith('from=') ? `${query}&to=${values['to'] ?? ''}` : query))
    .filter((query) => !WHOLE_FILES.test(query));
  const affiliate = filters.find((query) => query.startsWith('affiliateId='));
  const ofAffiliate = affiliate
    ? filters.filter((query) => query !== affiliate).map((query) => `${affiliate}&${query}`)
    : [];
  return ['', ...filters, ...ofAffiliate];
}

/** What there is, and what is not to be found: a page that fills soon tells nothing of one that never does. */
function samplesOf(name: string, values: Record<string, string>): string[] {
  const rare = name === 'currency' ? ['kwd'] : [];
  return [values[name] ?? 'none', ...rare];
}

function sampleFor(template: string, name: string, values: Record<string, string>): string {
  const kind = /^\/v1\/(?:me\/)?([a-z-]+)\/\{id\}/.exec(template)?.[1];
  const value = name === 'id' && kind ? values[kind] : values[name];
  return encodeURIComponent(value ?? 'none');
}

/** Every list of the panel, with each of its filters and each of their values, a record of each, and its other pages. */
export async function readsOfPanel(client: pg.Client): Promise<Read[]> {
  const reads: string[] = ['/admin/api/dashboard', '/admin/api/pages/run-preview', '/admin/api/pages/my-account'];
  for (const spec of specsOfPanel()) {
    const list = `/admin/api/resources/${spec.id}/actions/list`;
    reads.push(list, `${list}?page=50`);
    for (const column of spec.columns)
      reads.push(...(await filtersBy(client, spec, column)).map((query) => `${list}?${query}`));
    if (spec.search) reads.push(`/admin/api/resources/${spec.id}/search/an`);
    const id = spec.table ? await sampleOf(client, spec, spec.key) : null;
    if (id !== null) reads.push(`/admin/api/resources/${spec.id}/records/${encodeURIComponent(id)}/show`);
  }
  return reads.map((path) => ({ path, as: 'staff' }));
}

function specsOfPanel(): ResourceSpec[] {
  return [money, oversight, people, webhooks].flatMap((file) => Object.values<ResourceSpec>(file));
}

async function filtersBy(client: pg.Client, spec: ResourceSpec, column: Column): Promise<string[]> {
  const { name, filter, values, sql } = column;
  if (!filter) return [];
  if (filter === 'period')
    return [`filters.${name}~~from=2000-01-01&filters.${name}~~to=2100-01-01`, `filters.${name}~~from=2100-01-01`];
  if (values) return values.map((value) => `filters.${name}=${value}`);
  const sample = filter === 'begins' ? 'an' : sql && spec.table ? await sampleOf(client, spec, sql) : null;
  return [`filters.${name}=${encodeURIComponent(sample ?? 'none')}`, `filters.${name}=none`];
}

/** What some row of the list has there: of the newest ones, so that a period does not miss it. */
async function sampleOf(client: pg.Client, { table, joins, order }: ResourceSpec, sql: string): Promise<string | null> {
  const { rows } = await client.query<{ value: string }>(
    `SELECT (${sql})::text AS value FROM (SELECT t.* FROM ${table} t ORDER BY ${order} LIMIT 100) t ${joins ?? ''} WHERE (${sql}) IS NOT NULL LIMIT 1`,
  );
  return rows[0]?.value ?? null;
}

/** Ids of the affiliate with the most commissions, and of what is theirs. */
export async function findSamples(client: pg.Client): Promise<Samples> {
  const one = async (sql: string, ...values: string[]): Promise<string> => {
    const { rows } = await client.query<{ value: string }>(sql, values);
    return rows[0]?.value ?? 'none';
  };
  const affiliateId = await one(
    'SELECT affiliate_id AS value FROM commissions GROUP BY 1 ORDER BY count(*) DESC LIMIT 1',
  );
  const own = (table: string, column = 'id'): Promise<string> =>
    one(
      `SELECT ${column} AS value FROM ${table} WHERE affiliate_id = $1 AND ${column} IS NOT NULL ORDER BY 1 DESC LIMIT 1`,
      affiliateId,
    );
  const referralId = await own('referrals');
  const paid = `FROM stripe_invoice_payments p JOIN commissions c ON c.invoice_id = p.invoice_id WHERE c.affiliate_id = $1
                ORDER BY c.id LIMIT 1`;
  return {
    affiliateUserId: await one('SELECT user_id AS value FROM affiliates WHERE id = $1', affiliateId),
    values: {
      affiliateId,
      affiliates: affiliateId,
      userId: await one('SELECT user_id AS value FROM affiliates WHERE id = $1', affiliateId),
      code: await own('affiliate_codes', 'code'),
      referrals: referralId,
      referralId,
      invoiceId: await one(`SELECT p.invoice_id AS value ${paid}`, affiliateId),
      paymentId: await one(`SELECT p.payment_id AS value ${paid}`, affiliateId),
      referredUserId: await own('referrals', 'referred_user_id'),
      clickId: await own('referrals', 'click_id'),
      commissions: await own('commissions'),
      payouts: await own('payouts'),
      runId: await own('payouts', 'run_id'),
      period: await one('SELECT period AS value FROM payout_runs ORDER BY period DESC LIMIT 1'),
      'attribution-decisions': await own('attribution_decisions'),
      'review-cases': await one('SELECT id AS value FROM review_cases LIMIT 1'),
      endpointId: `whe_${'0'.repeat(26)}`,
      eventId: await one('SELECT id AS value FROM domain_events LIMIT 1'),
      currency: 'usd',
      from: await one(`SELECT (max(created_at) - interval '60 days')::date::text AS value FROM commissions`),
      to: await one(`SELECT (max(created_at) - interval '20 days')::date::text AS value FROM commissions`),
    },
  };
}
