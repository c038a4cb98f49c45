import type { Template } from './template.js';

export const payoutPaid: Template<'payout_paid'> = (facts, { texts, format, site, portalUrl }) => {
  const { subject, preheader, heading, intro, figure, rows, arrival, statementButton } = texts.payoutPaid;
  const amount = format.money(facts.amountMinor, facts.currency);
  const date = format.day(facts.paidAt);
  return {
    subject: subject(amount),
    preheader: preheader(date),
    heading,
    blocks: [
      { kind: 'paragraph', text: intro(date) },
      { kind: 'figure', label: figure, value: amount },
      {
        kind: 'table',
        rows: [
          { label: rows.period, value: format.month(facts.period) },
          { label: rows.paidAt, value: date },
          { label: rows.reference, value: facts.reference },
        ],
      },
      { kind: 'paragraph', text: arrival },
      { kind: 'button', label: statementButton, url: portalUrl },
      { kind: 'hint', text: texts.signInHint(site) },
    ],
  };
};
