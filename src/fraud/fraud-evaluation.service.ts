import { Injectable, Logger } from '@nestjs/common';
import { Prisma, type Referral } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { WITHOUT_TIME_LIMIT } from '../database/time-limit.js';
import { ReviewCases, type AffiliateSignal, type Found } from './review-cases.service.js';
import { RuleSettings, type RuleSetting } from './rule-settings.service.js';
import { daysBefore, type DetectionRule, type FraudNews, type Hit, type Scope } from './rules/fraud-rule.js';
import { detectionRules, type FraudRuleName } from './rules/registry.js';
import { isWhitelisted } from './whitelist.js';

/** Signals that are written in one transaction; each may take a lock. */
const BATCH_SIZE = 500;

/** By night also what was missed, or came to be while a rule was off; otherwise what is new, and what came late. */
const NIGHT_DAYS = 35;
const NEWS_DAYS = 2;

/** Asks the rules over affiliates, and opens cases about what they find. Idempotent: each finding is told once. */
@Injectable()
export class FraudEvaluation {
  private readonly logger = new Logger(FraudEvaluation.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly settings: RuleSettings,
    private readonly reviewCases: ReviewCases,
  ) {}

  /**
   * Every rule once over all affiliates, each in one statement whose hits are read as they come: memory does not grow
   * with the number of affiliates. Safe at any time and twice at once.
   *
   * @returns how many new signals were found.
   */
  evaluateAll(): Promise<number> {
    return this.evaluate(detectionRules(), null);
  }

  /** The rules that are looked at once more before anybody is paid, over all affiliates. */
  evaluateBeforeRun(): Promise<number> {
    return this.evaluate(
      detectionRules().filter(([, { beforeRun }]) => beforeRun),
      null,
    );
  }

  /** The rules that look when this has happened, over the affiliates to whom it did. */
  evaluateAfter(news: FraudNews, affiliateIds: string[]): Promise<number> {
    return this.evaluate(detectionRules(news), affiliateIds);
  }

  /**
   * The rules that look at signups, within the transaction that credited them, all in one statement; opening cases about what
   * is found is left to the caller, who may find more.
   */
  async findAfterSignups(tx: SqlTx, referrals: readonly Pick<Referral, 'id' | 'affiliateId'>[]): Promise<Found[]> {
    if (referrals.length === 0) return [];
    const settings = await this.settings.current(tx);
    const now = this.clock.now();
    const affiliateIds = [...new Set(referrals.map(({ affiliateId }) => affiliateId))];
    const scope = { now, since: now, affiliateIds, newReferralIds: referrals.map(({ id }) => id) };
    const rules = detectionRules('signup').filter(([name]) => settings[name].mode !== 'off');
    if (rules.length === 0) return [];
    const hits = await tx.$queryRaw<(Hit & { rule: FraudRuleName })[]>(
      Prisma.join(
        rules.map(
          ([name, rule]) =>
            Prisma.sql`SELECT ${name} AS rule, h.* FROM (${newHits(name, rule, scope, settings[name])}) h`,
        ),
        ' UNION ALL ',
      ),
    );
    const byName = new Map(rules);
    return hits.flatMap(({ rule: name, ...hit }) => {
      const rule = byName.get(name);
      return rule ? [{ rule: name, ...signalOf(rule, hit), holds: settings[name].mode === 'hold' }] : [];
    });
  }

  /** One rule over all affiliates. @returns how many new signals it found. */
  async evaluateRule(name: FraudRuleName): Promise<number> {
    return this.evaluate(
      detectionRules().filter(([one]) => one === name),
      null,
    );
  }

  private async evaluate(rules: [FraudRuleName, DetectionRule][], affiliateIds: string[] | null): Promise<number> {
    const settings = await this.settings.read();
    const scope = this.scope(affiliateIds, affiliateIds === null ? NIGHT_DAYS : NEWS_DAYS);
    let found = 0;
    for (const [name, rule] of rules) found += await this.ask(name, rule, scope, settings[name]);
    return found;
  }

  private async ask(name: FraudRuleName, rule: DetectionRule, scope: Scope, setting: RuleSetting): Promise<number> {
    if (setting.mode === 'off') return 0;
    let signals = 0;
    for await (const hits of this.stream(newHits(name, rule, scope, setting))) {
      await this.database.transaction((tx) =>
        this.reviewCases.openAll(
          tx,
          name,
          hits.map((hit) => signalOf(rule, hit)),
          setting.mode === 'hold',
        ),
      );
      signals += hits.length;
    }
    if (signals > 0) {
      this.logger.warn({ code: 'fraud_signals', message: 'a fraud rule found something', rule: name, signals });
    }
    return signals;
  }

  private scope(affiliateIds: string[] | null, days: number): Scope {
    const now = this.clock.now();
    return { now, since: daysBefore(now, days), affiliateIds, newReferralIds: null };
  }

  /** Reads a query's rows in batches, from one state of the database. */
  private async *stream(query: Prisma.Sql): AsyncGenerator<Hit[]> {
    const client = await this.database.pool.connect();
    let isClean = false;
    try {
      // All rows are read, so the plan that is quickest to its first one is the wrong one.
      await client.query(`BEGIN READ ONLY; SET LOCAL cursor_tuple_fraction = 1; ${WITHOUT_TIME_LIMIT}`);
      await client.query(`DECLARE hits NO SCROLL CURSOR FOR ${query.text}`, query.values);
      for (;;) {
        const { rows } = await client.query<Hit>(`FETCH ${BATCH_SIZE} FROM hits`);
        if (rows.length > 0) yield rows;
        if (rows.length < BATCH_SIZE) break;
      }
      await client.query('COMMIT');
      isClean = true;
    } finally {
      client.release(!isClean);
    }
  }
}

function signalOf(rule: DetectionRule, hit: Hit): AffiliateSignal {
  const { affiliate_id: affiliateId, key, level, subject, referral_id: referralId, evidence } = hit;
  return {
    affiliateId,
    signal: {
      key,
      level,
      summary: rule.summary(evidence),
      evidence: evidence as Prisma.InputJsonObject,
      ...(subject !== null && { subject }),
      ...(referralId !== null && { referralId }),
    },
  };
}

/** What the rule finds and staff have neither seen, at this level or a higher one, nor allowed for good. */
function newHits(name: FraudRuleName, rule: DetectionRule, scope: Scope, { thresholds }: RuleSetting): Prisma.Sql {
  return Prisma.sql`
    WITH found AS MATERIALIZED (${rule.hits(scope, thresholds)})
    SELECT h.affiliate_id, h.key, h.level, h.subject, h.referral_id, h.evidence FROM found h
    WHERE NOT EXISTS (
        SELECT 1 FROM review_cases c JOIN review_signals s ON s.case_id = c.id
        WHERE c.affiliate_id = h.affiliate_id AND c.rule = ${name} AND s.key = h.key AND s.level >= h.level)
      AND NOT ${isWhitelisted(Prisma.sql`h.affiliate_id`, name, Prisma.sql`h.subject`)}
    ORDER BY h.affiliate_id, h.key`;
}
