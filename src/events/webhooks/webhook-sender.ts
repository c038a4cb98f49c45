import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { WebhookEndpoint } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { presentEvent } from '../event-queries.js';
import { WebhookClaims, type ClaimedTry } from './webhook-claims.js';
import { WebhookMetrics } from './webhook-metrics.js';
import { WebhookOutcomes } from './webhook-outcomes.js';
import { WebhookRequest, type WebhookAnswer } from './webhook-request.js';
import { WebhookSecrets } from './webhook-secrets.js';

const TICK_MS = 1_000;
/** At one endpoint at the same time, by one process. */
const REQUESTS_AT_ONCE = 10;

const UNREADABLE_SECRET: WebhookAnswer = {
  durationMs: 0,
  status: null,
  body: null,
  error: 'the secret cannot be read, since SESSION_SECRET is another one now: rotate it',
};

/**
 * Sends what is due: each endpoint on a lane of its own, so that a slow one keeps nobody waiting. What is sent and not
 * written down, because the process died, is sent again under the same id.
 */
@Injectable()
export class WebhookSender implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  /** By endpoint: what is being sent to it. */
  private readonly lanes = new Map<string, Promise<void>>();
  private looking: Promise<void> | null = null;
  private isTroubled = false;
  private stopping = false;

  constructor(
    private readonly clock: Clock,
    private readonly claims: WebhookClaims,
    private readonly outcomes: WebhookOutcomes,
    private readonly request: WebhookRequest,
    private readonly secrets: WebhookSecrets,
    private readonly metrics: WebhookMetrics,
  ) {}

  /** Begins what is due, each second on every instance. Never rejects; does not wait for the sending. */
  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.stopping) return;
    this.looking ??= this.openLanes().finally(() => {
      this.looking = null;
    });
    await this.looking;
  }

  /** What is under way is brought to its end, which the limit of a request bounds. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.looking;
    await Promise.all(this.lanes.values());
  }

  private async openLanes(): Promise<void> {
    try {
      for (const endpoint of await this.claims.findReady()) {
        if (this.lanes.has(endpoint.id)) continue;
        const lane = this.sendAll(endpoint.id)
          .catch((error: unknown) => this.tellTrouble(error))
          .finally(() => this.lanes.delete(endpoint.id));
        this.lanes.set(endpoint.id, lane);
      }
      this.isTroubled = false;
    } catch (error) {
      this.tellTrouble(error);
    }
  }

  /** Until nothing is due any more, or the endpoint is found to be down. What a host changes meanwhile counts at once. */
  private async sendAll(endpointId: string): Promise<void> {
    while (!this.stopping) {
      const [endpoint] = await this.claims.findReady(endpointId);
      const claimed = endpoint ? await this.claims.claim(endpoint, REQUESTS_AT_ONCE) : [];
      if (!endpoint || claimed.length === 0) return;
      await Promise.all(claimed.map((each) => this.send(endpoint, each)));
    }
  }

  /** The endpoint has taken it by any answer of 2xx, and by no other: not by a redirect either. */
  private async send(endpoint: WebhookEndpoint, claimed: ClaimedTry): Promise<void> {
    const answer = await this.post(endpoint, claimed);
    const isTaken = answer.status !== null && answer.status >= 200 && answer.status < 300;
    this.metrics.count(isTaken);
    if (isTaken) await this.outcomes.delivered(endpoint.id, claimed, answer);
    else await this.outcomes.failed(endpoint.id, claimed, answer);
  }

  private async post(endpoint: WebhookEndpoint, { event }: ClaimedTry): Promise<WebhookAnswer> {
    const { id } = event;
    const sentAt = this.clock.now();
    const body = JSON.stringify(presentEvent(event));
    const signature = this.secrets.sign(endpoint, { id, sentAt, body });
    if (signature === null) return UNREADABLE_SECRET;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Fairshare-Webhooks/1.0',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      'webhook-signature': signature,
    };
    return this.request.post(endpoint.url, headers, body);
  }

  /** Told once, not each second. */
  private tellTrouble(error: unknown): void {
    if (this.isTroubled) return;
    this.isTroubled = true;
    this.logger.error({ message: 'webhooks are held up; tried again each second', error: String(error) });
  }
}
