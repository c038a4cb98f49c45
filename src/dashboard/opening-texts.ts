import type { MailLocale } from '../config/environment.js';

/** What the page says that a dashboard link leads to. */
const en = {
  title: 'Your dashboard',
  text: 'Your dashboard opens in a moment. If it does not, press the button.',
  open: 'Open the dashboard',
  usedTitle: 'This link has been used or has expired',
  usedTexts: [
    'Links to the dashboard work once, and for five minutes only.',
    'Go back to where you found the link and open the dashboard from there again: each click makes a fresh one.',
  ],
};

const de: typeof en = {
  title: 'Dein Dashboard',
  text: 'Dein Dashboard öffnet sich gleich. Wenn nicht, drücke auf den Knopf.',
  open: 'Dashboard öffnen',
  usedTitle: 'Dieser Link war schon benutzt oder abgelaufen',
  usedTexts: [
    'Links zum Dashboard gelten einmal, und nur fünf Minuten lang.',
    'Geh dorthin zurück, wo der Link stand, und öffne das Dashboard von dort noch einmal: Jeder Klick macht einen neuen.',
  ],
};

export const OPENING_TEXTS: Record<MailLocale, typeof en> = { en, de };
