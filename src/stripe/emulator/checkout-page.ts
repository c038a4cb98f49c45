import { escapeHtml, htmlPage, moneyText } from './page-layout.js';
import { completeSession, type Session } from './resources/checkout-completion.js';
import { seeOther, type Reply } from './server.js';
import type { Workspace } from './workspace.js';

/** Shows what a checkout session costs; its button pays with a card that pays and leads to `success_url`. */
export function checkoutReply(workspace: Workspace, id: string, method: string): Reply {
  const session = workspace.find('checkout.session', id);
  if (session?.status === 'complete') return goToSuccess(session);
  if (session?.status !== 'open' || session.expires_at <= workspace.nowSeconds)
    return htmlPage(410, 'This checkout is over', '<p>Please go back to the shop and begin again.</p>');
  return method === 'POST' ? goToSuccess(completeSession(workspace, session, {})) : checkoutPage(workspace, session);
}

function checkoutPage(workspace: Workspace, session: Session): Reply {
  const { lineItems } = workspace.get('checkout_order', session.id);
  const rows = lineItems.map(
    ({ description, quantity, amount_total, currency }) =>
      `<div><dt>${quantity ?? 1} × ${escapeHtml(description ?? 'Item')}</dt><dd>${escapeHtml(moneyText(amount_total, currency))}</dd></div>`,
  );
  const back =
    session.cancel_url === null ? '' : `<a class="quiet" href="${escapeHtml(session.cancel_url)}">Back to the shop</a>`;
  return htmlPage(
    200,
    'Pay',
    `<p>This page stands in for Stripe’s checkout. A real one would ask for a card here.</p>
<dl>${rows.join('')}</dl>
<form method="post"><button type="submit">Pay ${escapeHtml(moneyText(session.amount_total ?? 0, session.currency ?? 'usd'))}</button></form>
${back}`,
  );
}

function goToSuccess(session: Session): Reply {
  return seeOther((session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id));
}
