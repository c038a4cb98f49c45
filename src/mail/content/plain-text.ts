import type { Block, MailContent, TableRow } from './mail-content.js';

const WIDTH = 72;

/** The same e-mail for those who read text. Lines are wrapped, but for addresses, which must stay whole. */
export function renderPlainText({ brand, heading, blocks, footer }: MailContent): string {
  const { reason, unsubscribe } = footer;
  const parts = [
    brand,
    `${wrapped(heading)}\n${'='.repeat(Math.min(heading.length, WIDTH))}`,
    ...blocks.map(writeBlock),
    `-- \n${wrapped(reason)}${unsubscribe ? `\n${unsubscribe.label}:\n${unsubscribe.url}` : ''}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function writeBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
    case 'hint':
      return wrapped(block.text);
    case 'notice':
      return wrapped(block.text, '! ', '  ');
    case 'steps':
      return block.steps.map((step, index) => wrapped(step, `${index + 1}. `, '   ')).join('\n');
    case 'figure':
      return [block.label, `  ${block.value}`, ...(block.note === undefined ? [] : [wrapped(block.note)])].join('\n');
    case 'table':
      return [...(block.title === undefined ? [] : [block.title]), ...writeRows(block.rows)].join('\n');
    case 'address':
    case 'button':
      return `${block.label}:\n${block.url}`;
  }
}

/** Labels to the left, values to the right, in columns as wide as the longest. */
function writeRows(rows: TableRow[]): string[] {
  const labels = Math.max(...rows.map(({ label }) => label.length));
  const values = Math.max(...rows.map(({ value }) => value.length));
  return rows.flatMap(({ label, value, isTotal }) => [
    ...(isTotal ? [`  ${'-'.repeat(labels + 2 + values)}`] : []),
    `  ${label.padEnd(labels)}  ${value.padStart(values)}`,
  ]);
}

function wrapped(text: string, first = '', others = ''): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = others;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
