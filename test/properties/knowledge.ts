import { MOMENTS, type History, type TermChange } from './history.js';
import type { Facts, Terms } from './model.js';
import type { StripeObjects, Told, Webhook } from './stripe-objects.js';

/** What the app can know of a history by now, in whatever order it came to know it. */
export class Knowledge {
  readonly webhooks: Webhook[] = [];
  private readonly reported = new Map<number, Terms>();
  private readonly rejected = new Set<number>();
  private readonly ownRates: Facts['ownRates'];
  private readonly planVersions: { effectiveFrom: number; terms: Terms }[][];
  private plan = 0;

  constructor(
    private readonly history: History,
    private readonly objects: StripeObjects,
    private readonly startsAt: number,
  ) {
    this.ownRates = [{ effectiveFrom: -Infinity, rateBps: history.affiliate.ownRateBps }];
    this.planVersions = history.plans.map((terms) => [{ effectiveFrom: -Infinity, terms }]);
  }

  hear(webhooks: Webhook[]): void {
    this.webhooks.push(...webhooks);
  }

  change(change: TermChange): void {
    const effectiveFrom = this.startsAt + MOMENTS[change.moment]!;
    if (change.kind === 'own rate') this.ownRates.push({ effectiveFrom, rateBps: change.rateBps });
    else if (change.kind === 'plan switch') this.plan = change.plan;
    else this.planVersions[change.plan]!.push({ effectiveFrom, terms: change.terms });
  }

  /** A referral has the terms that the affiliate's plan had at the signup. */
  report(customer: number): void {
    const signedUpAt = this.signedUpAt(customer);
    const inForce = this.planVersions[this.plan]!.findLast(({ effectiveFrom }) => effectiveFrom <= signedUpAt);
    this.reported.set(customer, inForce!.terms);
  }

  isReported(customer: number): boolean {
    return this.reported.has(customer);
  }

  reject(customer: number): void {
    this.rejected.add(customer);
  }

  facts(): Facts {
    const { history, objects } = this;
    return {
      invoices: this.invoices(),
      parts: this.parts(),
      refunds: history.refunds.flatMap(({ payment, amount }, refund) =>
        whenSeen(
          this.told('refund').flatMap((told) => (told.refund === refund ? [told.status] : [])),
          { paymentId: objects.paymentId(payment), amount: BigInt(amount) },
        ),
      ),
      disputes: history.disputes.flatMap(({ payment, amount }, dispute) =>
        whenSeen(
          this.told('dispute').flatMap((told) => (told.dispute === dispute ? [told.status] : [])),
          { paymentId: objects.paymentId(payment), amount: BigInt(amount) },
        ),
      ),
      creditNotes: history.creditNotes.flatMap(({ invoice, outOfBandAmount }, creditNote) =>
        whenSeen(
          this.told('credit note').flatMap((told) => (told.creditNote === creditNote ? [told.status] : [])),
          { invoiceId: objects.invoiceId(invoice), outOfBandAmount: BigInt(outOfBandAmount) },
        ),
      ),
      referrals: [...this.reported].map(([customer, terms]) => ({
        id: objects.userId(customer),
        occurredAt: this.signedUpAt(customer),
        terms,
        isRejected: this.rejected.has(customer),
      })),
      ownRates: this.ownRates,
    };
  }

  private invoices(): Facts['invoices'] {
    const known = new Set(this.told('invoice').map(({ invoice }) => invoice));
    return [...known].map((index) => {
      const { customer, currency, total, totalExcludingTax, amountPaid, paidAt } = this.history.invoices[index]!;
      return {
        id: this.objects.invoiceId(index),
        referralId: this.objects.userId(customer),
        currency,
        total: BigInt(total),
        totalExcludingTax: totalExcludingTax === null ? null : BigInt(totalExcludingTax),
        amountPaid: BigInt(amountPaid),
        paidAt: this.startsAt + paidAt,
      };
    });
  }

  private parts(): Facts['parts'] {
    const told = this.told('part');
    return this.history.payments.flatMap(({ parts }, payment) =>
      parts
        .filter((_, part) => told.some((one) => one.payment === payment && one.part === part))
        .map(({ invoice, amountPaid }) => ({
          paymentId: this.objects.paymentId(payment),
          invoiceId: this.objects.invoiceId(invoice),
          amountPaid: BigInt(amountPaid),
        })),
    );
  }

  private told<About extends Told['about']>(about: About): Extract<Told, { about: About }>[] {
    return this.webhooks
      .map(({ told }) => told)
      .filter((told): told is Extract<Told, { about: About }> => told.about === about);
  }

  private signedUpAt(customer: number): number {
    return this.startsAt + this.history.customers[customer]!.signedUpAt;
  }
}

function whenSeen<Status, Known>(seen: Status[], known: Known): (Known & { seen: Status[] })[] {
  return seen.length > 0 ? [{ ...known, seen }] : [];
}
