import { Injectable, Logger } from '@nestjs/common';
import type { WebhookEndpoint } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../database/database.js';
import { delayAfterMs, DISABLED_AFTER_MS, isDown, pauseAfterMs, TRIES_MAX } from './retry-schedule.js';
import type { ClaimedTry } from './webhook-claims.js';
import type { WebhookAnswer } from './webhook-request.js';

/**
 * Writes down what came of a try, and what follows: the next one, another delivery's turn, a pause, the endpoint's end.
 * Locks the endpoint's row, then deliveries. A try that somebody else has taken over meanwhile changes no delivery.
 */
@Injectable()
export class WebhookOutcomes {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async delivered(endpointId: string, claimed: ClaimedTry, answer: WebhookAnswer): Promise<void> {
    await this.database.transaction(async (tx) => {
      const now = this.clock.now();
      const isBack = await this.endFailing(tx, endpointId);
      await writeAttempt(tx, claimed, 'delivered', answer);
      await tx.webhookDelivery.updateMany({
        where: stillClaimed(claimed),
        data: { status: 'delivered', deliveredAt: now, nextTryAt: null, claimedUntil: null },
      });
      // Whatever waited for the endpoint to come back waits no longer.
      if (isBack) {
        await tx.webhookDelivery.updateMany({
          where: { endpointId, status: 'pending', nextTryAt: { gt: now } },
          data: { nextTryAt: now },
        });
      }
    });
  }

  async failed(endpointId: string, claimed: ClaimedTry, answer: WebhookAnswer): Promise<void> {
    const error = answer.error ?? `answered ${answer.status}`;
    await this.database.transaction(async (tx) => {
      const endpoint = await this.countFailure(tx, endpointId, error);
      await writeAttempt(tx, claimed, 'failed', { ...answer, error });
      if (endpoint) await this.planNextTry(tx, endpoint, claimed);
    });
  }

  /** @returns whether the endpoint was down. An endpoint that works is not touched. */
  private async endFailing(tx: Tx, id: string): Promise<boolean> {
    const [before] = await tx.$queryRaw<Pick<WebhookEndpoint, 'failures'>[]>`
      SELECT failures FROM webhook_endpoints WHERE id = ${id} AND failing_since IS NOT NULL FOR NO KEY UPDATE`;
    if (!before) return false;
    await tx.webhookEndpoint.update({
      where: { id },
      data: { failures: 0, failingSince: null, pausedUntil: null },
    });
    return isDown(before);
  }

  /**
   * Counts what fails one after the other: tries that were under way together when a pause began are one failure.
   * @returns the endpoint as it is now, null when it was deleted.
   */
  private async countFailure(tx: Tx, id: string, error: string): Promise<WebhookEndpoint | null> {
    const now = this.clock.now();
    await tx.$queryRaw`SELECT 1 FROM webhook_endpoints WHERE id = ${id} FOR NO KEY UPDATE`;
    const before = await tx.webhookEndpoint.findUnique({ where: { id } });
    if (before === null || before.status === 'disabled') return before;
    const failingSince = before.failingSince ?? now;
    if (before.pausedUntil !== null && before.pausedUntil > now) return before;
    const failures = before.failures + 1;
    const pausedUntil = isDown({ failures }) ? new Date(now.getTime() + pauseAfterMs(failures)) : null;
    const isHopeless = now.getTime() - failingSince.getTime() >= DISABLED_AFTER_MS;
    if (isHopeless) {
      this.logger.error({
        code: 'webhook_endpoint_disabled',
        message: 'a webhook endpoint took nothing for days and is disabled',
        endpointId: id,
        error,
      });
    }
    return tx.webhookEndpoint.update({
      where: { id },
      data: {
        failures,
        failingSince,
        pausedUntil,
        ...(isHopeless && {
          status: 'disabled',
          disabledAt: now,
          disabledReason: `Every try since ${failingSince.toISOString()} failed; the last one: ${error}`,
        }),
      },
    });
  }

  /**
   * A try counts against its delivery while the endpoint takes others; one that takes nothing at all is given up as a
   * whole, if ever, and then everything is still there.
   */
  private async planNextTry(tx: Tx, endpoint: WebhookEndpoint, claimed: ClaimedTry): Promise<void> {
    const { deliveryId } = claimed;
    const delivery = await tx.webhookDelivery.findFirst({ where: stillClaimed(claimed) });
    if (delivery?.status !== 'pending') return;
    const tries = isDown(endpoint) ? delivery.tries : delivery.tries + 1;
    const isGivenUp = tries >= TRIES_MAX;
    const nextTryAt = isGivenUp ? null : new Date(this.clock.now().getTime() + delayAfterMs(tries));
    await tx.webhookDelivery.update({
      where: { id: deliveryId },
      data: { status: isGivenUp ? 'failed' : 'pending', tries, nextTryAt, claimedUntil: null },
    });
    if (isGivenUp) {
      this.logger.warn({ message: 'a webhook delivery is given up', deliveryId, endpointId: endpoint.id });
    }
  }
}

/** Not any more when another process took the delivery over, or somebody asked for it to be sent again meanwhile. */
function stillClaimed({ deliveryId, number }: ClaimedTry) {
  return { id: deliveryId, attempts: number, claimedUntil: { not: null } };
}

async function writeAttempt(
  tx: Tx,
  { deliveryId, number }: ClaimedTry,
  outcome: 'delivered' | 'failed',
  { durationMs, status, body, error }: WebhookAnswer,
): Promise<void> {
  await tx.webhookAttempt.updateMany({
    where: { deliveryId, number },
    data: { outcome, durationMs, responseStatus: status, responseBody: body, error },
  });
}
