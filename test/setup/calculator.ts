/**
 * A pocket calculator: works out a formula of an explanation from its text alone, knowing nothing of what it is about.
 * It has `+ − × /`, brackets, `min(a, b)`, `floor(x)` and `floor(x, to a step of n)`, on exact fractions.
 */
interface Fraction {
  numerator: bigint;
  denominator: bigint;
}

/** Each `name = expression = result` of a formula, with what the expression comes to and what is claimed. */
export function calculate(formula: string): { name: string; result: bigint; claimed: bigint }[] {
  return formula.split('; ').flatMap((part) => {
    const equation = /^(\w+) = (.+) = (\d+)$/.exec(part);
    if (!equation) return [];
    const [, name = '', expression = '', claimed = ''] = equation;
    return [{ name, result: wholeNumber(evaluate(expression)), claimed: BigInt(claimed) }];
  });
}

function evaluate(expression: string): Fraction {
  const tokens = expression.match(/\d+|min|floor|to a step of|[-−+×/(),]/g) ?? [];
  if (tokens.join('') !== expression.replaceAll(' ', '').replaceAll('toastepof', 'to a step of')) {
    throw new Error(`a calculator cannot read "${expression}"`);
  }
  let position = 0;
  const next = (): string => tokens[position++] ?? '';
  const accept = (...wanted: string[]): string | null => (wanted.includes(tokens[position] ?? '') ? next() : null);
  const expect = (wanted: string): void => {
    if (accept(wanted) === null) throw new Error(`"${wanted}" is missing in "${expression}"`);
  };

  const sum = (): Fraction => {
    let left = product();
    for (let sign = accept('+', '−'); sign; sign = accept('+', '−')) {
      const right = product();
      const signed = sign === '+' ? right.numerator : -right.numerator;
      left = {
        numerator: left.numerator * right.denominator + signed * left.denominator,
        denominator: left.denominator * right.denominator,
      };
    }
    return left;
  };
  const product = (): Fraction => {
    let left = factor();
    for (let sign = accept('×', '/'); sign; sign = accept('×', '/')) {
      const right = factor();
      const [by, over] = sign === '×' ? [right.numerator, right.denominator] : [right.denominator, right.numerator];
      left = { numerator: left.numerator * by, denominator: left.denominator * over };
    }
    return left;
  };
  const factor = (): Fraction => {
    const called = accept('min', 'floor');
    if (called || accept('(')) {
      if (called) expect('(');
      const first = sum();
      const value = called === 'min' ? minimum(first) : called === 'floor' ? floored(first) : first;
      expect(')');
      return value;
    }
    return { numerator: BigInt(next()), denominator: 1n };
  };
  const minimum = (first: Fraction): Fraction => {
    expect(',');
    const second = sum();
    return first.numerator * second.denominator < second.numerator * first.denominator ? first : second;
  };
  const floored = ({ numerator, denominator }: Fraction): Fraction => {
    const whole = numerator / denominator;
    if (!accept(',')) return { numerator: whole, denominator: 1n };
    expect('to a step of');
    return { numerator: whole - (whole % wholeNumber(sum())), denominator: 1n };
  };

  const value = sum();
  if (position !== tokens.length) throw new Error(`"${expression}" goes on after its end`);
  return value;
}

function wholeNumber({ numerator, denominator }: Fraction): bigint {
  if (numerator % denominator !== 0n) throw new Error(`${numerator}/${denominator} is no whole number`);
  return numerator / denominator;
}
