import type { ParameterValue } from './form-body.js';
import { invalidParameter, missingParameter } from './stripe-problem.js';

/**
 * Reads the parameters of one request and refuses wrong ones as Stripe does. `name` in an error is
 * the full path (`items[0][price]`). An absent parameter is `undefined`; an empty one, by which
 * Stripe's form encoding says null, is `null`.
 */
export class Parameters {
  constructor(
    readonly values: { [key: string]: ParameterValue },
    private readonly prefix = '',
  ) {}

  has(name: string): boolean {
    return Object.hasOwn(this.values, name);
  }

  string(name: string): string | null | undefined {
    const value = this.own(name);
    if (value === undefined) return undefined;
    if (value === null || value === '') return null;
    if (typeof value === 'object')
      throw invalidParameter(
        'parameter_invalid_string_empty',
        this.pathOf(name),
        `Invalid string: ${JSON.stringify(value)}`,
      );
    return String(value);
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value === undefined || value === null) throw missingParameter(this.pathOf(name));
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.string(name);
    if (value === undefined || value === null) return undefined;
    const number = Number(value);
    if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number)) {
      throw invalidParameter('parameter_invalid_integer', this.pathOf(name), `Invalid integer: ${value}`);
    }
    return number;
  }

  requiredInteger(name: string): number {
    const value = this.integer(name);
    if (value === undefined) throw missingParameter(this.pathOf(name));
    return value;
  }

  positiveInteger(name: string): number | undefined {
    const value = this.integer(name);
    if (value !== undefined && value < 1) {
      throw invalidParameter(
        'parameter_invalid_integer',
        this.pathOf(name),
        'This value must be greater than or equal to 1.',
      );
    }
    return value;
  }

  number(name: string): number | undefined {
    const value = this.string(name);
    if (value === undefined || value === null) return undefined;
    const number = Number(value);
    if (!Number.isFinite(number))
      throw invalidParameter('parameter_invalid_integer', this.pathOf(name), `Invalid decimal: ${value}`);
    return number;
  }

  boolean(name: string): boolean | undefined {
    const value = this.string(name);
    if (value === undefined || value === null) return undefined;
    if (value !== 'true' && value !== 'false') {
      throw invalidParameter('parameter_invalid_string', this.pathOf(name), `Invalid boolean: ${value}`);
    }
    return value === 'true';
  }

  /** One of a closed set of words. */
  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.string(name);
    if (value === undefined || value === null) return undefined;
    const found = allowed.find((candidate) => candidate === value);
    if (!found)
      throw invalidParameter(
        'parameter_invalid_string',
        this.pathOf(name),
        `Invalid ${name}: must be one of ${allowed.join(', ')}`,
      );
    return found;
  }

  /** An address to send people to. Only http and https: anything else could run in a page. */
  webAddress(name: string): string | null | undefined {
    const value = this.string(name);
    if (value === undefined || value === null) return value;
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      throw invalidParameter('url_invalid', this.pathOf(name), 'Not a valid URL');
    return value;
  }

  requiredWebAddress(name: string): string {
    const value = this.webAddress(name);
    if (value === undefined || value === null) throw missingParameter(this.pathOf(name));
    return value;
  }

  /** A nested group; an absent one reads as empty. */
  group(name: string): Parameters {
    const value = this.own(name);
    if (value === undefined || value === null || value === '') return new Parameters({}, this.pathOf(name));
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw invalidParameter('parameter_invalid_object', this.pathOf(name), `Invalid object: ${JSON.stringify(value)}`);
    }
    return new Parameters(value, this.pathOf(name));
  }

  /** A list of groups, such as `items`; `undefined` when it was not sent, empty when it was cleared. */
  groups(name: string): Parameters[] | undefined {
    return this.list(name)?.map((element, index) => {
      if (typeof element !== 'object' || element === null || Array.isArray(element)) {
        throw invalidParameter('parameter_invalid_object', `${this.pathOf(name)}[${index}]`, 'Invalid object.');
      }
      return new Parameters(element, `${this.pathOf(name)}[${index}]`);
    });
  }

  /** A list of words, such as `expand`; `undefined` when it was not sent, empty when it was cleared. */
  strings(name: string): string[] | undefined {
    return this.list(name)?.map((element) => textOf(element));
  }

  /** Stripe's metadata rules: given keys are merged, an empty value deletes, an empty whole clears. */
  metadata(before: { [key: string]: string } = {}): { [key: string]: string } {
    const value = this.own('metadata');
    if (value === undefined) return before;
    if (value === null || value === '') return {};
    if (typeof value !== 'object' || Array.isArray(value))
      throw invalidParameter('parameter_invalid_object', this.pathOf('metadata'), 'Invalid object.');
    const merged = new Map(Object.entries(before));
    for (const [key, text] of Object.entries(value)) {
      if (text === '' || text === null) merged.delete(key);
      else merged.set(key, textOf(text));
    }
    return Object.fromEntries(merged);
  }

  pathOf(name: string): string {
    return this.prefix === '' ? name : `${this.prefix}[${name}]`;
  }

  private list(name: string): ParameterValue[] | undefined {
    const value = this.own(name);
    if (value === undefined) return undefined;
    if (value === null || value === '') return [];
    if (!Array.isArray(value)) throw invalidParameter('parameter_invalid_array', this.pathOf(name), 'Invalid array.');
    return value;
  }

  private own(name: string): ParameterValue | undefined {
    return Object.hasOwn(this.values, name) ? this.values[name] : undefined;
  }
}

/** Forms carry words only; a JSON body may carry anything, which is then written out. */
function textOf(value: ParameterValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
