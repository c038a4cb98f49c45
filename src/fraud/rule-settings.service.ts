import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { lockNames } from '../database/advisory-locks.js';
import { Database } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { checkedReason, type StaffAct } from '../staff/staff-act.js';
import { fraudRuleUnknown, ruleSettingInvalid } from './review-errors.js';
import type { RuleMode, ThresholdValues } from './rules/fraud-rule.js';
import {
  engineRule,
  FRAUD_RULE_NAMES,
  fraudRule,
  isEngineRule,
  isFraudRule,
  type FraudRuleName,
} from './rules/registry.js';

/** How long another instance's change may go unnoticed where settings are read per signup. */
const REMEMBERED_MS = 5_000;

export interface RuleSetting {
  mode: RuleMode;
  /** Every threshold of the rule. */
  thresholds: ThresholdValues;
}

/** What is not given stays. */
export interface RuleSettingChange {
  mode?: RuleMode;
  thresholds?: ThresholdValues;
}

export type RuleSettingsByName = Readonly<Record<FraudRuleName, RuleSetting>>;

interface StoredSetting {
  mode?: string;
  thresholds?: unknown;
}

/** How each fraud rule is set: its defaults, and over them what staff have changed. */
@Injectable()
export class RuleSettings {
  private remembered: { settings: RuleSettingsByName; readAtMs: number } | null = null;
  private changedAtMs = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /**
   * As they are, give or take some seconds: a change made on another instance is followed within five.
   *
   * @param tx the caller's transaction, where it is in one. It must not wait for a further connection, its own or another
   *   caller's: with every connection in such hands, nobody would ever get one.
   */
  async current(tx?: SqlTx): Promise<RuleSettingsByName> {
    const nowMs = performance.now();
    if (this.remembered && nowMs - this.remembered.readAtMs < REMEMBERED_MS) return this.remembered.settings;
    const settings = await this.read(tx);
    // What was read before a change is not what holds after it.
    if (nowMs > this.changedAtMs) this.remembered = { settings, readAtMs: nowMs };
    return settings;
  }

  /** As they are now. */
  async read(tx: SqlTx = this.database.prisma): Promise<RuleSettingsByName> {
    const rows = await tx.$queryRaw<(StoredSetting & { rule: string })[]>`
      SELECT rule, mode, thresholds FROM fraud_rule_settings`;
    const stored = new Map(rows.map((row) => [row.rule, row]));
    return Object.fromEntries(
      FRAUD_RULE_NAMES.map((name) => [name, this.settingOf(name, stored.get(name) ?? {})]),
    ) as RuleSettingsByName;
  }

  /**
   * Sets what is given of a rule and leaves the rest. Counts for what is found from now on; setting it to `hold` makes
   * the rule's open cases hold, too, while those that hold already wait for their decision whatever the rule is set to.
   * Audited as `rule.changed`; setting what is set already changes nothing. Changes of one rule wait for each other.
   *
   * @throws DomainError `fraud_rule_not_found`, `rule_setting_invalid`, `reason_length`.
   */
  async change(name: string, change: RuleSettingChange, act: StaffAct): Promise<RuleSetting> {
    if (isEngineRule(name)) throw ruleSettingInvalid(name, engineRule(name).whyFixed);
    if (!isFraudRule(name)) throw fraudRuleUnknown(name);
    const reason = checkedReason(act.reason);
    assertAllowed(name, change);
    const setting = await this.database.transaction(async (tx) => {
      await lockNames(tx, [`fraud-rule:${name}`]);
      const before = (await this.read(tx))[name];
      const after = { mode: change.mode ?? before.mode, thresholds: { ...before.thresholds, ...change.thresholds } };
      if (isDeepStrictEqual(before, after)) return before;
      const data = { ...after, updatedAt: this.clock.now(), updatedBy: act.staffUserId };
      await tx.fraudRuleSetting.upsert({ where: { rule: name }, create: { rule: name, ...data }, update: data });
      if (after.mode === 'hold') {
        await tx.reviewCase.updateMany({ where: { rule: name, status: 'open', holds: false }, data: { holds: true } });
      }
      await this.audit.record(tx, {
        actorId: act.staffUserId,
        action: 'rule.changed',
        subjectType: 'fraud_rule',
        subjectId: name,
        before: { ...before },
        after,
        reason,
      });
      return after;
    });
    this.remembered = null;
    this.changedAtMs = performance.now();
    return setting;
  }

  /** What is stored of a threshold or mode that this version does not have counts for nothing. */
  private settingOf(name: FraudRuleName, stored: StoredSetting): RuleSetting {
    const { modes, defaultMode, thresholds } = fraudRule(name);
    const mode = modes.find((one) => one === stored.mode);
    const values = Object.entries(thresholds).map(([threshold, { default: byDefault }]) => {
      const value = (stored.thresholds as ThresholdValues | undefined)?.[threshold];
      return [threshold, value ?? byDefault] as const;
    });
    return {
      mode: mode ?? (typeof defaultMode === 'function' ? defaultMode(this.config) : defaultMode),
      thresholds: Object.fromEntries(values),
    };
  }
}

function assertAllowed(name: FraudRuleName, { mode, thresholds = {} }: RuleSettingChange): void {
  const rule = fraudRule(name);
  if (mode !== undefined && !rule.modes.includes(mode)) {
    throw ruleSettingInvalid(name, `It can be ${rule.modes.join(', ')}, not ${mode}.`);
  }
  for (const [threshold, value] of Object.entries(thresholds)) {
    const bounds = Object.hasOwn(rule.thresholds, threshold) ? rule.thresholds[threshold] : undefined;
    if (!bounds) throw ruleSettingInvalid(name, `It has no threshold ${threshold}.`);
    if (!Number.isInteger(value) || value < bounds.min || value > bounds.max) {
      throw ruleSettingInvalid(name, `${threshold} must be a whole number from ${bounds.min} to ${bounds.max}.`);
    }
  }
}
