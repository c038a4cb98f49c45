import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CUSTOM_CODE_FORM, normaliseCode } from '../../affiliates/codes/affiliate-code.js';
import { ClickConnections } from './click-connections.js';

/** Whom a code credits, and whether it does at the moment. */
export interface CodeOwner {
  affiliateId: string;
  active: boolean;
}

interface Remembered extends CodeOwner {
  loadedAtMs: number;
  generation: number;
}

interface LookUp {
  promise: Promise<CodeOwner | null>;
  resolve: (owner: CodeOwner | null) => void;
  reject: (error: unknown) => void;
}

const MAX_CODES = 50_000;
const MAX_WARMED = 5_000;

/** Look-ups that wait for the database, and how many of them share a query. */
const MAX_WAITING = 20_000;
const MAX_BATCH = 1_000;

/** While changes are heard of, this is only a safety net for a notification that got lost. */
const TTL_LISTENING_MS = 60_000;
const TTL_DEAF_MS = 1_000;

/** Never equal to a generation: such an entry is known, but must be read again. */
const STALE = -1;

const SELECT_OWNERS = `
SELECT k."code", k."affiliate_id" AS "affiliateId", a."status" = 'active' AS "active"
FROM "affiliate_codes" k JOIN "affiliates" a ON a."id" = k."affiliate_id"`;

/**
 * A code as it is stored, or null for what cannot be one. The form is checked first: upper-casing turns letters of other
 * scripts into ASCII.
 */
export function storedCode(text: string): string | null {
  const code = text.trim();
  return CUSTOM_CODE_FORM.test(code) ? normaliseCode(code) : null;
}

export class CodeLookUpOverloadedError extends Error {
  constructor() {
    super('too many look-ups of codes are waiting for the database');
    this.name = 'CodeLookUpOverloadedError';
  }
}

/**
 * Code → affiliate for the redirect, remembered within bounds. CodeChangeListener tells it what changed. Look-ups share
 * queries: one at a time, so that no flood of guesses can take more than one connection.
 *
 * Only active owners are answered from memory. That may be a moment out of date, and is harmless: whoever stores the
 * click checks it again. Unknown codes and inactive owners are looked up each time, so that a code works the moment it
 * was made and its affiliate approved.
 *
 * Takes codes as `storedCode` returns them.
 */
@Injectable()
export class CodeDirectory {
  private readonly logger = new Logger(CodeDirectory.name);
  private readonly known = new LRUCache<string, Remembered>({ max: MAX_CODES });
  private waiting = new Map<string, LookUp>();
  private inFlight = new Map<string, LookUp>();
  private loading = false;
  private listening = false;
  /** Entries of an earlier generation are read again: something may have changed unheard. */
  private generation = 0;

  constructor(private readonly connections: ClickConnections) {}

  /** Whether this code was seen to exist, however long ago. Costs no query. */
  isKnown(code: string): boolean {
    return this.known.has(code);
  }

  /** What is known of the code even if it may be out of date: better than nothing while the database is away. */
  lastKnown(code: string): CodeOwner | null {
    return this.known.peek(code) ?? null;
  }

  /**
   * The owner of a code. An active one may have been suspended a moment ago; anything else is as the database says now.
   * @throws CodeLookUpOverloadedError when too many look-ups wait; else the database's error.
   */
  find(code: string): CodeOwner | Promise<CodeOwner | null> {
    return this.findInMemory(code) ?? this.lookUp(code);
  }

  /** The owner of a code, where no query is needed: an active one, who may have been suspended a moment ago. */
  findInMemory(code: string): CodeOwner | null {
    const remembered = this.known.get(code);
    return remembered?.active && this.isFresh(remembered) ? remembered : null;
  }

  /**
   * The code or its affiliate changed. It is read again at once, so that it stays known and the next visitor need not
   * wait; a look-up under way may have read the old state and is not remembered.
   */
  codeChanged(code: string): void {
    this.inFlight.delete(code);
    const remembered = this.known.peek(code);
    if (remembered) remembered.generation = STALE;
    this.enqueue(code).promise.catch((error: unknown) => {
      // No loss: the next visitor looks it up.
      this.logger.debug({ err: error, msg: 'a changed code could not be read again' });
    });
  }

  /** From now on changes are heard of; what was remembered before may be out of date. */
  startListening(): void {
    this.generation++;
    this.inFlight.clear();
    this.listening = true;
  }

  /** Changes are no longer heard of: remembered owners hold for a second only. */
  stopListening(): void {
    this.generation++;
    this.inFlight.clear();
    this.listening = false;
  }

  /** Reads the newest codes ahead, so that after a start no known code counts as a guess. */
  async warm(): Promise<void> {
    const { generation } = this;
    const rows = await this.connections.query<CodeOwner & { code: string }>({
      text: `${SELECT_OWNERS} ORDER BY k."created_at" DESC LIMIT ${MAX_WARMED}`,
    });
    for (const { code, affiliateId, active } of rows) {
      if (!this.known.has(code))
        this.known.set(code, { affiliateId, active, loadedAtMs: performance.now(), generation });
    }
  }

  private lookUp(code: string): Promise<CodeOwner | null> {
    const underWay = this.lastKnown(code)?.active ? this.inFlight.get(code) : undefined;
    return (underWay ?? this.enqueue(code)).promise;
  }

  private isFresh({ generation, loadedAtMs }: Remembered): boolean {
    const ttlMs = this.listening ? TTL_LISTENING_MS : TTL_DEAF_MS;
    return generation === this.generation && performance.now() - loadedAtMs < ttlMs;
  }

  private enqueue(code: string): LookUp {
    let lookUp = this.waiting.get(code);
    if (lookUp) return lookUp;
    lookUp = newLookUp();
    if (this.waiting.size >= MAX_WAITING) {
      lookUp.reject(new CodeLookUpOverloadedError());
      return lookUp;
    }
    this.waiting.set(code, lookUp);
    if (!this.loading) void this.loadWaiting();
    return lookUp;
  }

  private async loadWaiting(): Promise<void> {
    this.loading = true;
    // One turn gathers the look-ups of the same tick.
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const batch = new Map([...this.waiting].slice(0, MAX_BATCH));
      for (const code of batch.keys()) this.waiting.delete(code);
      await this.load(batch);
    }
    this.loading = false;
  }

  private async load(batch: Map<string, LookUp>): Promise<void> {
    this.inFlight = new Map(batch);
    const { generation } = this;
    try {
      const owners = await this.read([...batch.keys()]);
      for (const [code, lookUp] of batch) {
        const owner = owners.get(code) ?? null;
        if (this.inFlight.get(code) === lookUp) this.remember(code, owner, generation);
        lookUp.resolve(owner);
      }
    } catch (error) {
      for (const lookUp of batch.values()) lookUp.reject(error);
    } finally {
      this.inFlight.clear();
    }
  }

  private async read(codes: string[]): Promise<Map<string, CodeOwner>> {
    const rows = await this.connections.query<CodeOwner & { code: string }>({
      name: 'find_code_owners',
      text: `${SELECT_OWNERS} WHERE k."code" = ANY ($1::text[])`,
      values: [codes],
    });
    return new Map(rows.map(({ code, affiliateId, active }) => [code, { affiliateId, active }]));
  }

  private remember(code: string, owner: CodeOwner | null, generation: number): void {
    if (owner) this.known.set(code, { ...owner, loadedAtMs: performance.now(), generation });
    else this.known.delete(code);
  }
}

function newLookUp(): LookUp {
  let resolve!: LookUp['resolve'];
  let reject!: LookUp['reject'];
  const promise = new Promise<CodeOwner | null>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
