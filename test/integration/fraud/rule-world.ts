import type { Prisma } from '@prisma/client';
import { normaliseEmail } from '../../../src/affiliates/email.js';
import { firstIdAt, IdGenerator } from '../../../src/common/ids.js';
import { PaymentMethods } from '../../../src/fraud/payment-methods.js';
import { ReferralEmails } from '../../../src/fraud/referral-emails.js';
import type { Hit, ThresholdValues } from '../../../src/fraud/rules/fraud-rule.js';
import { fraudRule, type FraudRuleName } from '../../../src/fraud/rules/registry.js';
import type { TestApp } from '../../setup/app.js';

const HOUR_MS = 60 * 60 * 1000;

/** Those that point to others come first. */
const TABLES = [
  'review_signals',
  'review_cases',
  'referral_emails',
  'customer_payment_methods',
  'account_payout_methods',
  'affiliate_accounts',
  'fraud_news',
  'stripe_losses',
  'stripe_invoice_payments',
  'commissions',
  'referrals',
  'promotion_codes',
  'clicks',
  'click_days',
  'uncounted_clicks',
  'affiliate_codes',
  'affiliates',
];

export interface SaleFacts {
  amountMinor?: bigint;
  currency?: string;
  loss?: { source: string; status: string };
  daysAgo?: number;
}

interface ClickFacts {
  url?: string;
  source?: string;
  ip?: string;
  userAgent?: string | null;
  hoursAgo?: number;
}

interface PlanNode {
  'Relation Name'?: string;
  'Actual Loops': number;
  Plans?: PlanNode[];
}

function readsIn({
  'Relation Name': relation,
  'Actual Loops': loops,
  Plans: plans = [],
}: PlanNode): { relation: string; loops: number }[] {
  return [...(relation === undefined ? [] : [{ relation, loops }]), ...plans.flatMap(readsIn)];
}

/** What the rules look at, put into the database as the application would have: many affiliates in few statements. */
export class RuleWorld {
  private readonly names = new Map<string, string>();
  private serial = 0;

  constructor(readonly api: TestApp) {}

  /** As if nothing had happened: an application of its own for each case of a table would take minutes. */
  async clear(): Promise<void> {
    this.names.clear();
    await this.api.database.pool.query(TABLES.map((table) => `DELETE FROM ${table}`).join('; '));
  }

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

