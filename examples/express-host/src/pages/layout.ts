import { html, type Html } from '../html.js';
import type { Settings } from '../settings.js';
import type { User } from '../users.js';

/** What every page stands in. The snippet's one line is in its head. */
export function layout(settings: Settings, page: { title: string; user: User | null; content: Html }): string {
  const { title, user, content } = page;
  const links = user
    ? html`<a href="/account">Your account</a>
        <form method="post" action="/logout"><button class="plain">Log out</button></form>`
    : html`<a href="/login">Log in</a> <a class="button small" href="/signup">Start free</a>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Cadence</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        <script async src="${settings.fairshareUrl}/fairshare.js"></script>
        <script type="module" src="/page.js"></script>
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28" /> Cadence</a>
          <nav>${links}</nav>
        </header>
        <main>${content}</main>
        <footer>Cadence is an example: no calendar was ever shared with it.</footer>
      </body>
    </html>`.text;
}
