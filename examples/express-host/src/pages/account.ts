import { PLANS } from '../billing.js';
import { html, type Html } from '../html.js';
import type { User } from '../users.js';
import { dollars } from './money.js';

/** @param dashboardUrl of the frame, with its token; null for who is no affiliate yet. */
export function accountPage(user: User, dashboardUrl: string | null): Html {
  return html`<h1>Hello, ${user.name}</h1>
    ${planSection(user)}
    ${user.affiliate && dashboardUrl ? affiliateSection(user.affiliate.referralUrl, user.news, dashboardUrl) : joinSection()}`;
}

function planSection({ plan }: User): Html {
  if (plan) {
    const { title, monthlyCents } = PLANS[plan];
    return html`<section class="card">
      <h2>Your plan</h2>
      <p><strong>Cadence ${title}</strong>, ${dollars(monthlyCents)} a month. Thank you!</p>
    </section>`;
  }
  return html`<section>
    <h2>Choose a plan</h2>
    <div class="plans">
      ${Object.entries(PLANS).map(
        ([name, { title, monthlyCents, for: audience }]) =>
          html`<form class="card" method="post" action="/subscribe">
            <h3>${title}</h3>
            <p class="price">${dollars(monthlyCents)} <span>a month</span></p>
            <p>${audience}</p>
            <button class="button" name="plan" value="${name}">Subscribe to ${title}</button>
          </form>`,
      )}
    </div>
  </section>`;
}

function joinSection(): Html {
  return html`<form class="card invite" method="post" action="/affiliate">
    <div>
      <h2>Earn with Cadence</h2>
      <p>Share your link. You get 20 % of what the teams you bring pay, for as long as they do.</p>
    </div>
    <button class="button">Become an affiliate</button>
  </form>`;
}

function affiliateSection(referralUrl: string, news: readonly string[], dashboardUrl: string): Html {
  return html`<section>
    <h2>Earn with Cadence</h2>
    <div class="card share">
      <label>Your link <input readonly value="${referralUrl}" data-copy-source /></label>
      <button class="button" type="button" data-copy>Copy</button>
      <form method="post" action="/affiliate/dashboard" target="_blank">
        <button class="quiet">Open the dashboard in a tab of its own</button>
      </form>
    </div>
    ${
      news.length > 0 &&
      html`<ul class="news" aria-label="News">
        ${news.map((text) => html`<li>${text}</li>`)}
      </ul>`
    }
    <iframe
      class="card"
      title="Your affiliate dashboard"
      src="${dashboardUrl}"
      data-token-url="/affiliate/token"
    ></iframe>
  </section>`;
}
