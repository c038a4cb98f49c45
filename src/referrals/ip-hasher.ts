import { hash, randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import ipaddr from 'ipaddr.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { Database, type Tx } from '../database/database.js';
import { liftTimeLimit } from '../database/time-limit.js';
import { KeyedHash } from './keyed-hash.js';

const KEY_BYTES = 32;

/** Sixteen bytes: no two addresses of a lifetime meet, and half the room of the whole hash. */
const HASH_HEX_DIGITS = 32;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Another instance may have made a key; an old one may have to go. */
const RELOAD_INTERVAL_MS = 60 * 60 * 1000;

/** IPv6 providers give a household a /64 and let its devices change the rest at will. */
const IPV6_PREFIX_BYTES = 8;

interface HashKey {
  key: KeyedHash;
  createdAtMs: number;
}

/**
 * Turns addresses into keyed hashes, written in hexadecimal; the addresses themselves are never stored. The key is
 * replaced once it is as old as the attribution window and deleted after two windows: until then an address seen within
 * the window can still be recognised, afterwards nobody can compute what an old hash stood for.
 *
 * Wait for `renewKeyIfDue` before hashing.
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

  /** Null when there is nothing to wait for, which is nearly always: the redirect pays for no promise then. */
  renewKeyIfDue(): Promise<void> | null {
    const isDue = this.clock.now().getTime() - this.newestKey().createdAtMs >= this.config.attributionWindowMs;
    return isDue ? this.reloadOrKeep() : null;
  }

  /** The hash to store for an address seen now. `ip` must be an address. */
  hash(ip: string): string {
    return hashUnder(this.newestKey(), canonicalIp(ip));
  }

  /** The hashes under which an address seen within the window may be stored. `ip` must be an address. */
  hashesUnderLiveKeys(ip: string): string[] {
    const canonical = canonicalIp(ip);
    return this.keys.map((key) => hashUnder(key, canonical));
  }

  /**
   * The hash to store for a visitor's address, and what makes two clicks of a UTC day the same visitor: address and
   * user agent. One key serves the whole day, also the day on which it is replaced, so that nobody counts twice on it.
   */
  hashVisitor(ip: string, userAgent: string | null, at: Date): { ipHash: string; visitorHash: string } {
    const canonical = canonicalIp(ip);
    const newest = this.newestKey();
    const ofDay = this.keyOfDay(at);
    const ipHash = hashUnder(newest, canonical);
    const ipHashOfDay = ofDay === newest ? ipHash : hashUnder(ofDay, canonical);
    // The address is keyed already, so a plain hash keeps the secret; it costs a fifth of another keyed one.
    return { ipHash, visitorHash: hash('sha256', `${ipHashOfDay}\n${userAgent ?? ''}`).slice(0, HASH_HEX_DIGITS) };
  }

  private newestKey(): HashKey {
    const newest = this.keys[0];
    if (!newest) throw new Error('IpHasher is used before its module was initialised');
    return newest;
  }

  /** The newest key that was there when the day began; on an installation's first day, its first key. */
  private keyOfDay(at: Date): HashKey {
    const dayStartMs = at.getTime() - (at.getTime() % DAY_MS);
    for (const key of this.keys) if (key.createdAtMs <= dayStartMs) return key;
    return this.keys.at(-1) ?? this.newestKey();
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
        // Nobody can be recognised by these any more, however many they are.
        await liftTimeLimit(tx);
        await tx.affiliateIp.deleteMany({ where: { lastSeenAt: { lt: expired } } });
      }
      return tx.ipHashKey.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] });
    });
    this.keys = rows.map((row) => ({ key: new KeyedHash(row.key), createdAtMs: row.createdAt.getTime() }));
  }
}

/** Two instances that start at once must end with the same key. */
async function lockKeyRotation(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('ip_hash_keys', 0))`;
}

function hashUnder({ key }: HashKey, text: string): string {
  return key.of(text).slice(0, HASH_HEX_DIGITS);
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
