import { transliterate } from 'transliteration';

const PREFIX_LENGTH = 4;
/** For names of which nothing is left, such as emoji. */
const PREFIX_OF_NOTHING = 'REF';

/** `José María` → `JOSE`: the first letters and digits of a name, in ASCII. */
export function codePrefixOf(name: string): string {
  const letters = transliterate(name)
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '');
  return letters.slice(0, PREFIX_LENGTH) || PREFIX_OF_NOTHING;
}
