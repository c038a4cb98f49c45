import type { Page } from 'playwright-core';
import type { DashboardLinkDto } from '../../src/dashboard/dashboard-link.dto.js';
import { startTestApp, type TestApp } from './app.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { processEnv, startServerProcess, type ServerProcess } from './processes.js';

/** The affiliates' page as an operator serves it: the built server as a process, with the test's own app beside it. */
export interface TestDashboard {
  /** Looks on, and makes what affiliates see. */
  api: TestApp;
  database: TestDatabase;
  server: ServerProcess;
  /** As PUBLIC_URL has it, so that the cookie and the origin are those of a real visit. */
  url: string;
  close(): Promise<void>;
}

/** @param tell what has happened by now, by an app whose clock stands where the story begins. */
export async function startDashboard(
  { begin = new Date(), env = {} }: { begin?: Date; env?: Record<string, string> } = {},
  story: (api: TestApp) => Promise<void> = () => Promise.resolve(),
): Promise<TestDashboard> {
  const database = await createTestDatabase();
  const api = await startTestApp({ databaseUrl: database.url, now: begin });
  await story(api);
  api.clock.set(new Date());
  const server = await startServerProcess(processEnv(database, api.stripe, env));
  return {
    api,
    database,
    server,
    url: server.url.replace('127.0.0.1', 'localhost'),
    close: async () => {
      expect(await server.end()).toBe(0);
      await api.close();
      await database.drop();
    },
  };
}

/** Opens the dashboard as the host app's user does: by a new link. */
export async function openDashboard({ api, url }: TestDashboard, page: Page, affiliateId: string): Promise<void> {
  api.clock.set(new Date());
  const answer = await fetch(`${url}/v1/affiliates/${affiliateId}/dashboard-links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token()}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(201);
  const link = (await answer.json()) as DashboardLinkDto;
  await page.goto(link.url);
  await page.waitForURL(`${url}/dashboard`);
}

/** What the API tells an affiliate, in the same moment as the page asks it. */
export async function askAs<T>({ api, url }: TestDashboard, userId: string, path: string): Promise<T> {
  api.clock.set(new Date());
  const answer = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${api.token('affiliate', userId)}` },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}
