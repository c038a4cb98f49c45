import Table from 'cli-table3';

export type Cell = string | number;

/** Rows as a table for a terminal or a file: no colours, figures and amounts right-aligned. */
export function textTable(head: string[], rows: Cell[][]): string {
  const colAligns = head.map((_, column) =>
    rows.length > 0 && rows.every((row) => isFigure(row[column])) ? ('right' as const) : ('left' as const),
  );
  const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  table.push(...rows);
  return table.toString();
}

/** A number, or an amount with its currency. */
function isFigure(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || (typeof cell === 'string' && /^-?[\d.]+( [A-Z]{3})?$/.test(cell));
}
