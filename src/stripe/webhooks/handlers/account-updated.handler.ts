import { Injectable } from '@nestjs/common';
import { OnboardingService } from '../../../affiliates/onboarding/onboarding.service.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import type { InboundEvent } from '../webhook-verifier.js';

/**
 * Anything about an affiliate's Stripe account, snapshot or thin: the account is asked for afresh, whatever the event
 * says, so that late and repeated events do no harm.
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

  constructor(private readonly onboarding: OnboardingService) {
    super();
  }

  override async prepare(event: InboundEvent, receivedAt: Date): Promise<Apply> {
    const accountId = accountOf(event);
    if (accountId) await this.onboarding.refreshSince({ accountId, stripeEventId: event.id, receivedAt });
    return async () => undefined;
  }
}

function accountOf(event: InboundEvent): string | null {
  if (event.object === 'v2.core.event') return event.related_object?.id ?? null;
  const { object, id } = event.data.object;
  return event.account ?? (object === 'account' && id ? id : null);
}
