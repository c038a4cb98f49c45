import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * What the document's font (Roboto) has a glyph for, of what names and reasons are written with: Latin with its
 * accents and Vietnamese, Greek, Cyrillic, common punctuation and currency signs.
 */
const GLYPHS =
  ' -~\u00A0-ſƒƠơƯưȘ-ț΄-ΊΌΎ-ΡΣ-ώЀ-҆Ḁ-ḁẞẠ-ỹ\u2010\u2011\u2013-\u2015\u2017-\u201E\u2020-\u2022\u2026\u2030\u2039\u203A₣₤₦-€₱₹₺₽№™−';
const OTHER_SCRIPTS = new RegExp(`[^${GLYPHS}]+`, 'gu');

/** A text as the document's font can print it: other scripts in Latin letters rather than as boxes. */
export function printable(text: string): string {
  return (
    text
      .normalize('NFC')
      // Spaces that do not break, then all the others, then what has no width or no meaning on paper.
      .replaceAll(/[\u2007\u202F]/gu, '\u00A0')
      .replaceAll(/[^\S\u00A0]+/gu, ' ')
      .replaceAll(/\p{C}/gu, '')
      .replaceAll(OTHER_SCRIPTS, inLatinLetters)
  );
}

function inLatinLetters(text: string): string {
  // Loaded by the first text that needs it, which most processes never have: it takes some 15 MB.
  const { transliterate } = require('transliteration') as typeof import('transliteration');
  return transliterate(text, { unknown: '?' });
}
