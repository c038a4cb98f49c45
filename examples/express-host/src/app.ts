import { join } from 'node:path';
import { FairshareError, verifyWebhook } from '@fairshare/sdk';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { Affiliates } from './affiliates.js';
import { Billing, isPlan } from './billing.js';
import { html } from './html.js';
import { accountPage } from './pages/account.js';
import { loginPage, signupPage } from './pages/entry.js';
import { landingPage } from './pages/landing.js';
import { layout } from './pages/layout.js';
import { Sessions } from './sessions.js';
import type { Settings } from './settings.js';
import { Users, type User } from './users.js';

const PASSWORD_LENGTH_MIN = 8;

type Fields = Record<string, string | undefined>;

/** The whole app. Everything about affiliates is in affiliates.ts. */
export function createApp(settings: Settings): Express {
  const users = new Users();
  const sessions = new Sessions(users);
  const billing = new Billing(settings);
  const affiliates = new Affiliates(settings, users);
  const app = express();
  app.disable('x-powered-by');

  /** A route for who is logged in; others are asked to log in first. */
  const asUser =
    (handle: (user: User, request: Request, response: Response) => Promise<void>) =>
    async (request: Request, response: Response): Promise<void> => {
      const user = sessions.userOf(request);
      if (user) await handle(user, request, response);
      else response.redirect(303, '/login');
    };

  // Before any body is parsed: what was signed are the bytes.
  app.post('/webhooks/fairshare', express.raw({ type: 'application/json' }), (request, response) => {
    affiliates.takeNews(verifyWebhook(request.body as Buffer, request.headers, settings.webhookSecret ?? []));
    response.sendStatus(204);
  });

  app.use(express.static(join(import.meta.dirname, '..', 'public')));
  app.use(express.urlencoded());

  app.get('/', (request, response) => {
    const user = sessions.userOf(request);
    response.send(layout(settings, { title: 'A week that everybody can read', user, content: landingPage() }));
  });

  app.get('/signup', (_request, response) => {
    response.send(layout(settings, { title: 'Start free', user: null, content: signupPage() }));
  });

  app.post('/signup', async (request, response) => {
    const { name = '', email = '', password = '' } = request.body as Fields;
    const isComplete = name.trim() !== '' && email.includes('@') && password.length >= PASSWORD_LENGTH_MIN;
    const user = isComplete ? await users.create({ name, email, password }) : null;
    if (!user) {
      const problem = isComplete ? 'There is an account with this address.' : 'Please fill in every field.';
      const content = signupPage({ name, email, problem });
      response.status(422).send(layout(settings, { title: 'Start free', user: null, content }));
      return;
    }
    await affiliates.reportSignup(user, request);
    sessions.begin(response, user);
    response.redirect(303, '/account');
  });

  app.get('/login', (_request, response) => {
    response.send(layout(settings, { title: 'Log in', user: null, content: loginPage() }));
  });

  app.post('/login', async (request, response) => {
    const { email = '', password = '' } = request.body as Fields;
    const user = await users.findByPassword(email, password);
    if (user) {
      sessions.begin(response, user);
      response.redirect(303, '/account');
    } else {
      const content = loginPage({ email, problem: 'There is no account with this address and password.' });
      response.status(422).send(layout(settings, { title: 'Log in', user: null, content }));
    }
  });

  app.post('/logout', (request, response) => {
    sessions.end(request, response);
    response.redirect(303, '/');
  });

  app.get(
    '/account',
    asUser(async (user, _request, response) => {
      // Behind the #, where no server and no log sees it.
      const frame = user.affiliate && `${settings.fairshareUrl}/dashboard#token=${await affiliates.tokenFor(user)}`;
      response.set('cache-control', 'no-store');
      response.send(layout(settings, { title: 'Your account', user, content: accountPage(user, frame) }));
    }),
  );

  app.post(
    '/subscribe',
    asUser(async (user, request, response) => {
      const { plan } = request.body as Fields;
      if (!isPlan(plan)) {
        response.redirect(303, '/account');
        return;
      }
      await affiliates.ensureReported(user);
      response.redirect(303, await billing.checkoutUrl(user, plan));
    }),
  );

  app.get(
    '/subscribed',
    asUser(async (user, request, response) => {
      const { session } = request.query;
      if (typeof session === 'string') user.plan = (await billing.paidPlan(user, session)) ?? user.plan;
      response.redirect(303, '/account');
    }),
  );

  app.post(
    '/affiliate',
    asUser(async (user, _request, response) => {
      await affiliates.join(user);
      response.redirect(303, '/account');
    }),
  );

  app.post(
    '/affiliate/dashboard',
    asUser(async (user, _request, response) => {
      response.redirect(303, user.affiliate ? await affiliates.dashboardLink(user.affiliate.id) : '/account');
    }),
  );

  // For the frame, whose token runs out after an hour: see public/page.js.
  app.get(
    '/affiliate/token',
    asUser(async (user, _request, response) => {
      response.set('cache-control', 'no-store');
      response.json({ token: await affiliates.tokenFor(user) });
    }),
  );

  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof FairshareError && error.code === 'webhook_not_verified') {
      response.status(400).send(error.message);
      return;
    }
    console.error(error);
    const content = html`<h1>That did not work</h1>
      <p>Please try again in a moment.</p>`;
    response.status(500).send(layout(settings, { title: 'That did not work', user: null, content }));
  });
  return app;
}
