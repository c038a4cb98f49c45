import { Injectable } from '@nestjs/common';
import type { Referral, StripeInvoice } from '@prisma/client';
import { Clock } from '../common/clock.js';
import type { Tx } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { bindPayers, payersOf, pseudonymsOf, toldOf, usersOfCustomers } from '../referrals/payers.js';
import { ReferralLifecycle, type CustomerFacts } from '../referrals/referral-lifecycle.js';
import { lockReferralSubjects } from '../referrals/referral-locks.js';
import { ReferralObserver } from '../referrals/referral-observer.js';
import { lockInvoices, lockPayments } from './facts/fact-locks.js';
import { loadInvoices, renameUsers, storeInvoices } from './facts/invoice-records.js';
import { storeInvoicePayments, storeLosses, type InvoicePaymentFact, type LossFact } from './facts/loss-records.js';
import type { Cause } from './settlement/settlement-entries.js';
import { SettlementService } from './settlement/settlement.service.js';

/** A paid invoice as Stripe tells it, before we know whose it is. */
export type PaidInvoice = Omit<StripeInvoice, 'receivedAt'>;

/** What an event, or an answer of Stripe's, tells about money. */
export interface MoneyFacts {
  invoices?: PaidInvoice[];
  invoicePayments?: InvoicePaymentFact[];
  losses?: LossFact[];
}

/** What one event tells, and the event. */
export interface Told {
  facts: MoneyFacts;
  cause: Cause;
}

type PaidBy = Pick<InvoicePaymentFact, 'invoiceId' | 'paymentId'>;

/**
 * Takes in what Stripe tells about money, in any order and any number of times, and has the ledger follow. Facts that
 * cannot be placed yet (a refund before its invoice, an invoice before its referral) are kept and count later.
 */
@Injectable()
export class CommissionsService extends ReferralObserver {
  constructor(
    private readonly clock: Clock,
    private readonly lifecycle: ReferralLifecycle,
    private readonly settlement: SettlementService,
  ) {
    super();
  }

  /**
   * Stores facts and settles the referrals whose invoices they bear on. Idempotent. Locks the payments, the invoices,
   * their customers and users, then the affiliates' balances, in this order.
   */
  record(tx: SqlTx, facts: MoneyFacts, cause: Cause): Promise<void> {
    return this.recordAll(tx, [{ facts, cause }]);
  }

  /**
   * The same for what many events tell, set-based: the statements of one event for all of them. They end as they would
   * one after the other, since what is settled is worked out from all facts, whatever order they came in.
   */
  async recordAll(tx: SqlTx, told: readonly Told[]): Promise<void> {
    const invoices = told.flatMap(({ facts }) => facts.invoices ?? []);
    const invoicePayments = told.flatMap(({ facts }) => facts.invoicePayments ?? []);
    const losses = told.flatMap(({ facts }) => facts.losses ?? []);
    const receivedAt = this.clock.now();
    const paymentIds = [...invoicePayments, ...losses].flatMap(({ paymentId }) => paymentId ?? []);
    await lockPayments(tx, paymentIds);
    await storeInvoicePayments(tx, invoicePayments, receivedAt);
    const causes = causesOf(told, await this.invoicesOfPayments(tx, paymentIds));
    await lockInvoices(tx, [...causes.keys()]);
    // Only now: what guards a credit note is the lock of its invoice.
    await storeLosses(tx, losses, receivedAt);
    await storeInvoices(tx, invoices, receivedAt);
    await this.settleInvoices(tx, causes);
  }

  /** Stores which user a customer is; if that user was referred, what the customer paid earns now. Idempotent. */
  async recordCustomer(tx: Tx, facts: CustomerFacts, cause: Cause): Promise<void> {
    const referral = await this.lifecycle.recordCustomer(tx, facts, this.clock.now());
    if (referral) await this.settlement.settle(tx, referral, cause);
  }

