import type { Commission, PlanVersion, Referral } from '@prisma/client';
import type { Loss } from '../commissions/calculation/invoice-losses.js';
import type { Rejection } from '../commissions/facts/decision-records.js';
import type { Cause } from '../commissions/settlement/settlement-entries.js';
import type { AffiliateBook } from './affiliate-book.js';
import type { Profile } from './affiliate-profile.js';
import type { Agenda } from './agenda.js';
import type { Chronicle } from './chronicle.js';
import type { CustomerStory, Sale } from './customer-story.js';

/** A customer, and what the service knows of them by now. */
export interface Customer {
  referral: Referral;
  planVersion: PlanVersion;
  story: CustomerStory;
  known: Sale[];
  commissions: Commission[];
  losses: Loss[];
  rejections: Rejection[];
}

/** What the parts of an affiliate's history share. */
export interface AffiliateLife {
  readonly chronicle: Chronicle;
  readonly profile: Profile;
  readonly book: AffiliateBook;
  readonly agenda: Agenda;
  readonly customers: readonly Customer[];
  /** Settles a customer's invoices anew, as SettlementService does after each fact. */
  settle(customer: Customer, cause: Cause, at: Date): void;
  /** Releases what is held and due, unless something keeps it. */
  releaseDue(at: Date): void;
}
