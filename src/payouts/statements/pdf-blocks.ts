import type { Content, TableLayout, Text } from 'pdfmake';
import { printable } from './printable.js';

export const INK = '#1c2430';
export const GREY = '#5d6775';
const LINE = '#d5dae1';
export const SHADE = '#f3f5f8';

/** A table with a thin line below each row. */
export const RULED: TableLayout = {
  hLineWidth: (line: number) => (line === 0 ? 0 : 0.5),
  vLineWidth: () => 0,
  hLineColor: () => LINE,
  paddingTop: () => 4,
  paddingBottom: () => 4,
  paddingLeft: (column: number) => (column === 0 ? 0 : 6),
  paddingRight: (column, { table }) => (column === table.widths.length - 1 ? 0 : 6),
};

export function head(label: string, alignment: 'left' | 'right' = 'left'): Text {
  return { text: label, fontSize: 7.5, color: GREY, alignment };
}

export function bold(label: string, alignment: 'left' | 'right' = 'left'): Text {
  return { text: label, bold: true, alignment };
}

export function figure(written: string): Content {
  return { text: written, alignment: 'right', noWrap: true };
}

/** What people and other systems wrote: printable, and with a place to break a word that is longer than its line. */
export function text(written: string, longestWord = 40): string {
  return printable(written).replaceAll(new RegExp(`\\S{${longestWord}}(?=\\S)`, 'gu'), '$&\u200B');
}
