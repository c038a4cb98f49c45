import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import type { Tx } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';
import { IpHasher } from '../ip-hasher.js';
import { ClickWriter } from './click-writer.js';
import type { ClickSource, NewClick } from './insert-clicks.js';

const VISITOR_HASH_HEX_DIGITS = 32;

/** A visit through a referral link, as it was seen. Texts are storable and within their limits. */
export interface Visit {
  affiliateId: string;
  code: string;
  source: ClickSource;
  /** An address that parses, or null. */
  ip: string | null;
  userAgent: string | null;
  referrer: string | null;
  url: string | null;
  subId: string | null;
}

/** Turns visits into stored, counted clicks. */
@Injectable()
export class ClickRecorder {
  private readonly recorded: Record<ClickSource, { inc(): void }>;

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly ipHasher: IpHasher,
    private readonly writer: ClickWriter,
    metrics: Metrics,
  ) {
    const recorded = new Counter({
      name: 'fairshare_clicks_total',
      help: 'Clicks that were stored and counted, by how they came in.',
      labelNames: ['source'],
      registers: [metrics.registry],
    });
    this.recorded = {
      redirect: recorded.labels('redirect'),
      host: recorded.labels('host'),
      snippet: recorded.labels('snippet'),
    };
  }

  /**
   * Resolves once the click is committed; as part of `tx` when one is given, else together with others of its moment.
   * With null when the affiliate is not active.
   * @throws GroupCommitOverloadedError when too many clicks wait; the database's error when it is away.
   */
  async record(visit: Visit, tx?: Tx): Promise<NewClick | null> {
    const renewal = this.ipHasher.renewKeyIfDue();
    if (renewal) await renewal;
    const click = this.toClick(visit);
    await (tx ? this.writer.writeIn(tx, click) : this.writer.write(click));
    if (!click.isStored) return null;
    this.recorded[visit.source].inc();
    return click;
  }

  private toClick(visit: Visit): NewClick {
    const occurredAt = this.clock.now();
    const id = this.ids.next('click');
    const { ip, userAgent } = visit;
    const hashes = ip === null ? hashesOfNobody(id) : this.ipHasher.hashVisitor(ip, userAgent, occurredAt);
    return {
      id,
      affiliateId: visit.affiliateId,
      code: visit.code,
      source: visit.source,
      url: visit.url,
      referrer: visit.referrer,
      userAgent,
      subId: visit.subId,
      ipHash: hashes.ipHash,
      visitorHash: hashes.visitorHash,
      occurredAt,
      isStored: false,
    };
  }
}

/** Without an address nobody can say who it was, so each such click is a visitor of its own. */
function hashesOfNobody(clickId: string): { ipHash: null; visitorHash: string } {
  return { ipHash: null, visitorHash: hash('sha256', clickId).slice(0, VISITOR_HASH_HEX_DIGITS) };
}