  /** Referrals were reported: what their users paid since then earns now. Of most of them Stripe has told nothing yet. */
  override async referralsCreated(tx: SqlTx, referrals: Referral[]): Promise<string[]> {
    const known = await toldOf(tx, referrals);
    if (known.length === 0) return [];
    const payers = await payersOf(tx, known);
    const bound = await bindPayers(tx, payers);
    const settled = new Map(
      known.map((referral, index) => [bound[index]?.id ?? referral.id, bound[index] ?? referral]),
    );
    const sorted = [...settled.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const cause = { occurredAt: this.clock.now() };
    await this.settlement.settleAll(tx, sorted, () => cause);
    return known.map(({ id }) => id);
  }

  /** A customer was bound to the referral: what that customer paid earns now. */
  override async customerBound(tx: SqlTx, referral: Referral): Promise<void> {
    await this.settlement.settle(tx, referral, { occurredAt: this.clock.now() });
  }

  private async invoicesOfPayments(tx: SqlTx, paymentIds: string[]): Promise<PaidBy[]> {
    if (paymentIds.length === 0) return [];
    return tx.$queryRaw`
      SELECT invoice_id AS "invoiceId", payment_id AS "paymentId" FROM stripe_invoice_payments
      WHERE payment_id = ANY(${paymentIds}::text[])`;
  }

  private async settleInvoices(tx: SqlTx, causes: ReadonlyMap<string, Cause>): Promise<void> {
    const stored = await loadInvoices(tx, [...causes.keys()]);
    await this.lockPayers(tx, stored);
    const invoices = await this.withPseudonyms(tx, stored);
    const payers = await bindPayers(tx, invoices);
    const referrals = new Map<string, Referral>();
    const byReferral = new Map<string, Cause>();
    payers.forEach((referral, index) => {
      const cause = causes.get(invoices[index]?.id ?? '');
      if (!referral || !cause) return;
      referrals.set(referral.id, referral);
      if (!byReferral.has(referral.id)) byReferral.set(referral.id, cause);
    });
    const sorted = [...referrals.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    await this.settlement.settleAll(tx, sorted, ({ invoice, commission }) => {
      const cause = causes.get(invoice.id) ?? byReferral.get(commission.referralId);
      if (!cause) throw new Error(`nothing set off that referral ${commission.referralId} is settled`);
      return cause;
    });
  }

  /**
   * Locks whom these invoices are of. Where only the customer is known to be some user, that user's signup may be on its
   * way: it is waited for. Who the customer is may be told at this moment, so it is looked up again under the lock.
   */
  private async lockPayers(tx: SqlTx, invoices: StripeInvoice[]): Promise<void> {
    const unnamed = invoices.filter(({ referredUserId }) => referredUserId === null);
    const usersOf = () =>
      usersOfCustomers(
        tx,
        unnamed.map(({ customerId }) => customerId),
      );
    const before = await usersOf();
    await lockReferralSubjects(
      tx,
      ...invoices.map(({ customerId, referredUserId }) => ({
        stripeCustomerId: customerId,
        referredUserId: referredUserId ?? before.get(customerId ?? ''),
      })),
    );
    if (unnamed.length === 0) return;
    const told = [...(await usersOf())].filter(([customerId, user]) => before.get(customerId) !== user);
    await lockReferralSubjects(tx, ...told.map(([, referredUserId]) => ({ referredUserId })));
  }

  /** An invoice of an erased person that names them all the same names their pseudonym from now on. */
  private async withPseudonyms(tx: SqlTx, invoices: StripeInvoice[]): Promise<StripeInvoice[]> {
    const pseudonyms = await pseudonymsOf(
      tx,
      invoices.flatMap(({ customerId }) => customerId ?? []),
    );
    const renamed = invoices.flatMap((invoice) => {
      const referredUserId = pseudonyms.get(invoice.customerId ?? '');
      return referredUserId === undefined || invoice.referredUserId === referredUserId
        ? []
        : { ...invoice, referredUserId };
    });
    await renameUsers(tx, renamed);
    const named = new Map(renamed.map((invoice) => [invoice.id, invoice]));
    return invoices.map((invoice) => named.get(invoice.id) ?? invoice);
  }
}

/**
 * What set off what becomes of each invoice that was heard of: the event that tells of the invoice itself, else the first
 * that tells of a payment or a loss of it.
 */
function causesOf(told: readonly Told[], paid: readonly PaidBy[]): Map<string, Cause> {
  const causes = new Map<string, Cause>();
  for (const { facts, cause } of told) for (const { id } of facts.invoices ?? []) setOnce(causes, id, cause);
  const invoicesOf = new Map<string, string[]>();
  for (const { paymentId, invoiceId } of paid) {
    invoicesOf.set(paymentId, [...(invoicesOf.get(paymentId) ?? []), invoiceId]);
  }
  for (const { facts, cause } of told) {
    for (const { invoiceId } of facts.losses ?? []) if (invoiceId !== null) setOnce(causes, invoiceId, cause);
    for (const { paymentId } of [...(facts.invoicePayments ?? []), ...(facts.losses ?? [])]) {
      for (const invoiceId of invoicesOf.get(paymentId ?? '') ?? []) setOnce(causes, invoiceId, cause);
    }
  }
  return causes;
}

function setOnce(causes: Map<string, Cause>, invoiceId: string, cause: Cause): void {
  if (!causes.has(invoiceId)) causes.set(invoiceId, cause);
}
