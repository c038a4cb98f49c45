import type { Content, DocumentDefinition } from 'pdfmake';
import { localFormat, type LocalFormat } from './local-format.js';
import { bold, figure, GREY, head, INK, RULED, SHADE, text } from './pdf-blocks.js';
import { renderPdf } from './pdf-renderer.js';
import { printable } from './printable.js';
import type { Statement } from './statement.js';
import type { MonthTotal, StatementItem } from './statement-items.js';
import { customerOf, KIND_NAMES, noticeOf, receivedMinor } from './statement-presenter.js';

interface PdfStatement {
  statement: Statement;
  /** Empty where months are given instead. */
  items: StatementItem[];
  months: MonthTotal[];
  locale: string;
  madeAt: Date;
  /** Whether customers are masked. */
  masked: boolean;
}

const PAID_WORDS: Record<string, string> = {
  pending: 'Under way',
  paid: 'Paid',
  failed: 'Failed',
  canceled: 'Cancelled',
  reversed: 'Reversed',
};

/** A payout statement on A4: a page for a small one, a table with repeated heads over many pages for a large one. */
export function statementPdf(given: PdfStatement): Promise<Buffer> {
  const { statement, items, months, locale, madeAt } = given;
  const { payout, payer } = statement;
  const format = localFormat(locale);
  const title = `Payout statement ${payout.run.period}`;
  const definition: DocumentDefinition = {
    pageSize: 'A4',
    pageMargins: [48, 48, 48, 56],
    version: '1.7',
    language: 'en',
    displayTitle: true,
    info: {
      title: `${title}, ${payout.id}`,
      author: printable(payer),
      subject: `What payout ${payout.id} is made of`,
      creator: 'Fairshare',
      producer: 'Fairshare',
      creationDate: madeAt,
    },
    defaultStyle: { font: 'Roboto', fontSize: 9, color: INK, lineHeight: 1.15 },
    content: [
      heading(statement, format),
      parties(statement),
      facts(statement, format),
      ...notice(statement),
      sums(statement, format),
      ...(months.length > 0
        ? monthTable(statement, months, format)
        : itemTable(statement, items, format, given.masked)),
      footnote(statement),
    ],
    footer: (page, pages) => ({
      margin: [48, 16, 48, 0],
      fontSize: 7.5,
      color: GREY,
      columns: [
        { text: `${printable(payer)} · payout ${payout.id} · made on ${format.date(madeAt)}` },
        { text: `Page ${page} of ${pages}`, alignment: 'right', width: 80 },
      ],
    }),
  };
  return renderPdf(definition);
}

function heading({ payout }: Statement, format: LocalFormat): Content {
  return {
    columns: [
      { text: 'Payout statement', fontSize: 20, bold: true },
      { text: format.month(payout.run.period), fontSize: 13, color: GREY, alignment: 'right', margin: [0, 6, 0, 0] },
    ],
    margin: [0, 0, 0, 18],
  };
}

function parties({ payer, affiliate }: Statement): Content {
  const party = (label: string, name: string, lines: string[]): Content => ({
    width: '*',
    stack: [
      { text: label, fontSize: 7.5, color: GREY, margin: [0, 0, 0, 2] },
      { text: text(name, 24), fontSize: 11, bold: true },
      ...lines.map((line) => ({ text: text(line), color: GREY })),
    ],
  });
  return {
    columns: [
      party('FROM', payer, []),
      party('TO', affiliate.name, [...(affiliate.email === null ? [] : [affiliate.email]), affiliate.id]),
    ],
    columnGap: 24,
    margin: [0, 0, 0, 16],
  };
}

/** Beside the box with the sum, what identifies the payout. */
function facts({ payout }: Statement, format: LocalFormat): Content {
  const rows: [string, string][] = [
    ['Payout', payout.id],
    ['Status', PAID_WORDS[payout.status] ?? payout.status],
    ['Cut-off', format.dateTime(payout.run.cutOff)],
    ['Paid on', payout.paidAt ? format.date(payout.paidAt) : '–'],
    ['Stripe transfer', payout.stripeTransferId ?? '–'],
  ];
  return {
    columns: [
      {
        width: '*',
        layout: 'noBorders',
        table: {
          widths: [72, '*'],
          body: rows.map(([label, value]) => [{ text: label, color: GREY }, { text: text(value) }]),
        },
      },
      {
        width: 190,
        layout: { hLineWidth: () => 0, vLineWidth: () => 0, paddingLeft: () => 14, paddingRight: () => 14 },
        table: {
          widths: ['*'],
          body: [
            [{ text: 'Received', color: GREY, fillColor: SHADE, margin: [0, 8, 0, 0] }],
            [
              {
                text: format.money(receivedMinor(payout), payout.currency),
                fontSize: 17,
                bold: true,
                fillColor: SHADE,
                margin: [0, 0, 0, 8],
              },
            ],
          ],
        },
      },
    ],
    columnGap: 24,
    margin: [0, 0, 0, 14],
  };
}

