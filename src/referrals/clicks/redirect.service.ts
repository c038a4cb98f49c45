import { Injectable, Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Config } from '../../config/config.js';
import { Metrics } from '../../http/metrics.js';
import { clientKey, RateLimiter } from '../../http/rate-limiter.js';
import { BotDetector } from './bot-detector.js';
import { ClickRecorder } from './click-recorder.js';
import { CodeDirectory, type CodeOwner, storedCode } from './code-directory.js';
import { RedirectTargets } from './redirect-target.js';

export interface Visitor {
  /** As it stands in the link. */
  code: string;
  to: string | undefined;
  subId: string | null;
  ip: string;
  userAgent: string | null;
  referrer: string | null;
  /** The address of the link as it was followed, where it says more than the code. */
  url: string | null;
  /** HEAD asks where the link leads and is no visit. */
  onlyAsks: boolean;
}

export interface Redirection {
  location: string;
  /** Null when nothing was recorded. */
  clickId: string | null;
}

/** At most one line a minute, however many clicks are lost: the metric counts them. */
const WARNING_INTERVAL_MS = 60_000;

/**
 * Sends visitors on, whatever happens: a click that cannot be recorded costs the visitor nothing. Credits only codes
 * of active affiliates, and only after the click is durable.
 */
@Injectable()
export class RedirectService {
  private readonly logger = new Logger(RedirectService.name);
  private readonly targets: RedirectTargets;
  private readonly lost: Counter;
  private warnedAtMs = -WARNING_INTERVAL_MS;

  constructor(
    private readonly config: Config,
    private readonly codes: CodeDirectory,
    private readonly recorder: ClickRecorder,
    private readonly bots: BotDetector,
    private readonly rateLimiter: RateLimiter,
    metrics: Metrics,
  ) {
    this.targets = new RedirectTargets(config.siteUrl, config.allowedRedirectHosts);
    this.lost = new Counter({
      name: 'fairshare_clicks_lost_total',
      help: 'Visitors who were redirected although their click could not be recorded.',
      registers: [metrics.registry],
    });
  }

  /** Where to send the visitor. Never throws. Nearly always the code is in memory: then only the record is waited for. */
  redirect(visitor: Visitor): Redirection | Promise<Redirection> {
    const code = storedCode(visitor.code);
    if (code === null) return this.withoutCredit();
    const owner = this.codes.findInMemory(code);
    return owner ? this.credit(visitor, code, owner) : this.lookUpAndCredit(visitor, code);
  }

  private async lookUpAndCredit(visitor: Visitor, code: string): Promise<Redirection> {
    if (this.guessesTooOften(code, visitor.ip)) return this.withoutCredit();
    let owner: CodeOwner | null;
    try {
      owner = await this.codes.find(code);
    } catch (error) {
      return this.withoutLookUp(visitor, code, error);
    }
    return owner?.active ? this.credit(visitor, code, owner) : this.withoutCredit();
  }

  private credit(visitor: Visitor, code: string, { affiliateId }: CodeOwner): Redirection | Promise<Redirection> {
    if (visitor.onlyAsks || this.bots.isBot(visitor.userAgent)) return this.withCredit(visitor, code, null);
    return this.recordAndCredit(visitor, code, affiliateId);
  }

  private async recordAndCredit(visitor: Visitor, code: string, affiliateId: string): Promise<Redirection> {
    const { ip, userAgent, referrer, subId, url } = visitor;
    try {
      const visit = { affiliateId, code, source: 'redirect' as const, ip, userAgent, referrer, subId, url };
      const click = await this.recorder.record(visit);
      return click ? this.withCredit(visitor, code, click.id) : this.withoutCredit();
    } catch (error) {
      return this.withoutRecord(visitor, code, error);
    }
  }

  /**
   * Whether this address has tried too many codes that were never seen to exist. Codes in memory are free, so no
   * visitor of a working link is ever held up.
   */
  private guessesTooOften(code: string, ip: string): boolean {
    if (this.codes.isKnown(code)) return false;
    return !this.rateLimiter.hit(`code-guess:${clientKey(ip)}`, this.config.rateLimitPublic).allowed;
  }

  /** With the database away, the last known state counts; a code never seen is passed on, for the signup will check it. */
  private withoutLookUp(visitor: Visitor, code: string, error: unknown): Redirection {
    const lastKnown = this.codes.lastKnown(code);
    if (lastKnown && !lastKnown.active) return this.withoutCredit();
    return this.withoutRecord(visitor, code, error);
  }

  /** The code still goes along: a signup can be credited by it alone. */
  private withoutRecord(visitor: Visitor, code: string, error: unknown): Redirection {
    this.lost.inc();
    const nowMs = performance.now();
    if (nowMs - this.warnedAtMs >= WARNING_INTERVAL_MS) {
      this.warnedAtMs = nowMs;
      this.logger.warn({ err: error, msg: 'clicks cannot be recorded; visitors are redirected without' });
    }
    return this.withCredit(visitor, code, null);
  }

  private withCredit({ to }: Visitor, code: string, clickId: string | null): Redirection {
    return { location: this.targets.withCredit(to, code, clickId), clickId };
  }

  private withoutCredit(): Redirection {
    return { location: this.config.siteUrl, clickId: null };
  }
}