  /** Signups of this affiliate, all at the same moment: days ago, so that it is not their pace that is found. @returns their ids. */
  async referrals(
    affiliateId: string,
    count: number,
    facts: { hoursAgo?: number; clickId?: string } = {},
  ): Promise<string[]> {
    const occurredAt = this.hoursAgo(facts.hoursAgo ?? 24 * 5);
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

  /** What a signup leaves of its e-mail, by the application's own service. @returns the referral's id. */
  async signup(affiliateId: string, email: string): Promise<string> {
    const [id] = await this.referrals(affiliateId, 1);
    const referral = await this.api.database.prisma.referral.findUniqueOrThrow({ where: { id } });
    const emails = this.api.app.get(ReferralEmails);
    const compared = emails.comparedOf([{ referral, emailNormalized: normaliseEmail(email) }]);
    await this.api.database.transaction((tx) => emails.recordAll(tx, compared));
    return referral.id;
  }

  async click(affiliateId: string, facts: ClickFacts = {}): Promise<string> {
    return (await this.clicks(affiliateId, 1, facts))[0]!;
  }

  /** Clicks at the same moment, one after the other. @returns their ids. */
  async clicks(affiliateId: string, count: number, facts: ClickFacts = {}): Promise<string[]> {
    const occurredAt = this.hoursAgo(facts.hoursAgo ?? 1);
    const { ip, userAgent = 'Firefox' } = facts;
    const rows = Array.from({ length: count }, () => ({
      id: `${firstIdAt('click', occurredAt).slice(0, 14)}${this.newId('click').slice(14)}`,
      affiliateId,
      code: 'CODE',
      source: facts.source ?? 'redirect',
      url: facts.url ?? null,
      userAgent,
      ipHash: ip === undefined ? null : Buffer.from(ip.padEnd(16)),
      occurredAt,
    }));
    await this.api.database.prisma.click.createMany({ data: rows });
    return rows.map(({ id }) => id);
  }

  async sale(affiliateId: string, facts: SaleFacts = {}): Promise<{ referralId: string; commissionId: string }> {
    return (await this.sales(affiliateId, [facts]))[0]!;
  }

  /** Paid invoices that earned, and their payments. Nothing is in the ledger: the rules look at the facts. */
  async sales(affiliateId: string, all: SaleFacts[]): Promise<{ referralId: string; commissionId: string }[]> {
    const referralIds = await this.referrals(affiliateId, all.length);
    const rows = all.map(({ amountMinor = 1000n, currency = 'usd', loss, daysAgo = 1 }, index) => {
      const no = ++this.serial;
      const at = this.hoursAgo(24 * daysAgo);
      const [invoiceId, paymentId] = [`in_${no}`, `pi_${no}`];
      const whole = amountMinor * 5n;
      const commission = {
        id: `${firstIdAt('commission', at).slice(0, 14)}${this.newId('commission').slice(14)}`,
        affiliateId,
        referralId: referralIds[index]!,
        invoiceId,
        currency,
        amountMinor,
        invoiceAmountPaidMinor: whole,
        invoiceTotalMinor: whole,
        baseMinor: whole,
        rateBps: 2000,
        rateSource: 'plan',
        planVersionId: 'plv_default',
        invoicePaidAt: at,
        availableAt: at,
        createdAt: at,
      };
      const payment = { id: `inpay_${no}`, invoiceId, paymentId, amountMinor: whole, status: 'paid', receivedAt: at };
      const names = loss?.source === 'credit_note' ? { invoiceId } : { paymentId };
      const losses = loss
        ? [{ id: `loss_${no}`, ...names, ...loss, currency, amountMinor: whole, receivedAt: at }]
        : [];
      return { commission, payment, losses };
    });
    await this.api.database.transaction(async (tx) => {
      await tx.commission.createMany({ data: rows.map(({ commission }) => commission) });
      await tx.stripeInvoicePayment.createMany({ data: rows.map(({ payment }) => payment) });
      await tx.stripeLoss.createMany({ data: rows.flatMap(({ losses }) => losses) });
    });
    return rows.map(({ commission: { id, referralId } }) => ({ commissionId: id, referralId }));
  }

  /** An account of the affiliate that is paid out to this bank account or card. */
  async account(affiliateId: string, fingerprint: string, kind = 'bank_account'): Promise<string> {
    const accountId = `acct_${++this.serial}`;
    const { affiliateAccount } = this.api.database.prisma;
    const at = this.hoursAgo(24);
    await affiliateAccount.updateMany({ where: { affiliateId, replacedAt: null }, data: { replacedAt: at } });
    await affiliateAccount.create({ data: { accountId, affiliateId, connectedAt: at } });
    await this.api.database.transaction((tx) =>
      this.api.app.get(PaymentMethods).accountIsPaidTo(tx, accountId, { fingerprint, kind }),
    );
    return accountId;
  }

  /** A referred customer who paid with it. @returns the customer. */
  async payer(
    affiliateId: string,
    fingerprint: string,
    kind = 'card',
  ): Promise<{ customerId: string; referralId: string }> {
    const [referralId] = (await this.referrals(affiliateId, 1)) as [string];
    const { stripeCustomerId } = await this.api.database.prisma.referral.findUniqueOrThrow({
      where: { id: referralId },
    });
    const customerId = stripeCustomerId!;
    await this.api.database.transaction((tx) =>
      this.api.app.get(PaymentMethods).customerPaid(tx, customerId, { fingerprint, kind }),
    );
    return { customerId, referralId };
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

  /** The same, asked for one affiliate, as after a signup: which of the referrals are new is known. */
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

  /** Which tables asking about these affiliates reads, and how often each. */
  async plan(name: FraudRuleName, affiliateIds: string[]): Promise<{ relation: string; loops: number }[]> {
    const { text, values } = await this.query(name, {}, affiliateIds);
    const { rows } = await this.api.database.pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values,
    );
    return rows.flatMap((row) => readsIn(row['QUERY PLAN'][0].Plan));
  }

  private async query(
    name: FraudRuleName,
    changed: ThresholdValues,
    affiliateIds: string[] | null,
  ): Promise<Prisma.Sql> {
    const rule = fraudRule(name);
    if (rule.judges !== 'affiliate') throw new Error(`${name} does not look at affiliates`);
    const thresholds = Object.fromEntries(
      Object.entries(rule.thresholds).map(([threshold, bounds]) => [threshold, changed[threshold] ?? bounds.default]),
    );
    const newReferralIds = affiliateIds && (await this.referralsOf(affiliateIds));
    const scope = { now: this.api.clock.now(), since: this.hoursAgo(24 * 35), affiliateIds, newReferralIds };
    return rule.hits(scope, thresholds);
  }

  private async ask(
    name: FraudRuleName,
    changed: ThresholdValues,
    affiliateIds: string[] | null,
  ): Promise<Map<string, Hit[]>> {
    const rows = await this.api.database.prisma.$queryRaw<Hit[]>(await this.query(name, changed, affiliateIds));
    const byName = new Map<string, Hit[]>();
    for (const row of rows) {
      const affiliate = this.names.get(row.affiliate_id) ?? row.affiliate_id;
      byName.set(affiliate, [...(byName.get(affiliate) ?? []), row]);
    }
    return byName;
  }

  private async referralsOf(affiliateIds: string[]): Promise<string[]> {
    const referrals = await this.api.database.prisma.referral.findMany({
      where: { affiliateId: { in: affiliateIds } },
    });
    return referrals.map(({ id }) => id);
  }
}
