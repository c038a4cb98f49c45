import { Injectable } from '@nestjs/common';
import { OnboardingService } from '../../../affiliates/onboarding/onboarding.service.js';
import type { Tx } from '../../../database/database.js';
import { PaymentMethods, type PaymentMethodFact } from '../../../fraud/payment-methods.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { snapshotOf } from '../inbound-event.js';
import type { InboundEvent } from '../webhook-verifier.js';

/**
 * Anything about an affiliate's Stripe account, snapshot or thin: the account is asked for afresh, whatever the event
 * says, so that late and repeated events do no harm. Only of a bank account or card that was added the event itself tells
 * something: its fingerprint, which never changes.
 */
@Injectable()
export class AccountUpdatedHandler extends EventHandler {
  override readonly types = [
    'account.updated',
    'account.application.authorized',
    'account.application.deauthorized',
    'account.external_account.created',
    'account.external_account.updated',
    'account.external_account.deleted',
    'capability.updated',
    'v2.core.account[configuration.recipient].capability_status_updated',
    'v2.core.account[requirements].updated',
    'v2.core.account.closed',
  ];
  override readonly source = 'connected_account';
  override readonly readsObject = false;

  constructor(
    private readonly onboarding: OnboardingService,
    private readonly paymentMethods: PaymentMethods,
  ) {
    super();
  }

  override async prepare(event: InboundEvent, receivedAt: Date): Promise<Apply> {
    const accountId = accountOf(event);
    if (accountId) await this.onboarding.refreshSince({ accountId, stripeEventId: event.id, receivedAt });
    const method = payoutMethodIn(event);
    if (!accountId || !method) return async () => undefined;
    return (tx: Tx) => this.paymentMethods.accountIsPaidTo(tx, accountId, method);
  }
}

/** The bank account or card that the event tells of. Its fields are the same in every version that has them. */
function payoutMethodIn(event: InboundEvent): PaymentMethodFact | null {
  if (!event.type.startsWith('account.external_account.')) return null;
  const { object, fingerprint } = snapshotOf(event, 'bank_account', 'card');
  return fingerprint ? { fingerprint, kind: object } : null;
}

function accountOf(event: InboundEvent): string | null {
  if (event.object === 'v2.core.event') return event.related_object?.id ?? null;
  const { object, id } = event.data.object;
  return event.account ?? (object === 'account' && id ? id : null);
}
