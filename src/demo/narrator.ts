import { textTable, type Cell } from '../cli/text-table.js';
import { formatAmount } from '../common/money.js';

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
    console.log(textTable(head, rows).replace(/^/gm, '    '));
  }
}

/** `2504, 'usd'` → `25.04 USD`. */
export function money(amountMinor: number, currency: string): string {
  return `${formatAmount(BigInt(amountMinor), currency)} ${currency.toUpperCase()}`;
}
