import type { ReactNode } from 'react';

export interface Column<T> {
  key: string;
  header: string;
  /** Amounts and counts stand right, digit under digit. */
  numeric?: boolean;
  /** What a card on a phone begins with: this on its left, that on its right. */
  lead?: boolean;
  sum?: boolean;
  cell: (row: T) => ReactNode;
}

/**
 * Rows and columns where there is room; on a phone each row is a card, whose cells bring their headings. The roles are
 * named, since browsers forget that a table is one once it is laid out as cards.
 */
export function DataTable<T extends { id: string }>({
  label,
  columns,
  rows,
}: {
  label: string;
  columns: Column<T>[];
  rows: T[];
}) {
  return (
    <table className="table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ key, header, numeric }) => (
            <th key={key} role="columnheader" scope="col" className={numeric ? 'numeric' : ''}>
              {header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={row.id} role="row">
            {columns.map(({ key, header, numeric, lead, sum, cell }) => (
              <td
                key={key}
                role="cell"
                data-label={header}
                className={`${numeric ? 'numeric' : ''} ${lead ? 'lead' : ''} ${sum ? 'sum' : ''}`}
              >
                <div>{cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
