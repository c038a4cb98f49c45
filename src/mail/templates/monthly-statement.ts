import type { Block, TableRow } from '../content/mail-content.js';
import type { StatementOfCurrency } from '../content/mail-facts.js';
import type { Template, TemplateContext } from './template.js';

export const monthlyStatement: Template<'monthly_statement'> = (facts, context) => {
  const { texts, format, site, portalUrl } = context;
  const { subject, preheader, heading, next, why } = texts.monthlyStatement;
  const month = format.month(facts.month);
  const paid = facts.currencies.flatMap((own) => (own.paid ? [format.money(own.paid.amountMinor, own.currency)] : []));
  return {
    subject: subject(month),
    preheader: preheader(
      format.list(facts.currencies.map((own) => format.money(own.earnedMinor, own.currency))),
      paid.length > 0 ? format.list(paid) : null,
    ),
    heading: heading(month),
    blocks: [
      ...facts.currencies.flatMap((own) => statementOf(own, month, context)),
      { kind: 'paragraph', text: facts.nextPayoutAt ? `${next(format.day(facts.nextPayoutAt))} ${why}` : why },
      { kind: 'button', label: texts.dashboardButton, url: portalUrl },
      { kind: 'hint', text: texts.signInHint(site) },
    ],
  };
};

function statementOf(own: StatementOfCurrency, month: string, { texts, format }: TemplateContext): Block[] {
  const words = texts.monthlyStatement;
  const money = (amountMinor: bigint): string => format.money(amountMinor, own.currency);
  const row = (label: string, amountMinor: bigint): TableRow => ({ label, value: money(amountMinor) });
  /** What did not occur needs no row. */
  const rowUnlessZero = (label: string, amountMinor: bigint): TableRow[] =>
    amountMinor === 0n ? [] : [row(label, amountMinor)];
  const changes = [
    ...rowUnlessZero(words.reversed, -own.reversedMinor),
    ...rowUnlessZero(words.adjusted, own.adjustedMinor),
  ];
  const total = own.earnedMinor - own.reversedMinor + own.adjustedMinor;
  const code = own.currency.toUpperCase();
  const { paid, skipped } = own;
  return [
    {
      kind: 'table',
      title: words.month(month, code),
      rows: [
        row(words.earned, own.earnedMinor),
        ...changes,
        ...(changes.length > 0 ? [{ ...row(words.total, total), isTotal: true }] : []),
      ],
    },
    {
      kind: 'table',
      title: words.balance(code),
      rows: [
        ...(paid ? [row(words.paid(format.day(paid.at)), paid.amountMinor)] : []),
        ...rowUnlessZero(words.inPayout, own.inPayoutMinor),
        row(words.held, own.heldMinor),
        row(words.payable, own.payableMinor),
      ],
    },
    ...(skipped
      ? [
          {
            kind: 'notice',
            text: words.skipped(money(skipped.amountMinor), money(skipped.minimumMinor))[skipped.reason],
          } satisfies Block,
        ]
      : []),
  ];
}
