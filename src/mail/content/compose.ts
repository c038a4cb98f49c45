import type { MailLocale } from '../../config/environment.js';
import { isOptional, type Occasion } from '../occasions.js';
import { actionNeeded } from '../templates/action-needed.js';
import { firstConversion } from '../templates/first-conversion.js';
import { monthlyStatement } from '../templates/monthly-statement.js';
import { payoutPaid } from '../templates/payout-paid.js';
import type { Template } from '../templates/template.js';
import { welcome } from '../templates/welcome.js';
import { textsOf } from '../texts/texts.js';
import type { MailContent } from './mail-content.js';
import type { MailFacts, MailSetting } from './mail-facts.js';
import { mailFormat } from './mail-format.js';

const TEMPLATES: { [O in Occasion]: Template<O> } = {
  welcome,
  first_conversion: firstConversion,
  monthly_statement: monthlyStatement,
  payout_paid: payoutPaid,
  action_needed: actionNeeded,
};

export interface ComposeOptions extends MailSetting {
  locale: MailLocale;
  /** In which days are counted. */
  timeZone: string;
  /** For what can be switched off, else null. */
  unsubscribeUrl: string | null;
}

/** The e-mail that these facts give, ready to be drawn. */
export function compose<O extends Occasion>(occasion: O, facts: MailFacts[O], options: ComposeOptions): MailContent {
  const { locale, timeZone, unsubscribeUrl, ...setting } = options;
  const texts = textsOf(locale);
  const body = TEMPLATES[occasion](facts, { ...setting, texts, format: mailFormat(locale, timeZone) });
  const { footer } = texts;
  return {
    ...body,
    // A header is one line anyway.
    subject: body.subject.replaceAll('\u00A0', ' '),
    locale,
    brand: setting.brand,
    footer:
      isOptional(occasion) && unsubscribeUrl !== null
        ? {
            reason: footer.optional(setting.brand),
            unsubscribe: { label: footer.unsubscribe[occasion], url: unsubscribeUrl },
          }
        : { reason: footer.service(setting.brand), unsubscribe: null },
  };
}
