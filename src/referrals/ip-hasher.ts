import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import ipaddr from 'ipaddr.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { Database, type Tx } from '../database/database.js';

const KEY_BYTES = 32;
const HASH_BYTES = 16;

/** Another instance may have made a key; an old one may have to go. */
const RELOAD_INTERVAL_MS = 60 * 60 * 1000;

/** IPv6 providers give a household a /64 and let its devices change the rest at will. */
const IPV6_PREFIX_BYTES = 8;

interface HashKey {
  key: KeyObject;
  createdAtMs: number;
}

/**
 * Turns addresses into keyed hashes; the addresses themselves are never stored. The key is replaced once it is as old
 * as the attribution window and deleted after two windows: until then an address seen within the window can still be
 * recognised, afterwards nobody can compute what an old hash stood for.
 */
@Injectable()
export class IpHasher implements OnModuleInit {
  private readonly logger = new Logger(IpHasher.name);
  /** Newest first; never empty once the module is initialised. */
  private keys: HashKey[] = [];
  private reloading: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reload();
  }

  /** The hash to store for an address seen now. `ip` must be an address. */
  async hash(ip: string): Promise<Buffer> {
    await this.replaceKeyIfDue();
    return hashUnder(this.newestKey(), canonicalIp(ip));
  }

  /** The hashes under which an address seen within the window may be stored. `ip` must be an address. */
  async hashesUnderLiveKeys(ip: string): Promise<Buffer[]> {
    await this.replaceKeyIfDue();
    const canonical = canonicalIp(ip);
    return this.keys.map(({ key }) => hashUnder(key, canonical));
  }

  /**
   * What makes two clicks of a UTC day the same visitor: address and user agent. One key serves a whole day, also the
   * day on which it is replaced, so that nobody is counted twice on it.
   */
  async visitorHash(ip: string, userAgent: string | null, at: Date): Promise<Buffer> {
    await this.replaceKeyIfDue();
    const dayStartMs = at.getTime() - (at.getTime() % (24 * 60 * 60 * 1000));
    const key = this.keys.find(({ createdAtMs }) => createdAtMs <= dayStartMs) ?? this.keys.at(-1);
    return hashUnder((key ?? this.unready()).key, `${canonicalIp(ip)}\n${userAgent ?? ''}`);
  }

  private newestKey(): KeyObject {
    return (this.keys[0] ?? this.unready()).key;
  }

  private unready(): never {
    throw new Error('IpHasher is used before its module was initialised');
  }

  private async replaceKeyIfDue(): Promise<void> {
    const newest = this.keys[0];
    if (newest && this.clock.now().getTime() - newest.createdAtMs < this.config.attributionWindowMs) return;
    await this.reloadOrKeep();
  }

  /** With the database away the old key serves on: hashes under it are still recognised. */
  @Interval(RELOAD_INTERVAL_MS)
  async reloadOrKeep(): Promise<void> {
    try {
      await this.reload();
    } catch (error) {
      if (this.keys.length === 0) throw error;
      this.logger.warn({ err: error, msg: 'the keys of the IP hashes could not be read; the last ones serve on' });
    }
  }

  private reload(): Promise<void> {
    this.reloading ??= this.loadAndRotate().finally(() => (this.reloading = null));
    return this.reloading;
  }

  private async loadAndRotate(): Promise<void> {
    const now = this.clock.now();
    const rows = await this.database.transaction(async (tx) => {
      await lockKeyRotation(tx);
      const expired = new Date(now.getTime() - 2 * this.config.attributionWindowMs);
      await tx.ipHashKey.deleteMany({ where: { createdAt: { lt: expired } } });
      const newest = await tx.ipHashKey.findFirst({ orderBy: { createdAt: 'desc' } });
      if (!newest || now.getTime() - newest.createdAt.getTime() >= this.config.attributionWindowMs) {
        await tx.ipHashKey.create({ data: { key: randomBytes(KEY_BYTES), createdAt: now } });
        // Nobody can be recognised by these any more.
        await tx.affiliateIp.deleteMany({ where: { lastSeenAt: { lt: expired } } });
      }
      return tx.ipHashKey.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] });
    });
    this.keys = rows.map((row) => ({ key: createSecretKey(row.key), createdAtMs: row.createdAt.getTime() }));
  }
}

/** Two instances that start at once must end with the same key. */
async function lockKeyRotation(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('ip_hash_keys', 0))`;
}

function hashUnder(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest().subarray(0, HASH_BYTES);
}

/**
 * One spelling per address: IPv4 as it is, IPv4 written as IPv6 (`::ffff:192.0.2.1`) as IPv4, IPv6 by its /64.
 * @throws Error when `ip` is no address.
 */
export function canonicalIp(ip: string): string {
  if (isIPv4(ip)) return ip;
  const address = ipaddr.parse(ip);
  if (!(address instanceof ipaddr.IPv6)) return address.toString();
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
  return `${Buffer.from(address.toByteArray().slice(0, IPV6_PREFIX_BYTES)).toString('hex')}/64`;
}
