import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { MailLocale } from '../config/environment.js';

const STYLE = `
:root { color-scheme: light dark; --ground: #f3f4f8; --card: #fff; --ink: #1d2340; --soft: #5a6180; --line: #d9dce8; --accent: #4b48d6; --accent-ink: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #12141f; --card: #1c1f2e; --ink: #eceef8; --soft: #a5abc6; --line: #343950; --accent: #8f8cff; --accent-ink: #12141f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.25rem; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: clamp(1.25rem, 5vw, 2.25rem); }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 .75rem; color: var(--soft); }
code { color: var(--ink); }
form { margin: 0; }
.action { display: block; width: 100%; margin-top: 1.5rem; padding: .8rem 1rem; border: 0; border-radius: .65rem; background: var(--accent); color: var(--accent-ink); font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; }
.action:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
`;

export interface PlainPage {
  /** The language of its texts. */
  locale: MailLocale;
  title: string;
  /** Texts of ours, as HTML. */
  paragraphs: string[];
  /** What there is to do, as HTML: a link or a form, marked `class="action"`. */
  action?: string;
  /** Runs when the page is there; the policy names its hash, so that nothing else runs. */
  script?: string;
  /** Whether the page may send its form to this service. */
  sendsForm?: boolean;
}

/**
 * Sends a page that stands for itself: no file beside it, readable in light and dark, in no frame, in no cache, and no
 * address of its own told to where it leads. Whatever is put into it must have been written or escaped by us.
 */
export function sendPlainPage(reply: FastifyReply, status: number, page: PlainPage): void {
  void reply
    .status(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policyOf(page))
    .header('x-frame-options', 'DENY')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .send(render(page));
}

function policyOf({ script, sendsForm = false }: PlainPage): string {
  return [
    "default-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action ${sendsForm ? "'self'" : "'none'"}`,
    `style-src '${hashOf(STYLE)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
  ].join(';');
}

function hashOf(content: string): string {
  return `sha256-${createHash('sha256').update(content).digest('base64')}`;
}

function render({ locale, title, paragraphs, action = '', script }: PlainPage): string {
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}
${action}
</main>
${script === undefined ? '' : `<script>${script}</script>`}
</body>
</html>
`;
}

const GO_TO: Record<MailLocale, string> = { en: 'Go to', de: 'Zu' };

/** A link to the host's own site, where whoever is here came from. */
export function linkToSite(siteUrl: string, locale: MailLocale): string {
  const { href, host } = new URL(siteUrl);
  return `<a class="action" href="${escapeHtml(href)}">${GO_TO[locale]} ${escapeHtml(host)}</a>`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
