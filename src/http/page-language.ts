import { MAIL_LOCALES, type MailLocale } from '../config/environment.js';

/**
 * The language for a page whose reader nobody knows yet: what the browser asks for most, of those that there are texts
 * in, and else the usual one (MAIL_LOCALE).
 */
export function pageLanguage(acceptLanguage: string | undefined, usual: MailLocale): MailLocale {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map(readChoice)
    .filter(({ weight }) => weight > 0)
    // Equal ones stay in the order they came in.
    .sort((a, b) => b.weight - a.weight);
  for (const { language } of wanted) {
    const known = MAIL_LOCALES.find((locale) => locale === language);
    if (known) return known;
  }
  return usual;
}

/** `de-AT;q=0.8`: German will do for Austria. */
function readChoice(choice: string): { language: string; weight: number } {
  const [tag = '', ...parameters] = choice.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length);
  return { language: tag.split('-')[0] ?? '', weight: weight === undefined ? 1 : Number(weight) || 0 };
}
