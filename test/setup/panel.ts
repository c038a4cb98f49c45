import { startTestApp, type TestApp } from './app.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { processEnv, startServerProcess, type ServerProcess } from './processes.js';
import { createStaff, STAFF_PASSWORD } from './staff.js';

/** The admin panel as an operator runs it: the built server as a process, with the test's own app beside it. */
export interface TestPanel {
  /** Looks on, and makes what staff find. Its clock stands still. */
  api: TestApp;
  database: TestDatabase;
  server: ServerProcess;
  url: string;
  close(): Promise<void>;
}

/** With a staff user of each role, `<role>@example.com`. */
export async function startPanel(env: Record<string, string> = {}): Promise<TestPanel> {
  const database = await createTestDatabase();
  const api = await startTestApp({ databaseUrl: database.url, now: new Date() });
  for (const role of ['viewer', 'reviewer', 'finance', 'admin'] as const) await createStaff(api, role, role);
  const server = await startServerProcess(processEnv(database, api.stripe, { ADMIN_ENABLED: 'true', ...env }));
  return {
    api,
    database,
    server,
    url: server.url,
    close: async () => {
      expect(await server.end()).toBe(0);
      await api.close();
      await database.drop();
    },
  };
}

/** The form of the log-in page as a program sends it. */
export function postLogin(
  url: string,
  { email = 'admin@example.com', password = STAFF_PASSWORD, headers = {} }: LoginForm = {},
): Promise<Response> {
  return fetch(`${url}/admin/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ email, password }).toString(),
  });
}

interface LoginForm {
  email?: string;
  password?: string;
  headers?: Record<string, string>;
}

/** Somebody who is logged in and calls AdminJS' own routes by hand. */
export interface PanelCaller {
  cookie: string;
  get(path: string): Promise<PanelAnswer>;
  /** From the panel's own origin, unless `headers` say another. */
  post(path: string, body?: object, headers?: Record<string, string>): Promise<PanelAnswer>;
}
interface PanelAnswer {
  status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test that is wrong about it fails
  body: Record<string, any>;
  text: string;
}

/** As the staff user `<name>@example.com`: a role's own, or one that the test has made. */
export async function callAs(url: string, name: string): Promise<PanelCaller> {
  const answer = await postLogin(url, { email: `${name}@example.com` });
  expect(answer.status).toBe(303);
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';', 1)[0]!;
  const call = async (path: string, init: RequestInit): Promise<PanelAnswer> => {
    const response = await fetch(`${url}/admin${path}`, { redirect: 'manual', ...init });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, body: isJson ? JSON.parse(text) : {}, text };
  };
  return {
    cookie,
    get: (path) => call(path, { headers: { cookie } }),
    post: (path, body = {}, headers = { origin: url }) =>
      call(path, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}
