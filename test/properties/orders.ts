import { createHash } from 'node:crypto';
import { FIRST_DELIVERY, MOMENTS, type History } from './history.js';
import { webhooksOf, type Webhook } from './stripe-objects.js';

/** How fast a lane's webhooks come: each alone, those of a moment together, or all of them at one moment together. */
export type Pace = 'one by one' | 'moment by moment' | 'all at once';

export interface Order {
  /** Names one permutation; 0 is the order in which things happened. */
  shuffle: number;
  pace: Pace;
}

/** Which webhooks come at which moment, in which groups. */
export function scheduleOf({ history, shuffle, pace }: Order & { history: History }): Webhook[][][] {
  const order = orderOf(webhooksOf(history), shuffle);
  const late = MOMENTS.length - FIRST_DELIVERY;
  const momentOf = (position: number): number =>
    FIRST_DELIVERY + (pace === 'all at once' ? shuffle % late : Math.floor((position * late) / order.length));
  return MOMENTS.map((_, moment) => {
    const some = order.filter((_webhook, position) => momentOf(position) === moment);
    if (some.length === 0) return [];
    return pace === 'one by one' ? some.map((webhook) => [webhook]) : [some];
  });
}

/** Order 0 is the given one. Any other is a shuffle of its own, in which about every fourth webhook comes twice. */
export function orderOf<T extends { label: string }>(webhooks: T[], shuffle: number): T[] {
  if (shuffle === 0) return webhooks;
  const chance = (label: string): number => createHash('sha256').update(`${shuffle} ${label}`).digest().readUInt32BE();
  return webhooks
    .flatMap((webhook) => {
      const once = { webhook, key: chance(webhook.label) };
      return once.key % 4 === 0 ? [once, { webhook, key: chance(`${webhook.label} again`) }] : [once];
    })
    .sort((a, b) => a.key - b.key)
    .map(({ webhook }) => webhook);
}
