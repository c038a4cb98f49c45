import { createRequire } from 'node:module';
import type { DocumentDefinition } from 'pdfmake';

const require = createRequire(import.meta.url);

const FONTS = {
  Roboto: {
    normal: require.resolve('pdfmake/fonts/Roboto/Roboto-Regular.ttf'),
    bold: require.resolve('pdfmake/fonts/Roboto/Roboto-Medium.ttf'),
  },
};
const FONT_FILES = new Set<string>(Object.values(FONTS.Roboto));

/** Lays a document out. The library comes with its fonts; nothing else may be read or fetched for a document. */
export async function renderPdf(definition: DocumentDefinition): Promise<Buffer> {
  // Loaded by the first document: most processes never make one, and it takes some 20 MB.
  const { default: pdfmake } = await import('pdfmake');
  pdfmake.setFonts(FONTS);
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path) => FONT_FILES.has(path));
  return pdfmake.createPdf(definition).getBuffer();
}
