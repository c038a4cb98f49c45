/** Random numbers that a seed repeats: the same seed makes the same data (sfc32, public domain). */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param stream tells apart what is drawn independently from one seed. */
  constructor(seed: number, stream: number) {
    this.a = seed | 0;
    this.b = stream | 0;
    this.c = 0x9e3779b9;
    for (let round = 0; round < 16; round++) this.bits();
  }

  /** 32 random bits, as a number that may be negative. */
  bits(): number {
    const sum = (this.a + this.b + this.counter++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum;
  }

  /** From 0 up to, but not, 1. */
  fraction(): number {
    return (this.bits() >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.int(0, choices.length - 1)];
    if (choice === undefined) throw new Error('there is nothing to pick from');
    return choice;
  }

  /** One of the choices, each as often as its weight says. */
  weighted<T>(choices: readonly { weight: number; value: T }[]): T {
    let left = this.fraction() * choices.reduce((sum, { weight }) => sum + weight, 0);
    for (const { weight, value } of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return this.pick(choices).value;
  }

  /** Lower-case hexadecimal digits, eight for each number drawn. */
  hex(words: number): string {
    let text = '';
    for (let word = 0; word < words; word++) text += (this.bits() >>> 0).toString(16).padStart(8, '0');
    return text;
  }
}
