import type { MailLocale } from '../../config/environment.js';

/** What the pages say that Stripe sends affiliates back to. */
const en = {
  returnedTitle: 'You are back from Stripe',
  returnedTexts: [
    'Thank you. Stripe now checks what you have entered; that takes a few minutes at most.',
    'If anything is still missing, you can see it where you came from, and open Stripe again from there.',
  ],
  expiredTitle: 'This link has been used or has expired',
  expiredTexts: [
    'Links to Stripe work once, and for a few minutes only. Nothing that you have entered is lost.',
    'Go back to where you found the link and open Stripe from there again: each click makes a fresh one.',
  ],
};

const de: typeof en = {
  returnedTitle: 'Du bist zurück von Stripe',
  returnedTexts: [
    'Danke. Stripe prüft jetzt deine Angaben; das dauert höchstens ein paar Minuten.',
    'Fehlt noch etwas, siehst du es dort, wo du herkamst, und kannst Stripe von dort noch einmal öffnen.',
  ],
  expiredTitle: 'Dieser Link war schon benutzt oder abgelaufen',
  expiredTexts: [
    'Links zu Stripe gelten einmal, und nur ein paar Minuten lang. Von deinen Angaben ist nichts verloren.',
    'Geh dorthin zurück, wo der Link stand, und öffne Stripe von dort noch einmal: Jeder Klick macht einen neuen.',
  ],
};

export const ONBOARDING_PAGE_TEXTS: Record<MailLocale, typeof en> = { en, de };
