import { Injectable } from '@nestjs/common';
import { WebhookDeliveries } from '../../events/webhooks/webhook-deliveries.service.js';
import { EventReplay } from '../../stripe/webhooks/event-replay.js';
import type { ActionCall, StaffAction } from './staff-action.js';

/** What admins have done once more: what Stripe told is processed, what the host is told is sent. */
@Injectable()
export class RepeatActions {
  constructor(
    private readonly replays: EventReplay,
    private readonly deliveries: WebhookDeliveries,
  ) {}

  ofStripeEvents(): StaffAction[] {
    const explains =
      'Processes what is stored once more, by the code that processed it first. Where everything is as it should be, nothing changes.';
    const perform = (call: ActionCall): Promise<string> => this.replay(call);
    return [
      { name: 'replay', label: 'Process again', icon: 'RotateCw', on: 'record', role: 'admin', explains, perform },
      { name: 'replayAll', label: 'Process again', icon: 'RotateCw', on: 'bulk', role: 'admin', explains, perform },
    ];
  }

  ofWebhookDeliveries(): StaffAction[] {
    const explains =
      'Sends the event to the endpoint at once, under the same id, whether it was delivered or not. Who has taken it already recognises it.';
    const perform = async ({ ids, act }: ActionCall): Promise<string> => {
      await this.deliveries.resendForStaff(ids, act);
      return ids.length === 1 ? 'It is sent again.' : `${ids.length} deliveries are sent again.`;
    };
    return [
      { name: 'resend', label: 'Send again', icon: 'RotateCw', on: 'record', role: 'admin', explains, perform },
      { name: 'resendAll', label: 'Send again', icon: 'RotateCw', on: 'bulk', role: 'admin', explains, perform },
    ];
  }

  private async replay({ ids, act }: ActionCall): Promise<string> {
    const outcomes: string[] = [];
    for (const eventId of ids) {
      for await (const batch of this.replays.replay({ eventId }, act)) {
        outcomes.push(...batch.map(({ after, error }) => (error ? `${after}, since ${error}` : after)));
      }
    }
    return outcomes.length === 1
      ? `The event was processed again: ${outcomes[0] ?? ''}.`
      : `${outcomes.length} events were processed again.`;
  }
}
