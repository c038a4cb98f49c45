import { invalidParameter } from './stripe-problem.js';

/** A parsed parameter: text, a list or a group. JSON bodies (v2) may also hold numbers and booleans. */
export type ParameterValue = string | number | boolean | null | ParameterValue[] | { [key: string]: ParameterValue };

const NESTING_MAX = 12;

/**
 * Reads `application/x-www-form-urlencoded` with Stripe's bracket nesting: `a[b][0]=c`, `expand[]=d`.
 * A group whose keys are all whole numbers is a list.
 */
export function parseForm(text: string): { [key: string]: ParameterValue } {
  const root: Group = new Map();
  for (const [name, value] of new URLSearchParams(text)) place(root, pathOf(name), value);
  return asRecord(root);
}

type Group = Map<string, string | Group>;

function pathOf(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (!match) throw invalidParameter('parameter_unknown', name, `Received unknown parameter: ${name}`);
  const inner = [...(match[2] ?? '').matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '');
  if (inner.length > NESTING_MAX)
    throw invalidParameter('parameter_unknown', name, 'The parameters are nested too deeply.');
  return [match[1] ?? '', ...inner];
}

function place(root: Group, path: string[], value: string): void {
  let group = root;
  path.forEach((part, depth) => {
    const key = part === '' ? String(group.size) : part;
    if (depth === path.length - 1) {
      group.set(key, value);
      return;
    }
    let next = group.get(key);
    if (!(next instanceof Map)) {
      next = new Map();
      group.set(key, next);
    }
    group = next;
  });
}

function asValue(value: string | Group): ParameterValue {
  if (typeof value === 'string') return value;
  const keys = [...value.keys()];
  if (keys.every((key) => /^\d{1,4}$/.test(key))) {
    return keys.sort((left, right) => Number(left) - Number(right)).map((key) => asValue(value.get(key) ?? ''));
  }
  return asRecord(value);
}

function asRecord(group: Group): { [key: string]: ParameterValue } {
  // `Object.fromEntries` defines own properties, so a key such as `__proto__` stays plain data.
  return Object.fromEntries([...group].map(([key, value]) => [key, asValue(value)]));
}
