import { Injectable } from '@nestjs/common';
import type { Referral, StripeInvoice } from '@prisma/client';
import { Clock } from '../common/clock.js';
import type { Tx } from '../database/database.js';
import { ReferralLifecycle, type CustomerFacts } from '../referrals/referral-lifecycle.js';
import { lockReferralSubjects } from '../referrals/referral-locks.js';
import { ReferralObserver } from '../referrals/referral-observer.js';
import { lockInvoices, lockPayments } from './facts/fact-locks.js';
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
  async record(tx: Tx, facts: MoneyFacts, cause: Cause): Promise<void> {
    const { invoices = [], invoicePayments = [], losses = [] } = facts;
    const receivedAt = this.clock.now();
    const paymentIds = [...invoicePayments, ...losses].flatMap(({ paymentId }) => paymentId ?? []);
    await lockPayments(tx, paymentIds);
    await storeInvoicePayments(tx, invoicePayments, receivedAt);
    const invoiceIds = [
      ...invoices.map(({ id }) => id),
      ...losses.flatMap(({ invoiceId }) => invoiceId ?? []),
      ...(await this.invoicesOfPayments(tx, paymentIds)),
    ];
    await lockInvoices(tx, invoiceIds);
    // Only now: what guards a credit note is the lock of its invoice.
    await storeLosses(tx, losses, receivedAt);
    await tx.stripeInvoice.createMany({
      data: invoices.map((invoice) => ({ ...invoice, receivedAt })),
      skipDuplicates: true,
    });
    await this.settleInvoices(tx, invoiceIds, cause);
  }

  /** Stores which user a customer is; if that user was referred, what the customer paid earns now. Idempotent. */
  async recordCustomer(tx: Tx, facts: CustomerFacts, cause: Cause): Promise<void> {
    const referral = await this.lifecycle.recordCustomer(tx, facts, this.clock.now());
    if (referral) await this.settlement.settle(tx, referral, cause);
  }

  /** A referral was reported: what its user paid since then earns now. */
  override async referralCreated(tx: Tx, referral: Referral): Promise<void> {
    const cause = { occurredAt: this.clock.now() };
    if (referral.stripeCustomerId) return this.settlement.settle(tx, referral, cause);
    const customerId = await this.findCustomerOf(tx, referral);
    const bound = await this.lifecycle.findReferral(tx, customerId, referral.referredUserId);
    await this.settlement.settle(tx, bound ?? referral, cause);
  }

  /** A customer was bound to the referral: what that customer paid earns now. */
  override async customerBound(tx: Tx, referral: Referral): Promise<void> {
    await this.settlement.settle(tx, referral, { occurredAt: this.clock.now() });
  }

  /** The customer of the user's first invoice, else the one that Stripe said is this user. */
  private async findCustomerOf(tx: Tx, { referredUserId }: Referral): Promise<string | null> {
    const invoice = await tx.stripeInvoice.findFirst({
      where: { referredUserId, customerId: { not: null } },
      orderBy: { paidAt: 'asc' },
    });
    if (invoice) return invoice.customerId;
    const customer = await tx.stripeCustomer.findFirst({ where: { referredUserId }, orderBy: { id: 'asc' } });
    return customer?.id ?? null;
  }

  private async invoicesOfPayments(tx: Tx, paymentIds: string[]): Promise<string[]> {
    if (paymentIds.length === 0) return [];
    const rows = await tx.stripeInvoicePayment.findMany({
      where: { paymentId: { in: paymentIds } },
      select: { invoiceId: true },
    });
    return rows.map(({ invoiceId }) => invoiceId);
  }

  private async settleInvoices(tx: Tx, invoiceIds: string[], cause: Cause): Promise<void> {
    const stored = await tx.stripeInvoice.findMany({ where: { id: { in: invoiceIds } }, orderBy: { id: 'asc' } });
    const subjects = stored.map(({ customerId, referredUserId }) => ({
      stripeCustomerId: customerId,
      referredUserId,
    }));
    await lockReferralSubjects(tx, ...subjects);
    const invoices = await this.withPseudonyms(tx, stored);
    await this.lockNamedUsers(tx, invoices);
    const referrals = new Map<string, Referral>();
    for (const { customerId, referredUserId } of invoices) {
      const referral = await this.lifecycle.findReferral(tx, customerId, referredUserId);
      if (referral) referrals.set(referral.id, referral);
    }
    for (const id of [...referrals.keys()].sort()) {
      const referral = referrals.get(id);
      if (referral) await this.settlement.settle(tx, referral, cause);
    }
  }

  /** An invoice of an erased person that names them all the same names their pseudonym from now on. */
  private async withPseudonyms(tx: Tx, invoices: StripeInvoice[]): Promise<StripeInvoice[]> {
    const pseudonyms = await this.lifecycle.pseudonymsOf(
      tx,
      invoices.flatMap(({ customerId }) => customerId ?? []),
    );
    return Promise.all(
      invoices.map(async (invoice) => {
        const referredUserId = pseudonyms.get(invoice.customerId ?? '');
        if (referredUserId === undefined || invoice.referredUserId === referredUserId) return invoice;
        return tx.stripeInvoice.update({ where: { id: invoice.id }, data: { referredUserId } });
      }),
    );
  }

  /** Where only the customer is known to be some user, that user's signup may be on its way: it is waited for. */
  private async lockNamedUsers(tx: Tx, invoices: StripeInvoice[]): Promise<void> {
    for (const { customerId, referredUserId } of invoices) {
      if (referredUserId !== null || customerId === null) continue;
      await lockReferralSubjects(tx, { referredUserId: await this.lifecycle.findUserOf(tx, customerId) });
    }
  }
}
