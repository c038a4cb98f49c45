const SHOWN_DECIMALS = 6;

/** A quotient with its decimals: exact where they end, else as far as is shown, and an ellipsis. Nothing below zero. */
export function fraction(numerator: bigint, denominator: bigint): string {
  const whole = numerator / denominator;
  let rest = numerator % denominator;
  let decimals = '';
  while (rest > 0n && decimals.length < SHOWN_DECIMALS) {
    rest *= 10n;
    decimals += (rest / denominator).toString();
    rest %= denominator;
  }
  const ending = rest > 0n ? '…' : '';
  return decimals === '' ? whole.toString() : `${whole}.${decimals}${ending}`;
}
