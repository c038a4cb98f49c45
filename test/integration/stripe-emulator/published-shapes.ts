import { readFileSync } from 'node:fs';

export type WireObject = { [key: string]: unknown };

/** From Stripe's published example objects: what each type's fields are called and what they hold. */
const PUBLISHED = JSON.parse(readFileSync(new URL('published-shapes.json', import.meta.url), 'utf8')) as {
  [type: string]: { [field: string]: string };
};

/** Stripe's examples still hold these; the pinned API version has them no more, or only when expanded. */
const GONE: { [type: string]: string[] } = { charge: ['refunds'], invoice: ['subscription'] };

export const publishedTypes = Object.keys(PUBLISHED);

/** Where an object differs from Stripe's example of its type: a field is missing or holds something else. */
export function shapeFaults(object: WireObject): string[] {
  const published = PUBLISHED[String(object.object)];
  if (!published) return [`Stripe publishes no ${String(object.object)}`];
  return Object.entries(published)
    .filter(([field]) => !GONE[String(object.object)]?.includes(field))
    .flatMap(([field, kind]) => {
      if (!(field in object)) return [`${field} is missing`];
      const held = kindOf(object[field]);
      return kind === 'null' || held === 'null' || held === kind ? [] : [`${field} holds ${held}, not ${kind}`];
    });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
