import { Injectable, Logger } from '@nestjs/common';
import type { TransferReversal } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { lockBalances } from '../../commissions/ledger/balances.js';
import { Database, type Tx } from '../../database/database.js';
import { absenceCertainAt, mustLookUp, type UnresolvedRequest } from '../sending/unresolved-request.js';
import { reversalKey } from './clawback-debts.js';
import { TransferReversalGateway, type MadeReversal } from './transfer-reversal-gateway.js';
import { TransferReversals } from './transfer-reversals.service.js';

const BATCH_SIZE = 100;
const FIRST_BACKOFF_MS = 60 * 1000;
const MAX_BACKOFF_MS = 60 * 60 * 1000;

/** Asks for the reversals that were written down, each with at most one effect, whatever happens in between. */
@Injectable()
export class ClawbackSender {
  private readonly logger = new Logger(ClawbackSender.name);
  private stopping = false;

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly gateway: TransferReversalGateway,
    private readonly reversals: TransferReversals,
  ) {}

  /**
   * Asks for everything that is due, one after the other: debts are few, and none is in a hurry. One without an answer
   * is asked for again under the same key, until it has to be looked up as a payout's transfer is (mustLookUp).
   */
  async sendDue(): Promise<void> {
    const due = await this.database.prisma.transferReversal.findMany({
      where: { status: 'pending', nextTryAt: { lte: this.clock.now() } },
      orderBy: { id: 'asc' },
      take: BATCH_SIZE,
    });
    for (const reversal of due) {
      if (this.stopping) return;
      try {
        if (!(await this.settle(reversal))) return;
      } catch (error) {
        this.logger.warn({
          message: 'a reversal could not be asked for now',
          reversalId: reversal.id,
          error: String(error),
        });
        await this.tryLater(reversal, backoffEnd(this.clock.now(), reversal.sends));
      }
    }
  }

  /** Ends after the request that is under way: for a shutdown. */
  stop(): void {
    this.stopping = true;
  }

  /** @returns whether to go on with the others. */
  private async settle(reversal: TransferReversal): Promise<boolean> {
    const unresolved = unresolvedRequest(reversal);
    const { credentialId } = this.gateway;
    if (unresolved && mustLookUp(unresolved, { now: this.clock.now(), credentialId, isEligible: true })) {
      if (await this.adoptExisting(reversal)) return true;
      if (this.clock.now() < absenceCertainAt(unresolved)) await this.tryLater(reversal, absenceCertainAt(unresolved));
      else await this.startAnew(reversal);
      return true;
    }
    const intended = await this.recordIntent(reversal);
    return intended ? this.send(intended, unresolved !== null) : true;
  }

  private async send(reversal: TransferReversal, isRepeated: boolean): Promise<boolean> {
    const { id: reversalId, transferId, amountMinor, idempotencyKey } = reversal;
    const outcome = await this.gateway.reverse({ reversalId, transferId, amountMinor, idempotencyKey });
    switch (outcome.kind) {
      case 'reversed':
        await this.succeed(reversal, outcome);
        return true;
      case 'refused':
        if (!isRepeated || !(await this.adoptExisting(reversal))) await this.refuse(reversal, outcome);
        return true;
      case 'unknown':
        this.logger.warn({
          message: 'the outcome of a reversal is unknown; it is asked for again with the same key',
          reversalId,
          detail: outcome.detail,
        });
        await this.tryLater(reversal, backoffEnd(this.clock.now(), reversal.sends));
        return true;
      case 'halted':
        this.logger.error({
          code: 'clawback_halted',
          message:
            'reversals cannot be asked for: the Stripe key is refused, or a key of ours was used for something else',
          reversalId,
          detail: outcome.detail,
        });
        await this.tryLater(reversal, backoffEnd(this.clock.now(), reversal.sends));
        return false;
    }
  }

  /**
   * The intent is committed before the request leaves. Before the first one of an attempt the debt is looked at once
   * more: what the affiliate has earned meanwhile is theirs, and a reversal must not take the balance above zero.
   * Compare-and-set on the sends, so that a process which was late gets null and sends nothing.
   */
  private recordIntent(reversal: TransferReversal): Promise<TransferReversal | null> {
    return this.database.transaction(async (tx) => {
      const isOwed = reversal.firstSentAt !== null || (await this.isStillOwed(tx, reversal));
      const now = this.clock.now();
      const { credentialId } = this.gateway;
      const [updated] = await tx.transferReversal.updateManyAndReturn({
        where: { id: reversal.id, status: 'pending', attemptNo: reversal.attemptNo, sends: reversal.sends },
        data: isOwed
          ? { sends: { increment: 1 }, firstSentAt: reversal.firstSentAt ?? now, lastSentAt: now, credentialId }
          : { status: 'withdrawn', resolvedAt: now },
      });
      return isOwed ? (updated ?? null) : null;
    });
  }

  private async isStillOwed(tx: Tx, { payoutId, amountMinor }: TransferReversal): Promise<boolean> {
    const payout = await tx.payout.findUniqueOrThrow({ where: { id: payoutId } });
    const [balance] = (await lockBalances(tx, [payout])).values();
    return balance !== undefined && -balance.payableMinor >= amountMinor;
  }

  private async adoptExisting(reversal: TransferReversal): Promise<boolean> {
    const made = await this.gateway.findReversal(reversal.transferId, reversal.id);
    if (made) await this.succeed(reversal, made);
    return made !== null;
  }

  /** The money is back: paid out → payable, by the same way as a webhook that tells of it, hence once. */
  private async succeed({ id }: TransferReversal, { stripeReversalId, transfer }: MadeReversal): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.transferReversal.updateMany({
        where: { id, status: 'pending' },
        data: { status: 'succeeded', stripeReversalId, resolvedAt: this.clock.now() },
      });
      await this.reversals.record(tx, transfer, null);
    });
  }

  /**
   * The debt stays, and the next payouts net it. What was counted as ours until now may have been reversed by others:
   * the payout is settled anew.
   */
  private async refuse(
    reversal: TransferReversal,
    { code, message }: { code: string; message: string },
  ): Promise<void> {
    this.logger.warn({ message: 'a reversal was refused; the debt is carried forward', reversalId: reversal.id, code });
    await this.database.transaction(async (tx) => {
      const payout = await tx.payout.findUniqueOrThrow({ where: { id: reversal.payoutId } });
      await lockBalances(tx, [payout]);
      await tx.transferReversal.updateMany({
        where: { id: reversal.id, status: 'pending' },
        data: {
          status: 'refused',
          failureCode: code,
          failureMessage: message.slice(0, 500),
          resolvedAt: this.clock.now(),
        },
      });
      await this.reversals.settle(tx, [payout.id]);
    });
  }

  /** Under another key, once it is certain that the last one had no effect; not where it was sent again meanwhile. */
  private async startAnew({ id, attemptNo, sends }: TransferReversal): Promise<void> {
    await this.database.prisma.transferReversal.updateMany({
      where: { id, status: 'pending', attemptNo, sends },
      data: {
        attemptNo: attemptNo + 1,
        idempotencyKey: reversalKey(id, attemptNo + 1),
        firstSentAt: null,
        lastSentAt: null,
        credentialId: null,
        nextTryAt: this.clock.now(),
      },
    });
  }

  private async tryLater({ id }: TransferReversal, nextTryAt: Date): Promise<void> {
    await this.database.prisma.transferReversal.updateMany({ where: { id, status: 'pending' }, data: { nextTryAt } });
  }
}

/** The present attempt's request; null before its first one. */
function unresolvedRequest({ firstSentAt, lastSentAt, credentialId }: TransferReversal): UnresolvedRequest | null {
  return firstSentAt && lastSentAt && credentialId !== null ? { firstSentAt, lastSentAt, credentialId } : null;
}

/** 1 min, 2 min, 4 min … 1 h. */
function backoffEnd(now: Date, sends: number): Date {
  return new Date(
    now.getTime() + Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(Math.max(sends - 1, 0), 20), MAX_BACKOFF_MS),
  );
}
