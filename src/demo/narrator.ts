import Table from 'cli-table3';
import { formatAmount } from '../common/money.js';

type Cell = string | number;

/** Prints the story. Amounts are right-aligned, with their currency, as a person reads them. */
export class Narrator {
  private stepNo = 0;

  step(at: Date, text: string): void {
    this.stepNo += 1;
    console.log(`\n${String(this.stepNo).padStart(2)}. ${at.toISOString().slice(0, 10)}  ${text}`);
  }

  say(text: string): void {
    console.log(`    ${text}`);
  }

  table(head: string[], rows: Cell[][]): void {
    const colAligns = head.map((_, column) => (rows.every((row) => isFigure(row[column])) ? ('right' as const) : ('left' as const)));
    const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
    table.push(...rows);
    console.log(
      table
        .toString()
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n'),
    );
  }
}

function isFigure(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || (typeof cell === 'string' && /^-?[\d.]+( [A-Z]{3})?$/.test(cell));
}

/** `2504, 'usd'` → `25.04 USD`. */
export function money(amountMinor: number, currency: string): string {
  return `${formatAmount(BigInt(amountMinor), currency)} ${currency.toUpperCase()}`;
}