function notice({ payout }: Statement): Content[] {
  const words = noticeOf(payout);
  if (words === null) return [];
  return [
    {
      layout: { hLineWidth: () => 0, vLineWidth: (line) => (line === 0 ? 3 : 0), vLineColor: () => INK },
      table: {
        widths: ['*'],
        body: [[{ text: text(words), fillColor: SHADE, margin: [8, 6, 8, 6] }]],
      },
      margin: [0, 0, 0, 14],
    },
  ];
}

/** What the payout is made of by kind, beside what was there before and after it. */
function sums({ payout, totals, itemCount, balance }: Statement, format: LocalFormat): Content {
  const money = (amountMinor: bigint): Content => figure(format.money(amountMinor, payout.currency));
  const made: Content[][] = totals.map(({ kind, count, amountMinor }) => [
    { text: KIND_NAMES[kind] },
    figure(format.count(count)),
    money(amountMinor),
  ]);
  const after: [string, bigint][] = [
    ['Payable before', balance.openingPayableMinor],
    ['Stays payable', balance.closingPayableMinor],
    ['Not payable yet', balance.closingHeldMinor],
  ];
  if (payout.amountReversedMinor > 0n) after.unshift(['Taken back by Stripe', -payout.amountReversedMinor]);
  return {
    columns: [
      {
        width: '*',
        layout: RULED,
        table: {
          headerRows: 1,
          widths: ['*', 'auto', 'auto'],
          body: [
            [head('Made of'), head('Items', 'right'), head('Sum', 'right')],
            ...made,
            [
              bold('Amount of the payout'),
              bold(format.count(itemCount), 'right'),
              bold(format.money(payout.amountMinor, payout.currency), 'right'),
            ],
          ],
        },
      },
      {
        width: 190,
        layout: RULED,
        table: {
          headerRows: 1,
          widths: ['*', 'auto'],
          body: [
            [head('Balance'), head(payout.currency.toUpperCase(), 'right')],
            ...after.map(([label, amountMinor]): Content[] => [{ text: label }, money(amountMinor)]),
          ],
        },
      },
    ],
    columnGap: 24,
    margin: [0, 0, 0, 18],
  };
}

function itemTable({ payout }: Statement, items: StatementItem[], format: LocalFormat, masked: boolean): Content[] {
  const rows = items.map((item): Content[] => {
    const { movement, kind, occurredAt, description, amountMinor, earlierPayoutId } = item;
    const references = [movement?.invoiceId, movement?.commissionId, earlierPayoutId].filter(
      (id) => id !== undefined && id !== null,
    );
    return [
      { text: format.date(occurredAt), noWrap: true },
      {
        stack: [
          { text: [bold(KIND_NAMES[kind]), { text: `  ${text(description)}` }] },
          ...(references.length > 0 ? [{ text: text(references.join(' · ')), fontSize: 7, color: GREY }] : []),
        ],
      },
      { text: text(customerOf(item, masked) ?? '–') },
      figure(format.money(amountMinor, payout.currency)),
    ];
  });
  return [
    {
      layout: RULED,
      table: {
        headerRows: 1,
        dontBreakRows: true,
        widths: ['auto', '*', 70, 'auto'],
        body: [
          [head('Date (UTC)'), head('What happened'), head('Customer'), head('Amount', 'right')],
          ...rows,
          total(payout, format, 3),
        ],
      },
    },
  ];
}

function monthTable({ payout, itemCount }: Statement, months: MonthTotal[], format: LocalFormat): Content[] {
  const rows = months.map(({ month, kind, count, amountMinor }): Content[] => [
    { text: format.month(month) },
    { text: KIND_NAMES[kind] },
    figure(format.count(count)),
    figure(format.money(amountMinor, payout.currency)),
  ]);
  return [
    {
      text: `This payout has ${format.count(itemCount)} items. They are added up by month here; the CSV of this statement (?format=csv) lists each of them.`,
      margin: [0, 0, 0, 8],
    },
    {
      layout: RULED,
      table: {
        headerRows: 1,
        dontBreakRows: true,
        widths: ['auto', '*', 'auto', 'auto'],
        body: [
          [head('Month (UTC)'), head('Kind'), head('Items', 'right'), head('Sum', 'right')],
          ...rows,
          total(payout, format, 3),
        ],
      },
    },
  ];
}

function total({ amountMinor, currency }: Statement['payout'], format: LocalFormat, colSpan: number): Content[] {
  const filler: Content[] = Array.from({ length: colSpan - 1 }, () => ({ text: '' }));
  return [{ ...bold('Sum of all items'), colSpan }, ...filler, bold(format.money(amountMinor, currency), 'right')];
}

function footnote({ totals }: Statement): Content {
  const has = (kind: string): boolean => totals.some((total) => total.kind === kind);
  const sentences = [
    'A commission is the part of an invoice that the customer really paid, without tax, times the rate in force, rounded down to what the currency can pay.',
    'An item counts in the first payout after it became payable; deductions count in the next payout whenever they came.',
    ...(has('claw_back')
      ? [
          'A claw-back takes the commission of money that went back to the customer: a refund, a dispute or a credit note. A dispute that is won restores it.',
        ]
      : []),
    'The working behind each amount stands in the CSV of this statement and in the commission itself, under the id that is printed below it.',
  ];
  return { text: sentences.join(' '), fontSize: 7.5, color: GREY, margin: [0, 14, 0, 0] };
}
