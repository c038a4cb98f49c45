import { pipeline, Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { formatAmount } from '../common/money.js';

/** A figure whose digits are kept as they are written, and which a spreadsheet takes for a number even below zero. */
export class Figure {
  constructor(readonly digits: string) {}
}

export type CsvCell = string | number | Figure | null;

/** The columns of a file, in their order: what a cell of each says about a row. */
export type CsvColumns<R> = Readonly<Record<string, (row: R) => CsvCell>>;

/** `1999n, 'usd'` → 19.99, to the digit. */
export function majorAmount(amountMinor: bigint, currency: string): Figure {
  return new Figure(formatAmount(amountMinor, currency));
}

/** The figure that the API calls an amount. */
export function minorAmount(amountMinor: bigint): Figure {
  return new Figure(amountMinor.toString());
}

/**
 * Rows as CSV (RFC 4180, UTF-8), written as they are read: memory does not grow with their number.
 *
 * A text that begins with `= + - @`, a tab or a line end would be run as a formula by a spreadsheet, so it gets an
 * apostrophe in front. Figures stay figures. The byte order mark makes Excel read names in UTF-8.
 *
 * When reading fails the stream is destroyed with that error, so that no file looks complete without being it.
 */
export function csvStream<R>(columns: CsvColumns<R>, rows: AsyncIterable<R> | Iterable<R>): Readable {
  const cells = Object.values(columns);
  async function* records(): AsyncGenerator<(string | number | null)[]> {
    for await (const row of rows) yield cells.map((cell) => written(cell(row)));
  }
  const csv = stringify({ header: true, columns: Object.keys(columns), bom: true });
  // An error of the rows destroys `csv`; whoever reads it is told.
  return pipeline(Readable.from(records()), csv, () => undefined);
}

/** What a spreadsheet takes for the start of a formula; the full-width signs too. */
const FORMULA_START = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

function written(cell: CsvCell): string | number | null {
  if (cell instanceof Figure) return cell.digits;
  return typeof cell === 'string' && FORMULA_START.test(cell) ? `'${cell}` : cell;
}
