import { Injectable } from '@nestjs/common';
import type { Prisma, WebhookEndpoint } from '@prisma/client';
import { AuditLog, HOST_APP } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { lockNames } from '../../database/advisory-locks.js';
import { Database, type Tx } from '../../database/database.js';
import type { Answer } from '../../http/idempotency.js';
import type { PageQuery } from '../../http/page-query.dto.js';
import { pageArgs, toPage, type Page } from '../../http/pagination.js';
import { tooManyWebhookEndpoints, webhookEndpointNotFound } from './webhook-errors.js';
import { presentEndpoint } from './webhook-presenter.js';
import { WebhookSecrets } from './webhook-secrets.js';
import {
  ALL_EVENTS,
  type CreateWebhookEndpointDto,
  type EventFilter,
  type UpdateWebhookEndpointDto,
  type WebhookEndpointDto,
} from './webhook.dto.js';

const ENDPOINTS_MAX = 20;
/** How long a secret that was replaced signs beside the new one. */
const ROTATION_MS = 24 * 60 * 60 * 1000;

/** No failure counts against an endpoint that is new, was repaired, or moved. */
const UNTROUBLED = { failures: 0, failingSince: null, pausedUntil: null } as const;

/** Where the host wants to be told, of what, and signed by which secret. */
@Injectable()
export class WebhookEndpoints {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly secrets: WebhookSecrets,
    private readonly audit: AuditLog,
  ) {}

  /**
   * The endpoint gets the events that happen from now on. The answer shows its secret, once. Audited, without the URL,
   * which may hold a token.
   * @throws DomainError `too_many_webhook_endpoints`.
   */
  async create(tx: Tx, { url, events }: CreateWebhookEndpointDto): Promise<Answer<WebhookEndpointDto>> {
    await lockNames(tx, ['webhook_endpoints']);
    if ((await tx.webhookEndpoint.count()) >= ENDPOINTS_MAX) throw tooManyWebhookEndpoints(ENDPOINTS_MAX);
    const id = this.ids.next('webhookEndpoint');
    const { shown, kept } = this.secrets.create(id);
    const endpoint = await tx.webhookEndpoint.create({
      data: {
        id,
        url,
        events: stored(events ?? [ALL_EVENTS]),
        status: 'enabled',
        secret: kept,
        createdAt: this.clock.now(),
      },
    });
    await this.record(tx, 'created', null, endpoint);
    return { status: 201, body: { ...presentEndpoint(endpoint), secret: shown } };
  }

  /** Newest first. */
  async list(query: PageQuery): Promise<Page<WebhookEndpointDto>> {
    return toPage(await this.database.prisma.webhookEndpoint.findMany(pageArgs(query)), query, presentEndpoint);
  }

  /** @throws DomainError `webhook_endpoint_not_found`. */
  async get(id: string): Promise<WebhookEndpointDto> {
    const endpoint = await this.database.prisma.webhookEndpoint.findUnique({ where: { id } });
    if (endpoint === null) throw webhookEndpointNotFound();
    return presentEndpoint(endpoint);
  }

  /**
   * Changes what is given. Enabling has everything that waits sent at once, from the oldest on; so has another URL, which
   * also gets what the one before did not take. A new secret is shown once, and the one before signs beside it for a
   * day. Locks the endpoint's row.
   * @throws DomainError `webhook_endpoint_not_found`.
   */
  update(id: string, changes: UpdateWebhookEndpointDto): Promise<WebhookEndpointDto> {
    return this.database.transaction(async (tx) => {
      const before = await lockEndpoint(tx, id);
      const rotation = changes.rotateSecret ? this.secrets.create(id) : null;
      const data: Prisma.WebhookEndpointUpdateInput = {
        url: changes.url,
        ...(changes.events !== undefined && { events: stored(changes.events) }),
        ...(changes.status === 'disabled' && before.status !== 'disabled' && this.disabled()),
        ...(rotation && this.rotated(before, rotation.kept)),
      };
      const isMoved = changes.url !== undefined && changes.url !== before.url;
      const isFreed = changes.status === 'enabled' || isMoved;
      if (changes.status === 'enabled')
        Object.assign(data, { status: 'enabled', disabledAt: null, disabledReason: null });
      if (isFreed) Object.assign(data, UNTROUBLED);
      const after = await tx.webhookEndpoint.update({ where: { id }, data });
      if (isFreed) await this.sendAllNow(tx, id);
      await this.record(tx, rotation ? 'secret_rotated' : 'updated', before, after);
      return { ...presentEndpoint(after), ...(rotation && { secret: rotation.shown }) };
    });
  }

  /**
   * Also forgets what waited for it, and its log. Audited.
   * @throws DomainError `webhook_endpoint_not_found`.
   */
  async delete(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await lockEndpoint(tx, id);
      await tx.webhookEndpoint.delete({ where: { id } });
      await this.record(tx, 'deleted', before, null);
    });
  }

  private disabled(): Prisma.WebhookEndpointUpdateInput {
    return { status: 'disabled', disabledAt: this.clock.now(), disabledReason: null };
  }

  private rotated({ secret }: WebhookEndpoint, kept: Uint8Array<ArrayBuffer>): Prisma.WebhookEndpointUpdateInput {
    const previousSecretUntil = new Date(this.clock.now().getTime() + ROTATION_MS);
    return { secret: kept, previousSecret: secret, previousSecretUntil };
  }

  /** A try that is under way is left to its end. */
  private async sendAllNow(tx: Tx, endpointId: string): Promise<void> {
    await tx.webhookDelivery.updateMany({
      where: { endpointId, status: 'pending' },
      data: { nextTryAt: this.clock.now(), tries: 0 },
    });
  }

  private async record(
    tx: Tx,
    what: 'created' | 'updated' | 'secret_rotated' | 'deleted',
    before: WebhookEndpoint | null,
    after: WebhookEndpoint | null,
  ): Promise<void> {
    await this.audit.record(tx, {
      actorId: HOST_APP,
      action: `webhook_endpoint.${what}`,
      subjectType: 'webhook_endpoint',
      subjectId: before?.id ?? after?.id ?? '',
      before: before && { events: before.events, status: before.status },
      after: after && {
        events: after.events,
        status: after.status,
        moved: before !== null && after.url !== before.url,
      },
      reason: 'The host asked for it.',
    });
  }
}

/** @throws DomainError `webhook_endpoint_not_found`. */
async function lockEndpoint(tx: Tx, id: string): Promise<WebhookEndpoint> {
  await tx.$queryRaw`SELECT 1 FROM webhook_endpoints WHERE id = ${id} FOR NO KEY UPDATE`;
  const endpoint = await tx.webhookEndpoint.findUnique({ where: { id } });
  if (endpoint === null) throw webhookEndpointNotFound();
  return endpoint;
}

/** All are kept as none, so that types which are added later are among them. */
function stored(events: EventFilter[]): string[] {
  return events.includes(ALL_EVENTS) ? [] : [...new Set(events)];
}
