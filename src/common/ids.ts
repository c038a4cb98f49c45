import { randomFillSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from './clock.js';

/** What each kind of id begins with, so that an id in a log or a support mail says what it is. */
export const ID_PREFIXES = {
  affiliate: 'aff',
  notice: 'ntc',
  plan: 'pln',
  planVersion: 'plv',
  click: 'clk',
  decision: 'dec',
  referral: 'ref',
  promotionCode: 'prc',
  reviewCase: 'case',
  domainEvent: 'dev',
  webhookEndpoint: 'whe',
  webhookDelivery: 'whd',
  commission: 'com',
  journalEntry: 'jrn',
  payoutRun: 'run',
  payout: 'po',
  transferReversal: 'rev',
  reconciliation: 'rec',
  ledgerVerification: 'ver',
  ledgerVerificationRequest: 'vrq',
  rollupCheck: 'rck',
  auditRecord: 'aud',
  staffUser: 'stf',
  erasure: 'era',
  erasedPerson: 'erased',
  email: 'eml',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** Crockford's base 32 in lower case: sorts like the bits it stands for, in every collation. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Two characters at once, by the ten bits that they stand for. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => ALPHABET.charAt(bits >> 5) + ALPHABET.charAt(bits & 31));
const ENCODED_LENGTH = 26;
/** So many of them hold the time. */
const TIME_LENGTH = 10;

/**
 * Makes ids like `clk_01jd…`: a prefix and a UUIDv7 (RFC 9562) in base 32. They sort by time, also among the ids one
 * process makes within a millisecond, so `ORDER BY id` is newest-first order and a range of ids is a range of time.
 */
@Injectable()
export class IdGenerator {
  private lastMs = 0;
  private counter = 0;
  private readonly random = new Uint32Array(2 * 256);
  private randomPlace = this.random.length;

  constructor(private readonly clock: Clock) {}

  next(kind: IdKind): string {
    const nowMs = this.clock.now().getTime();
    if (nowMs > this.lastMs) {
      this.lastMs = nowMs;
      this.counter = 0;
    } else if (++this.counter > 0xfff) {
      // More than 4,096 ids in a millisecond, or a clock that went back: borrow from the next millisecond.
      this.lastMs += 1;
      this.counter = 0;
    }
    return idAt(kind, this.lastMs, this.counter, this.nextRandom() & 0x3fffffff, this.nextRandom());
  }

  private nextRandom(): number {
    if (this.randomPlace === this.random.length) {
      randomFillSync(this.random);
      this.randomPlace = 0;
    }
    return this.random[this.randomPlace++] ?? 0;
  }
}

/**
 * An id as IdGenerator makes them, of this moment, for whoever brings its own randomness: 30 bits and 32.
 *
 * @param counter tells apart, in order, what was made within one millisecond: from 0 to 4095.
 */
export function idAt(kind: IdKind, atMs: number, counter: number, random30: number, random32: number): string {
  // After the time eighty bits in three numbers, cut into eight pairs: version and counter, variant and randomness.
  // Small numbers only, since this runs once per click.
  const head = 0x7000 | counter;
  const high = (0x80000000 | random30) >>> 0;
  const low = random32 >>> 0;
  const headPairs = `${pair(head >>> 6)}${pair(((head & 63) << 4) | (high >>> 28))}`;
  const highPairs = `${pair(high >>> 18)}${pair(high >>> 8)}${pair(((high & 255) << 2) | (low >>> 30))}`;
  const lowPairs = `${pair(low >>> 20)}${pair(low >>> 10)}${pair(low)}`;
  return `${ID_PREFIXES[kind]}_${encodeTime(atMs)}${headPairs}${highPairs}${lowPairs}`;
}

/** The lowest ten bits in two characters. */
function pair(bits: number): string {
  return PAIRS[bits & 1023] ?? '';
}

/** The smallest id a thing of this kind made at `at` or later can have: the bound of a time range over ids. */
export function firstIdAt(kind: IdKind, at: Date): string {
  return `${ID_PREFIXES[kind]}_${encodeTime(at.getTime())}${'0'.repeat(ENCODED_LENGTH - TIME_LENGTH)}`;
}

/** When an id of this form was made, to the millisecond. */
export function timeOfId(kind: IdKind, id: string): Date {
  const start = ID_PREFIXES[kind].length + 1;
  let ms = 0;
  for (let i = start; i < start + TIME_LENGTH; i++) ms = ms * ALPHABET.length + ALPHABET.indexOf(id.charAt(i));
  return new Date(ms);
}

/** Whether `value` has the form of an id of this kind; says nothing about its existence. */
export function isId(kind: IdKind, value: string): boolean {
  return ID_FORMS[kind].test(value);
}

const ID_FORMS = Object.fromEntries(
  Object.entries(ID_PREFIXES).map(([kind, prefix]) => [
    kind,
    new RegExp(`^${prefix}_[${ALPHABET}]{${ENCODED_LENGTH}}$`),
  ]),
) as Record<IdKind, RegExp>;

function encodeTime(atMs: number): string {
  // Fifty bits: bitwise operators hold 32, so in two numbers.
  const high = Math.floor(atMs / 2 ** 20);
  const low = atMs % 2 ** 20;
  return `${pair(high >>> 20)}${pair(high >>> 10)}${pair(high)}${pair(low >>> 10)}${pair(low)}`;
}
