import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { MENU_BESIDE_FROM_PX } from '../panel/theme.js';
import type { PanelAssets } from './panel-assets.js';

const GOOGLE_FONT = /<link rel="stylesheet" href="https:\/\/fonts\.googleapis\.com[^>]*>/g;

/**
 * What the bundle's styles leave open: links in our own parts, where the keyboard is, and lists on a phone, where AdminJS
 * hides every column but the title: here all are there, and the list is pushed aside to read them. A menu that is pushed out of
 * sight is none. And where there is nothing to show, what it says of that, with the way back below.
 */
const STYLE = `<style>
  :where(a) { color: #1d4ed8; }
  button:focus-visible, a:focus-visible, input:focus-visible, select:focus-visible, textarea:focus-visible, [tabindex]:focus-visible {
    outline: 2px solid #1d4ed8; outline-offset: 2px;
  }
  .adminjs_Checkbox:focus-within > a { outline: 2px solid #1d4ed8; outline-offset: 2px; }
  [data-css="main-part"] { display: contents; }
  [data-css="way-back"] { display: none; }
  main:has(> .adminjs_InfoBox) { flex-grow: 1; display: flex; flex-direction: column; justify-content: center; padding: 24px; text-align: center; }
  main:has(> .adminjs_InfoBox) > [data-css="way-back"] { display: block; margin-top: 16px; }
  main > .adminjs_InfoBox { height: auto; }
  [data-css="sidebar"] { transition: left .25s ease-in-out, visibility .25s; }
  @media (width < ${MENU_BESIDE_FROM_PX}px) {
    /* Pushed out of sight, it is no place for the keyboard either. */
    [data-css="sidebar"].hidden { visibility: hidden; }
  }
  @media (${MENU_BESIDE_FROM_PX}px <= width < 1440px) {
    /* Beside the menu, lists of many columns have room for their words only. */
    table[data-css$="-table"] :is(td, th) { padding-inline: 8px; }
  }
  @media (max-width: 768px) {
    /* Notices are wider than a phone by themselves, with what closes them out of sight. */
    [data-css="notice-wrapper"] > * { min-width: 0 !important; }
    /* Actions that are too many for one line keep apart in two. */
    .adminjs_ActionHeader .adminjs_ButtonGroupItem { margin-bottom: 8px; }
    table[data-css$="-table"] { display: block; overflow-x: auto; }
    table[data-css$="-table"] td { display: table-cell; white-space: nowrap; }
  }
</style>`;

/**
 * Sends a page of AdminJS: with our names for its scripts, without the font that it would fetch from the internet, and
 * under a policy by which only its own inline scripts run.
 */
export function sendPage(reply: FastifyReply, html: string, assets: PanelAssets): void {
  const nonce = randomBytes(16).toString('base64');
  const page = assets
    .rename(html)
    .replaceAll(GOOGLE_FONT, STYLE)
    .replaceAll('<script>', `<script nonce="${nonce}">`)
    .trimStart();
  void reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', pagePolicy(nonce))
    // Under `no-referrer` a browser hides the origin of a form, by which the log-in tells our page from a stranger's.
    .header('referrer-policy', 'same-origin')
    .header('cache-control', 'private, no-store')
    .send(page);
}

function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    `script-src 'self' 'nonce-${nonce}'`,
    // AdminJS writes its styles while it runs.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
  ].join(';');
}
