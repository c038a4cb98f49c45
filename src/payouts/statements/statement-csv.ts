import type { Readable } from 'node:stream';
import { csvStream, majorAmount, minorAmount } from '../../http/csv.js';
import type { Statement } from './statement.js';
import type { StatementItem } from './statement-items.js';
import { customerOf } from './statement-presenter.js';

/** A statement as a file: one row per item, whose amounts add up to the payout's. */
export function statementCsv({ payout }: Statement, items: AsyncIterable<StatementItem>, masked: boolean): Readable {
  return csvStream<StatementItem>(
    {
      payoutId: () => payout.id,
      period: () => payout.run.period,
      payoutStatus: () => payout.status,
      date: ({ occurredAt }) => occurredAt.toISOString(),
      kind: ({ kind }) => kind,
      description: ({ description }) => description,
      customer: (item) => customerOf(item, masked),
      invoiceId: ({ movement }) => movement?.invoiceId ?? null,
      commissionId: ({ movement }) => movement?.commissionId ?? null,
      base: ({ movement, currency }) => movement && majorAmount(movement.baseMinor, currency),
      rateBps: ({ movement }) => movement?.rateBps ?? null,
      formula: ({ movement }) => movement?.formula ?? null,
      amount: ({ amountMinor, currency }) => majorAmount(amountMinor, currency),
      currency: ({ currency }) => currency,
      amountMinor: ({ amountMinor }) => minorAmount(amountMinor),
      earlierPayoutId: ({ earlierPayoutId }) => earlierPayoutId,
      entryId: ({ entryId }) => entryId,
    },
    items,
  );
}
