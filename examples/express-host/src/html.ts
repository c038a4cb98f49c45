const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** HTML that may be put into a page as it is. */
export class Html {
  constructor(readonly text: string) {}
}

type Insertable = Html | string | number | null | false | readonly Html[];

/** A piece of a page: what is put in is made harmless, unless it is HTML already. */
export function html(parts: TemplateStringsArray, ...values: Insertable[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(toText)));
}

function toText(value: Insertable): string {
  if (value === null || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
