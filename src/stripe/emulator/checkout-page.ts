import { escapeHtml, htmlPage, moneyText } from './page-layout.js';
import { completeSession, type Session } from './resources/checkout-completion.js';
import { seeOther, type Incoming, type Reply } from './server.js';
import { StripeProblem } from './stripe-problem.js';
import type { Workspace } from './workspace.js';

/**
 * Shows what a checkout session costs; its button pays with a card that pays and leads to `success_url`. Where the
 * session takes promotion codes, one can be typed in.
 */
export function checkoutReply(workspace: Workspace, id: string, { method, body }: Incoming): Reply {
  const session = workspace.find('checkout.session', id);
  if (session?.status === 'complete') return goToSuccess(session);
  if (session?.status !== 'open' || session.expires_at <= workspace.nowSeconds)
    return htmlPage(410, 'This checkout is over', '<p>Please go back to the shop and begin again.</p>');
  if (method !== 'POST') return checkoutPage(workspace, session);
  const promotionCode = new URLSearchParams(body).get('promotion_code')?.trim() || undefined;
  try {
    return goToSuccess(completeSession(workspace, session, { promotionCode }));
  } catch (error) {
    if (promotionCode && error instanceof StripeProblem) return checkoutPage(workspace, session, error.message);
    throw error;
  }
}

function checkoutPage(workspace: Workspace, session: Session, problem?: string): Reply {
  const { lineItems } = workspace.get('checkout_order', session.id);
  const rows = lineItems.map(
    ({ description, quantity, amount_total, currency }) =>
      `<div><dt>${quantity ?? 1} × ${escapeHtml(description ?? 'Item')}</dt><dd>${escapeHtml(moneyText(amount_total, currency))}</dd></div>`,
  );
  const back =
    session.cancel_url === null ? '' : `<a class="quiet" href="${escapeHtml(session.cancel_url)}">Back to the shop</a>`;
  const field = session.allow_promotion_codes
    ? '<p><label>Promotion code <input name="promotion_code" autocomplete="off"></label></p>'
    : '';
  return htmlPage(
    problem ? 400 : 200,
    'Pay',
    `<p>This page stands in for Stripe’s checkout. A real one would ask for a card here.</p>
<dl>${rows.join('')}</dl>
${problem ? `<p role="alert">${escapeHtml(problem)}</p>` : ''}
<form method="post">${field}<button type="submit">Pay ${escapeHtml(moneyText(session.amount_total ?? 0, session.currency ?? 'usd'))}</button></form>
${back}`,
  );
}

function goToSuccess(session: Session): Reply {
  return seeOther((session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id));
}
