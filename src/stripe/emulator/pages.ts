import type { ObjectStore } from './object-store.js';
import { escapeHtml, htmlPage, moneyText } from './page-layout.js';
import { completeOnboarding } from './resources/account-changes.js';
import { checkoutReply } from './checkout-page.js';
import { openSession } from './resources/account-links.js';
import { transfersActive } from './resources/account-record.js';
import { seeOther, type Incoming, type Reply } from './server.js';
import type { AccountRecord, LinkRecord } from './stored-objects.js';
import { NO_REQUEST, Workspace, type Surroundings } from './workspace.js';

const TRANSFERS_SHOWN_MAX = 10;

/** The pages that account links, login links and checkout sessions lead to: onboarding, a small Express dashboard, and a button that pays. */
export class Pages {
  constructor(
    private readonly surroundings: Surroundings,
    private readonly store: ObjectStore,
  ) {}

  /** Answers a page's request, or null when the path belongs to no page. */
  answer(incoming: Incoming): Reply | null {
    const { method, url } = incoming;
    const [, area, kind, token = '', action] = url.pathname.split('/');
    if (area === 'express' && method === 'GET' && token === '')
      return this.inTransaction((workspace) => this.dashboard(workspace, kind ?? ''));
    if (area === 'c' && kind === 'pay' && action === undefined)
      return this.inTransaction((workspace) => checkoutReply(workspace, token, incoming));
    if (area !== 'setup') return null;
    if (kind === 'e' && method === 'GET') return this.inTransaction((workspace) => this.openLink(workspace, token));
    if (kind === 's' && action === 'complete' && method === 'POST')
      return this.inTransaction((workspace) => this.complete(workspace, token));
    return null;
  }

  private inTransaction(work: (workspace: Workspace) => Reply): Reply {
    return this.store.transaction(() => work(new Workspace(this.surroundings, null, NO_REQUEST)));
  }

  /** Shows the onboarding page and uses the link up; a used or expired one leads to `refresh_url`. */
  private openLink(workspace: Workspace, token: string): Reply {
    const link = workspace.find('account_link', token);
    if (link?.kind !== 'onboarding') return unknownLink();
    if (link.used || isExpired(workspace, link)) return goTo(link.refreshUrl);
    const account = workspace.get('account', link.account);
    return onboardingPage(account, openSession(workspace, link));
  }

  /** The button was pressed. Pressing it again changes nothing and leads to the same place. */
  private complete(workspace: Workspace, token: string): Reply {
    const session = workspace.find('account_link', token);
    if (session?.kind !== 'session') return unknownLink();
    if (!session.used) {
      if (isExpired(workspace, session)) return goTo(session.refreshUrl);
      workspace.put('account_link', { ...session, used: true });
      completeOnboarding(workspace, workspace.get('account', session.account));
    }
    return goTo(session.returnUrl);
  }

  private dashboard(workspace: Workspace, token: string): Reply {
    const link = workspace.find('account_link', token);
    if (link?.kind !== 'login' || link.used || isExpired(workspace, link)) return unknownLink();
    workspace.put('account_link', { ...link, used: true });
    return dashboardPage(workspace, workspace.get('account', link.account));
  }
}

function onboardingPage(account: AccountRecord, session: LinkRecord): Reply {
  const notNow =
    session.returnUrl === null ? '' : `<a class="quiet" href="${escapeHtml(session.returnUrl)}">Not now</a>`;
  return htmlPage(
    200,
    'Set up your payouts',
    `<p>This page stands in for Stripe’s onboarding. A real one would ask for your details and your bank account here.</p>
${summary(account)}
<form method="post" action="/setup/s/${escapeHtml(session.id)}/complete"><button type="submit">Complete onboarding</button></form>
${notNow}`,
  );
}

function dashboardPage(workspace: Workspace, account: AccountRecord): Reply {
  const rows = workspace
    .newestFirst('transfer')
    .filter(({ destination }) => destination === account.id)
    .slice(0, TRANSFERS_SHOWN_MAX)
    .map(({ amount, amount_reversed, currency, created }) => {
      const day = new Date(created * 1000).toISOString().slice(0, 10);
      return `<tr><td><time datetime="${day}">${day}</time></td><td>${escapeHtml(moneyText(amount - amount_reversed, currency))}</td></tr>`;
    });
  const table =
    rows.length === 0
      ? '<p>No money has arrived yet.</p>'
      : `<table><thead><tr><th scope="col">Day</th><th scope="col">Amount</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return htmlPage(200, 'Your Express dashboard', `${summary(account)}<h2>Latest transfers</h2>${table}`);
}

function summary(account: AccountRecord): string {
  const status = transfersActive(account)
    ? '<span class="good">Payouts are active</span>'
    : '<span class="warn">Details are missing</span>';
  return `<dl>
<div><dt>Name</dt><dd>${escapeHtml(account.displayName ?? 'Not given')}</dd></div>
<div><dt>E-mail</dt><dd>${escapeHtml(account.email ?? 'Not given')}</dd></div>
<div><dt>Country</dt><dd>${escapeHtml(account.country)}</dd></div>
<div><dt>Account</dt><dd>${escapeHtml(account.id)}</dd></div>
<div><dt>Status</dt><dd>${status}</dd></div>
</dl>`;
}

function isExpired(workspace: Workspace, link: LinkRecord): boolean {
  return link.expiresAtMs <= workspace.now.getTime();
}

function goTo(address: string | null): Reply {
  return address === null ? htmlPage(200, 'All done', '<p>You can close this page now.</p>') : seeOther(address);
}

function unknownLink(): Reply {
  return htmlPage(
    410,
    'This link does not work any more',
    '<p>It was used already or is too old. Please go back to where you found it and ask for a new one.</p>',
  );
}
