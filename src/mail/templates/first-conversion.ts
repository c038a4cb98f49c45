import type { Block } from '../content/mail-content.js';
import type { Template } from './template.js';

export const firstConversion: Template<'first_conversion'> = (facts, { texts, format, site, portalUrl }) => {
  const { subject, preheader, heading, intro, figure, heldUntil, payable, more, setUpPayouts } = texts.firstConversion;
  const { commission, convertedAt, canBePaid } = facts;
  const amount = commission && format.money(commission.amountMinor, commission.currency);
  const earned: Block[] =
    commission && amount !== null
      ? [
          {
            kind: 'figure',
            label: figure,
            value: amount,
            note: commission.heldUntil ? heldUntil(format.day(commission.heldUntil)) : payable,
          },
          { kind: 'paragraph', text: more },
        ]
      : [];
  return {
    subject,
    preheader: preheader(amount),
    heading,
    blocks: [
      { kind: 'paragraph', text: intro(format.day(convertedAt)) },
      ...earned,
      ...(canBePaid ? [] : [{ kind: 'notice', text: setUpPayouts } satisfies Block]),
      { kind: 'button', label: texts.dashboardButton, url: portalUrl },
      { kind: 'hint', text: texts.signInHint(site) },
    ],
  };
};
