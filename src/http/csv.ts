import { Readable } from 'node:stream';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { stringify } from 'csv-stringify/sync';
import { formatAmount } from '../common/money.js';

/** A figure whose digits are kept as they are written, and which a spreadsheet takes for a number even below zero. */
export class Figure {
  constructor(readonly digits: string) {}
}

export type CsvCell = string | number | Figure | null;

/** The columns of a file, in their order: what a cell of each says about a row. */
export type CsvColumns<R> = Readonly<Record<string, (row: R) => CsvCell>>;

type CsvRecord = (string | number | null)[];

/** `1999n, 'usd'` → 19.99, to the digit. */
export function majorAmount(amountMinor: bigint, currency: string): Figure {
  return new Figure(formatAmount(amountMinor, currency));
}

/** The figure that the API calls an amount. */
export function minorAmount(amountMinor: bigint): Figure {
  return new Figure(amountMinor.toString());
}

/** So many rows are written and handed on at once: a million small pieces would cost more than what is in them. */
const ROWS_AT_ONCE = 200;

/**
 * Rows as CSV (RFC 4180, UTF-8), written as they are read: memory does not grow with their number.
 *
 * A text that begins with `= + - @`, a tab or a line end would be run as a formula by a spreadsheet, so it gets an
 * apostrophe in front. Figures stay figures. The byte order mark makes Excel read names in UTF-8.
 *
 * When reading fails the stream is destroyed with that error, so that no file looks complete without being it.
 */
export function csvStream<R>(columns: CsvColumns<R>, rows: AsyncIterable<R> | Iterable<R>): Readable {
  return Readable.from(chunksOf(columns, rows), { objectMode: false });
}

async function* chunksOf<R>(
  columns: CsvColumns<R>,
  rows: AsyncIterable<R> | Iterable<R>,
): AsyncGenerator<Buffer, void, void> {
  const cells = Object.values(columns);
  let records: CsvRecord[] = [Object.keys(columns)];
  let isBeginning = true;
  for await (const row of rows) {
    records.push(cells.map((cell) => written(cell(row))));
    if (records.length < ROWS_AT_ONCE) continue;
    yield Buffer.from(stringify(records, { bom: isBeginning }));
    records = [];
    isBeginning = false;
    // Others are served meanwhile, and whatever the next rows are read by gets on.
    await turnOfOthers();
  }
  if (records.length > 0) yield Buffer.from(stringify(records, { bom: isBeginning }));
}

/** What a spreadsheet takes for the start of a formula; the full-width signs too. */
const FORMULA_START = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

function written(cell: CsvCell): string | number | null {
  if (cell instanceof Figure) return cell.digits;
  return typeof cell === 'string' && FORMULA_START.test(cell) ? `'${cell}` : cell;
}
