import { PLANS } from '../billing.js';
import { html, type Html } from '../html.js';
import { dollars } from './money.js';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'];

export function landingPage(): Html {
  return html`<section class="hero">
      <div>
        <p class="kicker">Shared calendars for small teams</p>
        <h1>A week that everybody can read</h1>
        <p class="lead">
          Cadence puts your team’s week on one page: who is where, what is due, and which afternoon is still free.
        </p>
        <p><a class="button" href="/signup">Start free</a> <a class="quiet" href="#pricing">See prices</a></p>
      </div>
      ${week()}
    </section>
    <section class="features">
      <div>
        <h2>One page</h2>
        <p>Five days, every person, no scrolling. Print it and it is still right.</p>
      </div>
      <div>
        <h2>Quiet</h2>
        <p>It speaks up when two things collide, and not before.</p>
      </div>
      <div>
        <h2>Yours</h2>
        <p>Reads and writes the calendars you have. Leave whenever you like.</p>
      </div>
    </section>
    <section id="pricing">
      <h2>Prices</h2>
      <div class="plans">
        ${Object.values(PLANS).map(
          ({ title, monthlyCents, for: audience }) =>
            html`<article class="card">
              <h3>${title}</h3>
              <p class="price">${dollars(monthlyCents)} <span>a month</span></p>
              <p>${audience}</p>
              <a class="button" href="/signup">Start free</a>
            </article>`,
        )}
      </div>
    </section>
    <section class="card invite">
      <div>
        <h2>Know a team like that?</h2>
        <p>Share your link. You get 20 % of what they pay, for as long as they do.</p>
      </div>
      <a class="button" href="/account">Earn with Cadence</a>
    </section>`;
}

/** The picture beside the headline. */
function week(): Html {
  return html`<div class="week card" aria-hidden="true">
    ${DAYS.map(
      (day, index) =>
        html`<div class="day">
          <b>${day}</b><i class="entry a${index % 3}"></i><i class="entry b${(index + 1) % 3}"></i>${
            index % 2 === 0 && html`<i class="entry c"></i>`
          }
        </div>`,
    )}
  </div>`;
}
