import { HttpError } from './http-error.js';

/** Ours are at most three deep; a bound keeps hostile ones cheap. */
const MAX_DEPTH = 16;
/** Keys that can reach the prototype of an object they are copied to. */
export const POLLUTING_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Parses a JSON body and refuses what the rest of the service could only trip over: text that PostgreSQL cannot store,
 * numbers that JavaScript cannot hold exactly, keys that reach an object's prototype, and nesting without end.
 * An empty body is no body.
 * @throws HttpError 400
 */
export function parseJsonBody(raw: Buffer): unknown {
  if (raw.length === 0) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(raw.toString('utf8'));
  } catch {
    throw new HttpError(400, 'malformed_json', 'The body is not valid JSON.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpError(400, 'invalid_request', 'The body must be a JSON object.');
  }
  const problem = problemIn(body, '', 0);
  if (problem) throw new HttpError(400, 'invalid_request', `${problem}.`);
  return body;
}

/** Whether PostgreSQL can store the text: it knows no null character and no half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text);
}

function problemIn(value: unknown, path: string, depth: number): string | null {
  switch (typeof value) {
    case 'string':
      return isStorableText(value) ? null : `${path} has a null character or an unpaired surrogate`;
    case 'number':
      return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? null : `${path} is a number beyond 2^53`;
    case 'object':
      return value === null ? null : problemInside(value, path, depth);
    default:
      return null;
  }
}

function problemInside(container: object, path: string, depth: number): string | null {
  if (depth >= MAX_DEPTH) return 'The body is nested too deeply';
  for (const [key, value] of Object.entries(container)) {
    if (POLLUTING_KEYS.has(key)) return `unknown field "${path === '' ? key : `${path}.${key}`}"`;
    if (!isStorableText(key)) return 'A field name has a null character or an unpaired surrogate';
    const problem = problemIn(value, path === '' ? key : `${path}.${key}`, depth + 1);
    if (problem) return problem;
  }
  return null;
}
