import { Injectable } from '@nestjs/common';
import type { Commission } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';
import { DomainEvents } from '../events/domain-events.js';
import { selectCommissions } from './commission-state.js';
import { snapshotOf, type CommissionFacts } from './commission-snapshot.js';

/** A commission whose hold has run out, as it is read for thousands at once. */
export interface ReleasedCommission extends Omit<CommissionFacts, 'id'> {
  commissionId: string;
  netMinor: bigint;
  /** It was released before, and held again: where its money lies by now takes a look at its payouts. */
  wasPayable: boolean;
}

type ChangeOfCommission = 'commission.released' | 'commission.reversed' | 'commission.restored';

/**
 * Tells hosts of commissions: all of them but the explanation. The caller has the affiliates' balances locked, or has made the
 * commissions in this transaction.
 */
@Injectable()
export class CommissionEvents {
  constructor(private readonly events: DomainEvents) {}

  /** As they were earned, whatever is taken back of them in the same transaction. */
  async created(tx: SqlTx, commissions: Commission[], state: (commission: Commission) => 'held' | 'payable') {
    await this.events.record(
      tx,
      ...commissions.map((commission) => ({
        type: 'commission.created' as const,
        subjectId: commission.id,
        data: snapshotOf({ ...commission, netMinor: commission.amountMinor, state: state(commission), ...UNPAID }),
      })),
    );
  }

  /** Payable since now: one statement for any number, and two more where some were payable before. */
  async released(tx: SqlTx, commissions: ReleasedCommission[]): Promise<void> {
    const [again, first] = [
      commissions.filter(({ wasPayable }) => wasPayable),
      commissions.filter(({ wasPayable }) => !wasPayable),
    ];
    await this.events.record(
      tx,
      ...first.map(({ commissionId: id, ...commission }) => ({
        type: 'commission.released' as const,
        subjectId: id,
        data: snapshotOf({ ...commission, id, state: 'payable', ...UNPAID }),
      })),
    );
    await this.changed(
      tx,
      again.map(({ commissionId }) => ({ type: 'commission.released', commissionId })),
    );
  }

  /** As they are now that the change is posted: two statements for any number, one event for each that is named. */
  async changed(tx: SqlTx, changes: { type: ChangeOfCommission; commissionId: string }[]): Promise<void> {
    if (changes.length === 0) return;
    const rows = await selectCommissions(
      tx,
      changes.map(({ commissionId }) => commissionId),
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    await this.events.record(
      tx,
      ...changes.map(({ type, commissionId }) => {
        const row = byId.get(commissionId);
        if (!row) throw new Error(`commission ${commissionId} was changed and is not there`);
        return { type, subjectId: commissionId, data: snapshotOf(row) };
      }),
    );
  }
}

const UNPAID = { paidAt: null, payoutId: null };
