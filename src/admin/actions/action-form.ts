import { DomainError } from '../../common/domain-error.js';
import { currencyExponent } from '../../common/money.js';

const TEXT_LENGTH_MAX = 1000;

/** What was entered into an action's form, checked field by field. */
export class ActionForm {
  constructor(private readonly values: Record<string, unknown>) {}

  /** Empty when it was left empty. @throws DomainError `field_invalid`. */
  text(name: string): string {
    const value = this.values[name] ?? '';
    if (typeof value !== 'string' || value.length > TEXT_LENGTH_MAX || value.includes('\0')) {
      throw invalid(name, 'is no text that could be kept');
    }
    return value.trim();
  }

  /** @throws DomainError `field_invalid` when it was left empty. */
  required(name: string): string {
    const value = this.text(name);
    if (value === '') throw invalid(name, 'is needed');
    return value;
  }

  /** @throws DomainError `field_invalid` for anything but one of these. */
  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.text(name);
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw invalid(name, `is one of ${choices.join(', ')}`);
    return chosen;
  }

  /** A whole number; null when it was left empty. @throws DomainError `field_invalid`. */
  wholeNumber(name: string, { min, max }: { min: number; max: number }): number | null {
    const value = this.text(name);
    if (value === '') return null;
    const number = Number(value);
    if (!/^-?\d+$/.test(value) || number < min || number > max) {
      throw invalid(name, `is a whole number from ${min} to ${max}`);
    }
    return number;
  }

  /** A rate in percent with at most two decimals, as basis points. @throws DomainError `field_invalid`. */
  rateBps(name: string): number {
    const value = this.required(name).replace('%', '').trim();
    const bps = Math.round(Number(value) * 100);
    if (!/^\d{1,3}(\.\d{1,2})?$/.test(value) || bps > 10_000) throw invalid(name, 'is a percentage from 0 to 100');
    return bps;
  }

  /** An amount in major units, `-12.50`, as minor units. @throws DomainError `field_invalid`. */
  amountMinor(name: string, currency: string): bigint {
    const value = this.required(name).replace('−', '-');
    const exponent = currencyExponent(currency);
    const [, sign = '', whole = '', decimals = ''] = /^([-+]?)(\d{1,15})(?:\.(\d+))?$/.exec(value) ?? [];
    if (whole === '' || decimals.length > exponent) {
      throw invalid(name, `is an amount such as ${(12.5).toFixed(exponent)}, below zero to take it away`);
    }
    const minor = BigInt(whole + decimals.padEnd(exponent, '0'));
    return sign === '-' ? -minor : minor;
  }
}

function invalid(name: string, what: string): DomainError {
  return new DomainError('rule', 'field_invalid', `${name} ${what}.`, { field: name });
}
