import type { MailLocale } from '../../config/environment.js';
import { localFormat } from '../../payouts/statements/local-format.js';

/** How e-mails of a language write amounts and days. */
export interface MailFormat {
  /** Exact, with the currency's code: `USD 1,250.00`, `1.250,00 USD`. */
  money(amountMinor: bigint, currency: string): string;
  percent(rateBps: number): string;
  /** `1 December 2026`: the day in the time zone that payouts are planned in. Stays on one line, as amounts do. */
  day(at: Date): string;
  /** `2026-12` → December 2026. */
  month(period: string): string;
  /** `a, b and c`. */
  list(items: string[]): string;
}

/** English days are written the way that reads the same on both sides of the ocean. */
const LANGUAGE_TAGS: Record<MailLocale, string> = { en: 'en-GB', de: 'de-DE' };

export function mailFormat(locale: MailLocale, timeZone: string): MailFormat {
  const tag = LANGUAGE_TAGS[locale];
  const local = localFormat(tag);
  const days = new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone });
  const lists = new Intl.ListFormat(tag, { type: 'conjunction' });
  return { ...local, day: (at) => days.format(at).replaceAll(' ', '\u00A0'), list: (items) => lists.format(items) };
}
