import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import type { Tx } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';
import { IpHasher } from '../ip-hasher.js';
import { ClickWriter } from './click-writer.js';
import type { ClickSource, NewClick } from './insert-clicks.js';

const VISITOR_HASH_BYTES = 16;

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
  private readonly recorded: Counter;

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly ipHasher: IpHasher,
    private readonly writer: ClickWriter,
    metrics: Metrics,
  ) {
    this.recorded = new Counter({
      name: 'fairshare_clicks_total',
      help: 'Clicks that were stored and counted, by how they came in.',
      labelNames: ['source'],
      registers: [metrics.registry],
    });
  }

  /**
   * Resolves once the click is committed; as part of `tx` when one is given, else together with others of its moment.
   * @throws GroupCommitOverloadedError when too many clicks wait; the database's error when it is away.
   */
  async record(visit: Visit, tx?: Tx): Promise<{ clickId: string; occurredAt: Date }> {
    const click = await this.toClick(visit);
    await (tx ? this.writer.writeIn(tx, click) : this.writer.write(click));
    this.recorded.inc({ source: visit.source });
    return { clickId: click.id, occurredAt: click.occurredAt };
  }

  private async toClick({ ip, ...seen }: Visit): Promise<NewClick> {
    const occurredAt = this.clock.now();
    const id = this.ids.next('click');
    if (ip === null) return { ...seen, id, occurredAt, ipHash: null, visitorHash: visitorOfOneClick(id) };
    const ipHash = await this.ipHasher.hash(ip);
    const visitorHash = await this.ipHasher.visitorHash(ip, seen.userAgent, occurredAt);
    return { ...seen, id, occurredAt, ipHash, visitorHash };
  }
}

/** Without an address nobody can say who it was, so each such click is a visitor of its own. */
function visitorOfOneClick(clickId: string): Buffer {
  return createHash('sha256').update(clickId).digest().subarray(0, VISITOR_HASH_BYTES);
}
