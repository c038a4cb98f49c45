import type { MailBody } from '../content/mail-content.js';
import type { MailFacts, MailSetting } from '../content/mail-facts.js';
import type { MailFormat } from '../content/mail-format.js';
import type { Occasion } from '../occasions.js';
import type { Texts } from '../texts/texts.js';

export interface TemplateContext extends MailSetting {
  texts: Texts;
  format: MailFormat;
}

/** Says what one kind of e-mail says, in whatever language. Pure: the same facts give the same words. */
export type Template<O extends Occasion> = (facts: MailFacts[O], context: TemplateContext) => MailBody;
