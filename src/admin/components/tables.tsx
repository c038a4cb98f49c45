import React from 'react';

const CELL: React.CSSProperties = {
  padding: '10px 14px',
  borderBottom: '1px solid #e2e8f0',
  verticalAlign: 'top',
  lineHeight: 1.45,
};
const HEAD: React.CSSProperties = {
  ...CELL,
  textAlign: 'left',
  color: '#475569',
  fontSize: 12,
  fontWeight: 600,
  whiteSpace: 'nowrap',
};
const FIGURE: React.CSSProperties = { textAlign: 'right', whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' };

interface Head {
  text: string;
  isFigure?: boolean;
}

/** A small table of its own; on a phone it scrolls sideways within itself. */
export const SmallTable: React.FC<{ caption: string; heads: Head[]; rows: React.ReactNode[][] }> = ({
  caption,
  heads,
  rows,
}) => (
  <div
    style={{ overflowX: 'auto', border: '1px solid #e2e8f0', borderRadius: 8 }}
    tabIndex={0}
    role="region"
    aria-label={caption}
  >
    <table style={{ borderCollapse: 'collapse', width: '100%', fontSize: 14, background: '#fff' }}>
      <caption style={HIDDEN}>{caption}</caption>
      <thead style={{ background: '#f8fafc' }}>
        <tr>
          {heads.map(({ text, isFigure }) => (
            <th key={text} scope="col" style={isFigure ? { ...HEAD, ...FIGURE } : HEAD}>
              {text}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            {row.map((cell, column) => (
              <td key={column} style={heads[column]?.isFigure ? { ...CELL, ...FIGURE } : CELL}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

/** For screen readers only. */
const HIDDEN: React.CSSProperties = {
  position: 'absolute',
  width: 1,
  height: 1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
};
