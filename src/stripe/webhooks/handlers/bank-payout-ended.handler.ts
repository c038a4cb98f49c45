import { Injectable, Logger } from '@nestjs/common';
import { BankPayouts } from '../../../affiliates/notices/bank-payouts.js';
import type { Tx } from '../../../database/database.js';
import { getAmountMinor, getCurrency } from '../../stripe-object.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import type { InboundEvent } from '../webhook-verifier.js';

/**
 * `payout.*` of a connected account: how the money that we transferred went on to the affiliate's bank. Stripe calls
 * that a payout; ours are its transfers. Only a failure concerns anybody here, and it changes nothing about our
 * transfer: the money has arrived in the affiliate's Stripe balance.
 */
@Injectable()
export class BankPayoutEndedHandler extends EventHandler {
  override readonly types = ['payout.failed', 'payout.paid', 'payout.canceled'];
  override readonly source = 'connected_account';
  private readonly logger = new Logger('BankPayouts');

  constructor(private readonly bankPayouts: BankPayouts) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const accountId = 'account' in event ? event.account : undefined;
    // Without an account it is the platform's own money on its way to the platform's own bank.
    if (!accountId) return async () => undefined;
    const payout = snapshotOf(event, 'payout');
    const { id: bankPayoutId, failure_code: failureCode } = payout;
    if (event.type !== 'payout.failed') {
      this.logger.log({ message: event.type, accountId, bankPayoutId, stripeEventId: event.id });
      return async () => undefined;
    }
    const failed = {
      bankPayoutId,
      accountId,
      amountMinor: getAmountMinor(payout, 'amount'),
      currency: getCurrency(payout),
      failureCode,
      ...causeOf(event),
    };
    return (tx: Tx) => this.bankPayouts.recordFailure(tx, failed);
  }
}
