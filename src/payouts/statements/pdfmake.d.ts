/**
 * As much of pdfmake as statements use. Its published types bring those of a browser with them, and then `fetch` and the
 * like mean something else in the whole project.
 */
declare module 'pdfmake' {
  export type Align = 'left' | 'right';
  /** Left, top, right, bottom, in points. */
  export type Margin = [number, number, number, number];

  export interface Style {
    font?: string;
    fontSize?: number;
    bold?: boolean;
    color?: string;
    fillColor?: string;
    alignment?: Align;
    margin?: Margin;
    lineHeight?: number;
    noWrap?: boolean;
  }

  export interface TableLayout {
    hLineWidth?: (line: number) => number;
    vLineWidth?: (line: number) => number;
    hLineColor?: (line: number) => string;
    vLineColor?: (line: number) => string;
    paddingTop?: (row: number) => number;
    paddingBottom?: (row: number) => number;
    paddingLeft?: (column: number) => number;
    paddingRight?: (column: number, node: { table: Table }) => number;
  }

  export type Width = number | 'auto' | '*';

  export interface Text extends Style {
    text: string | Text[];
    width?: Width;
    colSpan?: number;
  }

  export interface Table {
    widths: Width[];
    headerRows?: number;
    dontBreakRows?: boolean;
    body: Content[][];
  }

  export type Content =
    | Text
    | ({ stack: Content[]; width?: Width } & Style)
    | ({ columns: Content[]; columnGap?: number } & Style)
    | ({ table: Table; layout?: TableLayout | 'noBorders'; width?: Width } & Style);

  export interface DocumentDefinition {
    pageSize: 'A4';
    pageMargins: Margin;
    version: '1.7';
    language: string;
    displayTitle: boolean;
    info: { title: string; author: string; subject: string; creator: string; producer: string; creationDate: Date };
    defaultStyle: Style;
    content: Content[];
    footer: (page: number, pages: number) => Content;
  }

  const pdfmake: {
    setFonts(fonts: Record<string, { normal: string; bold: string }>): void;
    setUrlAccessPolicy(allows: (url: string) => boolean): void;
    setLocalAccessPolicy(allows: (path: string) => boolean): void;
    createPdf(definition: DocumentDefinition): { getBuffer(): Promise<Buffer> };
  };
  export default pdfmake;
}
