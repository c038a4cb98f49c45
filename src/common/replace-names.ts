/** What to put in place of which names. */
export type Replacements = ReadonlyMap<string, string>;

/** A shorter name is replaced only where it is the whole text: inside a sentence, `7` is rarely a user id. */
const LENGTH_INSIDE_MIN = 4;

/**
 * Replaces names wherever they stand in the texts of a JSON value, alone or as a word of their own, in any case. The
 * names of fields stay.
 */
export function replaceNames<T>(value: T, replacements: Replacements): T {
  return replaced(value, (text) => replaceInText(text, replacements)) as T;
}

function replaced(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item) => replaced(item, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, item]) => [field, replaced(item, replace)]));
}

function replaceInText(text: string, replacements: Replacements): string {
  let result = text;
  for (const [name, replacement] of replacements) {
    if (result.toLowerCase() === name.toLowerCase()) return replacement;
    if (name.length >= LENGTH_INSIDE_MIN) result = result.replace(wordPattern(name), () => replacement);
  }
  return result;
}

/** The name where it does not go on before or after: `anna` is not in `annabel`. */
function wordPattern(name: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(name)}(?![\\p{L}\\p{N}_])`, 'giu');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
