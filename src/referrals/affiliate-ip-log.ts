import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AffiliateIpRecorder } from '../affiliates/affiliate-ip-recorder.js';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import { IpHasher } from './ip-hasher.js';

/** A dashboard asks several times a minute; what was written lately need not be written again. */
const REWRITTEN_AFTER_MS = 60 * 60 * 1000;
const MAX_REMEMBERED = 10_000;

/** Keeps under which addresses affiliates were seen, as keyed hashes. */
@Injectable()
export class AffiliateIpLog extends AffiliateIpRecorder {
  /** `affiliate:hash` → when it was last written. */
  private readonly written = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ipHasher: IpHasher,
  ) {
    super();
  }

  /** Writes at most once an hour for each affiliate and address. `ip` must be an address. */
  override async remember(affiliateId: string, ip: string): Promise<void> {
    await this.ipHasher.renewKeyIfDue();
    const ipHash = this.ipHasher.hash(ip);
    const now = this.clock.now();
    const key = `${affiliateId}:${ipHash}`;
    const writtenAtMs = this.written.get(key);
    if (writtenAtMs !== undefined && now.getTime() - writtenAtMs < REWRITTEN_AFTER_MS) return;
    await this.database.prisma.$executeRaw`
      INSERT INTO "affiliate_ips" ("affiliate_id", "ip_hash", "last_seen_at") VALUES (${affiliateId}, decode(${ipHash}, 'hex'), ${now})
      ON CONFLICT ("affiliate_id", "ip_hash")
      DO UPDATE SET "last_seen_at" = greatest("affiliate_ips"."last_seen_at", EXCLUDED."last_seen_at")`;
    this.written.set(key, now.getTime());
  }
}
