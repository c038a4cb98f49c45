import Table from 'cli-table3';

/** One measured case: its figures by their names. */
export type Row = Record<string, number | string>;

export function printTable(title: string, rows: Row[]): void {
  const head = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = new Table({ head, colAligns: head.map(() => 'right'), style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => head.map((name) => figureText(row[name]))));
  console.log(`\n${title}\n${table.toString()}`);
}

export function figureText(value: number | string | undefined | null): string {
  if (typeof value !== 'number') return value ?? '';
  if (Number.isNaN(value)) return '';
  return Number.isInteger(value) || value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
