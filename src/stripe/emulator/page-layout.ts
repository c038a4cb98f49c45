import type { Reply } from './server.js';

const ESCAPES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

const STYLE = `
:root { color-scheme: light dark; --ground: #f3f4f8; --card: #fff; --ink: #1d2340; --soft: #5a6180; --line: #d9dce8; --accent: #4b48d6; --accent-ink: #fff; --good: #0b6e4f; --warn: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ground: #12141f; --card: #1c1f2e; --ink: #eceef8; --soft: #a5abc6; --line: #343950; --accent: #8f8cff; --accent-ink: #12141f; --good: #5fd3a7; --warn: #f0b35e; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.25rem; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: clamp(1.25rem, 5vw, 2.25rem); box-shadow: 0 12px 32px rgb(18 20 31 / 8%); }
.badge { display: inline-block; margin: 0 0 1rem; padding: .15rem .65rem; border-radius: 1rem; border: 1px solid var(--line); color: var(--soft); font-size: .8125rem; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.75rem 0 .25rem; font-size: 1.05rem; }
p { margin: 0 0 1rem; color: var(--soft); }
dl { margin: 1.25rem 0; border-top: 1px solid var(--line); }
dl > div { display: flex; gap: 1rem; justify-content: space-between; padding: .65rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-weight: 550; }
.good { color: var(--good); } .warn { color: var(--warn); }
button, .quiet { display: block; width: 100%; padding: .8rem 1rem; border-radius: .65rem; font: inherit; font-weight: 600; text-align: center; }
button { border: 0; background: var(--accent); color: var(--accent-ink); cursor: pointer; }
.quiet { margin-top: .6rem; color: var(--ink); text-decoration: none; border: 1px solid var(--line); }
button:hover, .quiet:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem 0; border-bottom: 1px solid var(--line); text-align: left; }
th { color: var(--soft); font-weight: 500; } td:last-child, th:last-child { text-align: right; }
`;

/** Makes text harmless inside HTML, attributes included. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES.get(character) ?? character);
}

/** A whole page. `title` is escaped here, `content` is HTML already. Nothing is loaded from anywhere. */
export function htmlPage(status: number, title: string, content: string): Reply {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="badge">Stripe emulator · test data</p>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>`;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}

/** Only for the eye: the emulator counts in minor units everywhere else. */
export function moneyText(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: currency.toUpperCase() });
  return format.format(amountMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
