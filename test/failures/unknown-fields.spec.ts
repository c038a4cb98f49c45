/** failures.md, row 69: a field that no call names is an error, whatever it is called and wherever it stands. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { ErrorBody } from '../../src/http/error-response.js';
import { startTestApp, type TestApp } from '../setup/app.js';

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
}

interface Call {
  method: string;
  path: string;
  /** What the document says may be sent, and what it says comes back. */
  accepted: Set<string>;
  answered: Set<string>;
  token: string;
}

/** What an attacker would like to set: columns that no body has. */
const WANTED = ['isAdmin', 'role', 'createdAt', 'affiliateId', 'planVersionId', 'payable_minor', 'data', 'where', 'id'];

let api: TestApp;
/** `npm run check` keeps it equal to the code. */
let document: OpenAPIObject;

beforeAll(async () => {
  api = await startTestApp();
  document = JSON.parse(await readFile(join(import.meta.dirname, '../../openapi.json'), 'utf8')) as OpenAPIObject;
});
afterAll(async () => api.close());

const schemaOf = (schema: Schema | undefined): Schema =>
  schema?.$ref === undefined
    ? (schema ?? {})
    : ((document.components?.schemas?.[schema.$ref.split('/').at(-1) ?? ''] ?? {}) as Schema);

/** The names of fields, of parts and list items too: what one sees in an answer one would like to set. */
function fieldsOf(schema: Schema | undefined, depth = 0): string[] {
  if (depth > 3) return [];
  const { properties = {}, items, allOf = [] } = schemaOf(schema);
  return [
    ...Object.entries(properties).flatMap(([name, part]) => [name, ...fieldsOf(part, depth + 1)]),
    ...[items, ...allOf].flatMap((part) => (part ? fieldsOf(part, depth + 1) : [])),
  ];
}

function calls(methods: string[]): Call[] {
  return Object.entries(document.paths).flatMap(([pattern, item]) =>
    methods.flatMap((method): Call[] => {
      const operation = item[method as 'post'];
      if (!operation || !pattern.startsWith('/v1')) return [];
      const body = operation.requestBody;
      const sent = body && 'content' in body ? (body.content['application/json']?.schema as Schema) : undefined;
      const answers = Object.values(operation.responses).flatMap((response) =>
        response && 'content' in response ? [response.content?.['application/json']?.schema as Schema] : [],
      );
      const scope = pattern.startsWith('/v1/me') ? 'affiliate' : 'host';
      return [
        {
          method: method.toUpperCase(),
          path: pattern.replaceAll(/\{\w+\}/g, 'x'),
          accepted: new Set(Object.keys(schemaOf(sent).properties ?? {})),
          answered: new Set(answers.flatMap((schema) => fieldsOf(schema))),
          token: api.token(scope, scope === 'affiliate' ? 'user-me' : undefined),
        },
      ];
    }),
  );
}

async function refusedFields({ method, path, token }: Call, body: object): Promise<string[]> {
  const response = await api.request<ErrorBody>(method, path, { body, token });
  expect([method, path, response.status]).toEqual([method, path, 400]);
  expect([method, path, response.body.error.code]).toEqual([method, path, 'invalid_request']);
  const { fields } = response.body.error.details as { fields: Record<string, string[]> };
  return Object.keys(fields).filter((name) => fields[name]?.some((text) => text.startsWith('unknown field')));
}

describe('69 · unknown fields', () => {
  it('are refused by name in the body of every call that writes, those of its answers above all', async () => {
    await api.request('POST', '/v1/affiliates', { body: { userId: 'user-me', name: 'Me' } });
    const writing = calls(['post', 'patch', 'put', 'delete']);
    expect(writing.length).toBeGreaterThan(10);
    for (const call of writing) {
      const forbidden = [...new Set([...WANTED, ...call.answered])].filter((name) => !call.accepted.has(name));
      const body = Object.fromEntries(forbidden.map((name) => [name, 'x']));
      expect([call.path, (await refusedFields(call, body)).sort()]).toEqual([call.path, forbidden.sort()]);
    }
  });

  it('are refused beside a body that is right, one by one, and nothing is written', async () => {
    const good = [
      ['POST', '/v1/affiliates', { userId: 'mass', name: 'Mass' }],
      ['POST', '/v1/plans', { name: 'mass', rateBps: 100 }],
      ['POST', '/v1/erasures', { userId: 'user-me' }],
      ['POST', '/v1/referrals', { referredUserId: 'mass', code: 'NONE' }],
      ['POST', '/v1/payout-runs/preview', {}],
    ] as const;
    const counts = () =>
      Promise.all([
        api.database.prisma.affiliate.count({ where: { erasedAt: null } }),
        api.database.prisma.plan.count(),
        api.database.prisma.erasure.count(),
        api.database.prisma.attributionDecision.count(),
      ]);
    const before = await counts();
    for (const [method, path, body] of good) {
      for (const name of WANTED) {
        const response = await api.request<ErrorBody>(method, path, { body: { ...body, [name]: 'x' } });
        expect([path, name, response.status]).toEqual([path, name, 400]);
        expect(response.body.error.message).toContain(`unknown field "${name}"`);
      }
    }
    expect(await counts()).toEqual(before);
  });

  it('are refused in the query of every list and object that takes one', async () => {
    const reading = calls(['get']);
    expect(reading.length).toBeGreaterThan(20);
    const withQuery = new Set<string>();
    for (const { method, path, token } of reading) {
      const response = await api.request<ErrorBody>(method, `${path}?isAdmin=true`, { token });
      if (response.status === 400) {
        expect([path, response.body.error.message]).toEqual([path, expect.stringContaining('unknown field "isAdmin"')]);
        withQuery.add(path);
      } else {
        // Where nothing of the address but the object's id is read, nothing unknown can have an effect.
        expect([path, [200, 404]]).toEqual([path, expect.arrayContaining([response.status])]);
      }
    }
    const lists = reading.filter(({ answered }) => answered.has('nextCursor')).map(({ path }) => path);
    expect(lists.length).toBeGreaterThan(5);
    expect(lists.filter((path) => !withQuery.has(path))).toEqual([]);
  });
});
