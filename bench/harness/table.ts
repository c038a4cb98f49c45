import Table from 'cli-table3';

/** One measured case: its figures by their names. */
export type Row = Record<string, number | string>;

export function printTable(title: string, rows: Row[]): void {
  const head = Object.keys(rows[0] ?? {});
  const table = new Table({ head, colAligns: head.map(() => 'right'), style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => head.map((name) => text(row[name]))));
  console.log(`\n${title}\n${table.toString()}`);
}

function text(value: number | string | undefined): string {
  if (typeof value !== 'number') return value ?? '';
  return Number.isInteger(value) || value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
