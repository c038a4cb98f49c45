import { Prisma } from '@prisma/client';
import { firstIdAt } from '../../common/ids.js';
import type { Config } from '../../config/config.js';
import type { Environment } from '../../config/environment.js';
import type { RefusalReason } from '../../referrals/attribution/attribution-rule.js';

/** From nothing to most: `flag` asks staff, `hold` keeps the affiliate's money meanwhile, `refuse` credits no signup. */
export const RULE_MODES = ['off', 'flag', 'hold', 'refuse'] as const;
export type RuleMode = (typeof RULE_MODES)[number];

export const ASKING_MODES = ['off', 'flag', 'hold'] as const satisfies readonly RuleMode[];

/** A number that staff may change, within bounds. Units come last in its name. */
export interface Threshold {
  default: number;
  min: number;
  max: number;
  /** What it bounds, for staff. */
  meaning: string;
}

export type ThresholdValues<Name extends string = string> = Record<Name, number>;

interface RuleTraits<Name extends string> {
  /** What it looks at and why that is suspicious, in one sentence for staff. */
  description: string;
  /** What staff are asked in a case that it opens. */
  question: string;
  modes: readonly RuleMode[];
  defaultMode: RuleMode | ((config: Config) => RuleMode);
  thresholds: Record<Name, Threshold>;
}

/** Judges a signup while it is attributed; the only kind that can refuse. */
export interface SignupRule<Name extends string = string> extends RuleTraits<Name> {
  judges: 'signup';
  /** The reason of the decisions in which it refused. */
  refusal: RefusalReason;
}

/** Where what a rule did can be read. */
export type RuleEvidence =
  | { in: 'review_cases'; rule: string }
  | { in: 'attribution_decisions'; reason: RefusalReason }
  /** Whose code is whose, and how often each was used. */
  | { in: 'promotion_codes' }
  /** Each run says whom it skipped, and why. */
  | { in: 'payout_runs' }
  /** Referrals that have paid nothing yet. */
  | { in: 'trial_referrals' };

/** What the engine enforces by itself, on everybody: there is no level to it, and it says why. */
export interface EngineRule {
  judges: 'everybody';
  /** What it means, in one sentence for staff. */
  description: string;
  /** When in the life of a sale, in words that follow "It is enforced". */
  enforcedWhen: string;
  /** Why it can neither be switched off nor only ask, in one sentence for staff. */
  whyFixed: string;
  /** What the operator can set about it: the variable, and what the engine has from it. Null: nothing. */
  setting: { variable: keyof Environment; valueOf: (config: Config) => string } | null;
  evidence: RuleEvidence;
}

/** What has happened to an affiliate when a rule should look at it without waiting for the night. */
export type FraudNews = 'signup' | 'commission' | 'loss' | 'account';

/** The affiliates to look at: these, or with null all of them, in the same one statement. */
export interface Scope {
  now: Date;
  /** What came to be before it was looked at already. */
  since: Date;
  affiliateIds: readonly string[] | null;
  /** Where it is known: the referrals that came to be since. */
  newReferralIds: readonly string[] | null;
}

/** Looks at affiliates in the database, any number of them in one statement that returns only those it hits. */
export interface DetectionRule<Name extends string = string, Evidence = unknown> extends RuleTraits<Name> {
  judges: 'affiliate';
  news: readonly FraudNews[];
  /** Looks again before each payout run, so that nobody is paid between what happened and the night. */
  beforeRun?: true;
  /** A query for the columns of `Hit`. */
  hits(scope: Scope, thresholds: ThresholdValues<Name>): Prisma.Sql;
  /** One sentence for staff. */
  summary(evidence: Evidence): string;
}

/** What a rule found, by the names of its query's columns. */
export interface Hit<Evidence = unknown> {
  affiliate_id: string;
  /** Names the finding; told once, and again only at a higher level. */
  key: string;
  /** How bad it is, in steps: a number that grows with it. 0 where it cannot get worse. */
  level: number;
  /** The other party. Null: it is about the affiliate alone. */
  subject: string | null;
  referral_id: string | null;
  /** Without e-mails and addresses. */
  evidence: Evidence;
}

/** Declares a rule over affiliates. `Evidence` is what its query puts into that column. */
export function detectionRule<Evidence, Name extends string = string>(
  rule: Omit<DetectionRule<Name, Evidence>, 'judges'>,
): DetectionRule<Name, Evidence> {
  return { ...rule, judges: 'affiliate' };
}

/** Whether the affiliate in this column is one of those to look at. */
export function inScope({ affiliateIds }: Scope, affiliateId: Prisma.Sql): Prisma.Sql {
  return affiliateIds === null ? Prisma.sql`TRUE` : Prisma.sql`${affiliateId} = ANY(${affiliateIds}::text[])`;
}

/**
 * Whether the referral in this column came to be since it was looked last. By their ids, where they are known: PostgreSQL,
 * which plans the rules of a signup without looking at values, would take it for a third of all referrals otherwise.
 */
export function isNewReferral({ since, newReferralIds }: Scope, referralId: Prisma.Sql): Prisma.Sql {
  return newReferralIds === null
    ? Prisma.sql`${referralId} >= ${firstIdAt('referral', since)}`
    : Prisma.sql`${referralId} = ANY(${newReferralIds}::text[])`;
}

/** The moment so many days before, for rules that look at a span of time. */
export function daysBefore(moment: Date, days: number): Date {
  return new Date(moment.getTime() - days * 24 * 60 * 60 * 1000);
}

/** SQL for a level that grows by one whenever a positive number doubles, from 0 at 1. */
export function doublings(number: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`floor(log(2, greatest(1, ${number})::numeric))::int`;
}
