import { formatAmount } from '../common/money.js';

/** An amount for a table: `25.00 USD`. */
export function moneyText(amountMinor: number | bigint, currency: string): string {
  return `${formatAmount(BigInt(amountMinor), currency)} ${currency.toUpperCase()}`;
}
