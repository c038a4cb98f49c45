import { IdGenerator } from '../../../src/common/ids.js';
import type { Hit, ThresholdValues } from '../../../src/fraud/rules/fraud-rule.js';
import { fraudRule, type FraudRuleName } from '../../../src/fraud/rules/registry.js';
import type { TestApp } from '../../setup/app.js';

const HOUR_MS = 60 * 60 * 1000;

/** What the rules look at, put into the database as the application would have: many affiliates in few statements. */
export class RuleWorld {
  private readonly names = new Map<string, string>();
  private serial = 0;

  constructor(readonly api: TestApp) {}

  newId(kind: Parameters<IdGenerator['next']>[0]): string {
    return this.api.app.get(IdGenerator).next(kind);
  }

  hoursAgo(hours: number): Date {
    return new Date(this.api.clock.now().getTime() - hours * HOUR_MS);
  }

  async affiliate(name: string, facts: { email?: string } = {}): Promise<string> {
    const id = this.newId('affiliate');
    this.names.set(id, name);
    await this.api.database.prisma.affiliate.create({
      data: {
        id,
        userId: `user-${id}`,
        name,
        email: facts.email ?? null,
        emailNormalized: facts.email ?? null,
        country: 'US',
        status: 'active',
        planId: 'pln_default',
        createdAt: this.hoursAgo(24 * 365),
      },
    });
    return id;
  }

  /** Signups of this affiliate, all at the same moment. @returns their ids. */
  async referrals(
    affiliateId: string,
    count: number,
    facts: { hoursAgo?: number; clickId?: string } = {},
  ): Promise<string[]> {
    const occurredAt = this.hoursAgo(facts.hoursAgo ?? 24);
    const rows = Array.from({ length: count }, () => ({
      id: this.newId('referral'),
      affiliateId,
      referredUserId: `customer-${++this.serial}`,
      stripeCustomerId: `cus_${this.serial}`,
      status: 'trial',
      clickId: facts.clickId ?? null,
      decisionId: this.newId('decision'),
      planVersionId: 'plv_default',
      occurredAt,
      createdAt: occurredAt,
    }));
    await this.api.database.prisma.referral.createMany({ data: rows });
    return rows.map(({ id }) => id);
  }

  async clickDay(affiliateId: string, clicks: number, uniqueClicks: number, daysAgo = 1): Promise<void> {
    const day = new Date(
      this.hoursAgo(24 * daysAgo)
        .toISOString()
        .slice(0, 10),
    );
    await this.api.database.prisma.clickDay.create({ data: { affiliateId, day, clicks, uniqueClicks } });
  }

  /** What the rule finds over all affiliates in one statement, by the affiliates' names. */
  async hits(name: FraudRuleName, thresholds: ThresholdValues = {}): Promise<Map<string, Hit[]>> {
    return this.ask(name, thresholds, null);
  }

  /** The same, asked for one affiliate. */
  async hitsOf(name: FraudRuleName, affiliateId: string, thresholds: ThresholdValues = {}): Promise<Hit[]> {
    const found = await this.ask(name, thresholds, [affiliateId]);
    return [...found.values()].flat();
  }

  /** The sentence that staff would read. */
  sentence(name: FraudRuleName, { evidence }: Hit): string {
    const rule = fraudRule(name);
    if (rule.judges !== 'affiliate') throw new Error(`${name} does not look at affiliates`);
    return rule.summary(evidence);
  }

  private async ask(
    name: FraudRuleName,
    changed: ThresholdValues,
    affiliateIds: string[] | null,
  ): Promise<Map<string, Hit[]>> {
    const rule = fraudRule(name);
    if (rule.judges !== 'affiliate') throw new Error(`${name} does not look at affiliates`);
    const thresholds = Object.fromEntries(
      Object.entries(rule.thresholds).map(([threshold, bounds]) => [threshold, changed[threshold] ?? bounds.default]),
    );
    const scope = { now: this.api.clock.now(), affiliateIds };
    const rows = await this.api.database.prisma.$queryRaw<Hit[]>(rule.hits(scope, thresholds));
    const byName = new Map<string, Hit[]>();
    for (const row of rows) {
      const affiliate = this.names.get(row.affiliate_id) ?? row.affiliate_id;
      byName.set(affiliate, [...(byName.get(affiliate) ?? []), row]);
    }
    return byName;
  }
}
