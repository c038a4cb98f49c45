import type { MailBody } from '../content/mail-content.js';
import type { ActionNeeded } from '../content/mail-facts.js';
import type { Template, TemplateContext } from './template.js';

/** What happened, what it means for the money, and the one thing to do. */
export const actionNeeded: Template<'action_needed'> = (facts, context) => {
  const { texts, site, portalUrl } = context;
  const { subject, preheader, heading, text, after, what } = wordsFor(facts, context);
  return {
    subject,
    preheader,
    heading,
    blocks: [
      { kind: 'paragraph', text },
      ...(after === undefined ? [] : [{ kind: 'paragraph', text: after } satisfies MailBody['blocks'][number]]),
      { kind: 'notice', text: what },
      { kind: 'button', label: texts.dashboardButton, url: portalUrl },
      { kind: 'hint', text: texts.signInHint(site) },
    ],
  };
};

interface ActionWords {
  subject: string;
  preheader: string;
  heading: string;
  text: string;
  after?: string;
  what: string;
}

function wordsFor(facts: ActionNeeded, { texts, format }: TemplateContext): ActionWords {
  const words = texts.actionNeeded;
  switch (facts.kind) {
    case 'set_up_payouts': {
      const { subject, preheader, heading, text, what, next } = words.setUpPayouts;
      const amounts = format.list(
        facts.waiting.map(({ amountMinor, currency }) => format.money(amountMinor, currency)),
      );
      return {
        subject: subject(amounts),
        preheader,
        heading: heading(amounts),
        text: text(amounts, format.day(facts.runAt)),
        ...(facts.nextPayoutAt && { after: next(format.day(facts.nextPayoutAt)) }),
        what,
      };
    }
    case 'bank_payout_failed': {
      const { subject, preheader, heading, text, reason, safe, what } = words.bankPayoutFailed;
      const amount = format.money(facts.amountMinor, facts.currency);
      return {
        subject: subject(amount),
        preheader,
        heading: heading(amount),
        text: text(amount, reason(facts.failureCode)),
        after: safe,
        what,
      };
    }
    case 'account_restricted':
      return words.accountRestricted;
    case 'account_gone':
      return words.accountGone;
    case 'requirements_due': {
      const { subject, preheader, heading, text, what } = words.requirementsDue;
      const date = format.day(facts.dueAt);
      return { subject: subject(date), preheader, heading: heading(date), text: text(date), what };
    }
  }
}
