/** What kind of Stripe object took the money back. */
export type LossSource = 'refund' | 'dispute' | 'credit_note';

/** What a loss does to the commission: takes its share back, only keeps it held, or nothing (any more). */
export type LossEffect = 'taken' | 'held' | 'none';

interface StatusMeaning {
  effect: LossEffect;
  /**
   * How far along the object's life the status lies. Of two statuses seen for one object the later one counts, so that
   * the order in which webhooks arrive never matters: nothing goes back from a higher rank to a lower one.
   */
  rank: number;
}

/**
 * The statuses Stripe documents (https://docs.stripe.com/api/refunds/object, /api/disputes/object,
 * /api/credit_notes/object). A refund that has succeeded may still fail. An inquiry (`warning_*`) may grow into a
 * dispute, a lost dispute may be appealed against and won; a prevented one ends in a refund of its own.
 */
const MEANINGS: Record<LossSource, Record<string, StatusMeaning>> = {
  refund: {
    pending: { rank: 0, effect: 'none' },
    requires_action: { rank: 0, effect: 'none' },
    succeeded: { rank: 2, effect: 'taken' },
    canceled: { rank: 3, effect: 'none' },
    failed: { rank: 4, effect: 'none' },
  },
  dispute: {
    warning_needs_response: { rank: 0, effect: 'held' },
    warning_under_review: { rank: 1, effect: 'held' },
    warning_closed: { rank: 2, effect: 'none' },
    needs_response: { rank: 3, effect: 'taken' },
    under_review: { rank: 4, effect: 'taken' },
    lost: { rank: 6, effect: 'taken' },
    appeal_needs_response: { rank: 7, effect: 'taken' },
    appeal_under_review: { rank: 8, effect: 'taken' },
    prevented: { rank: 9, effect: 'none' },
    won: { rank: 10, effect: 'none' },
  },
  credit_note: {
    issued: { rank: 0, effect: 'taken' },
    void: { rank: 2, effect: 'none' },
  },
};

/**
 * A status that Stripe adds after this was written: a new kind of inquiry holds; a new state of a refund means nothing
 * before it has succeeded; anything else of a dispute or credit note takes the money back, the side on which nothing is
 * paid out twice, until a known status or a person says otherwise.
 */
function unknownMeaning(source: LossSource, status: string): StatusMeaning {
  if (source === 'refund') return { rank: 1, effect: 'none' };
  if (source === 'credit_note') return { rank: 1, effect: 'taken' };
  return status.startsWith('warning_') ? { rank: 1.5, effect: 'held' } : { rank: 5, effect: 'taken' };
}

export function isKnownLossStatus(source: LossSource, status: string): boolean {
  return Object.hasOwn(MEANINGS[source], status);
}

export function lossEffect(source: LossSource, status: string): LossEffect {
  return meaning(source, status).effect;
}

/** Below zero when `a` comes before `b` in the object's life; a total order, so that any two writers agree. */
export function compareLossStatus(source: LossSource, a: string, b: string): number {
  return meaning(source, a).rank - meaning(source, b).rank || (a < b ? -1 : a > b ? 1 : 0);
}

function meaning(source: LossSource, status: string): StatusMeaning {
  const known = Object.hasOwn(MEANINGS[source], status) ? MEANINGS[source][status] : undefined;
  return known ?? unknownMeaning(source, status);
}
