import type { MailLocale } from '../../config/environment.js';
import { de } from './de.js';
import { en, type Texts } from './en.js';

export type { Texts };

const BY_LOCALE: Record<MailLocale, Texts> = { en, de };

export function textsOf(locale: MailLocale): Texts {
  return BY_LOCALE[locale];
}
