import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { Database, type Tx } from '../database/database.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { csvStream, majorAmount } from '../http/csv.js';
import { allOf, idsMadeIn } from '../http/list-query.js';
import type { PageQuery } from '../http/page-query.dto.js';
import { type Page, toPage } from '../http/pagination.js';
import { referralNotFound, stripeCustomerTaken } from './referral-errors.js';
import { lockReferralSubjects } from './referral-locks.js';
import { ReferralObserver } from './referral-observer.js';
import { ReferralPresenter } from './referral-presenter.js';
import { loadNewestReferrals } from './referral-rows.js';
import type { ReferralDto, ReferralsQuery, UpdateReferralDto } from './referral.dto.js';

type ReferralFilters = Pick<ReferralsQuery, 'affiliateId' | 'status' | 'currency' | 'from' | 'to'>;

/** Reads referrals and binds Stripe customers to them. AttributionService creates them. */
@Injectable()
export class ReferralsService {
  constructor(
    private readonly database: Database,
    private readonly presenter: ReferralPresenter,
    private readonly observer: ReferralObserver,
  ) {}

  /** Newest first. */
  async list(query: ReferralFilters & PageQuery): Promise<Page<ReferralDto>> {
    const page = await this.findPage(query);
    return { ...page, data: await this.presenter.present(page.data) };
  }

  /** The same as an affiliate may see them: who the customers are is masked. */
  async listMasked(query: ReferralFilters & PageQuery): Promise<Page<ReferralDto>> {
    const page = await this.findPage(query);
    return { ...page, data: await this.presenter.presentMasked(page.data) };
  }

  /** Everything that matches as a file, read as it is written. */
  csv(filters: ReferralFilters): Readable {
    return referralsCsv(allOf((page) => this.list({ ...filters, ...page })));
  }

  csvMasked(filters: ReferralFilters): Readable {
    return referralsCsv(allOf((page) => this.listMasked({ ...filters, ...page })));
  }

  /** @throws DomainError `referral_not_found` (404). */
  async get(id: string): Promise<ReferralDto> {
    return this.presentFound(await this.database.prisma.referral.findUnique({ where: { id } }));
  }

  /** @throws DomainError `referral_not_found` (404). */
  async getByUser(referredUserId: string): Promise<ReferralDto> {
    return this.presentFound(await this.database.prisma.referral.findUnique({ where: { referredUserId } }));
  }

  /**
   * Binds a Stripe customer, or unbinds with null; without the field nothing changes. Binding the same customer again
   * changes nothing. Holds the locks of the referred user and the customer.
   *
   * @throws DomainError `referral_not_found` (404), `stripe_customer_taken` (409) when another referral has it.
   */
  update(id: string, { stripeCustomerId }: UpdateReferralDto): Promise<ReferralDto> {
    return this.database.transaction(async (tx) => {
      const before = await lockReferral(tx, id, stripeCustomerId ?? null);
      if (stripeCustomerId !== undefined && stripeCustomerId !== before.stripeCustomerId) {
        const bound = await bindCustomer(tx, id, stripeCustomerId);
        if (stripeCustomerId !== null) await this.observer.customerBound(tx, bound);
      }
      return this.presenter.presentOne(await tx.referral.findUniqueOrThrow({ where: { id } }), tx);
    });
  }

  private async findPage(query: ReferralFilters & PageQuery): Promise<Page<Referral>> {
    const { affiliateId, status, currency, cursor } = query;
    const { gte: from, lt } = idsMadeIn('referral', query);
    const to = cursor !== undefined && (lt === undefined || cursor < lt) ? cursor : lt;
    const range = { affiliateId, status, currency, from, to };
    const rows = await loadNewestReferrals(this.database.prisma, range, query.limit + 1);
    return toPage(rows, query, (row) => row);
  }

  private presentFound(referral: Referral | null): Promise<ReferralDto> {
    if (!referral) throw referralNotFound();
    return this.presenter.presentOne(referral);
  }
}

function referralsCsv(referrals: AsyncIterable<ReferralDto>): Readable {
  const money = (amount: number, { currency }: ReferralDto) => currency && majorAmount(BigInt(amount), currency);
  return csvStream<ReferralDto>(
    {
      id: ({ id }) => id,
      affiliateId: ({ affiliateId }) => affiliateId,
      referredUserId: ({ referredUserId }) => referredUserId,
      status: ({ status }) => status,
      mrr: (referral) => money(referral.mrr, referral),
      lifetimeEarned: (referral) => money(referral.lifetimeEarned, referral),
      currency: ({ currency }) => currency,
      stripeCustomerId: ({ stripeCustomerId }) => stripeCustomerId,
      createdAt: ({ createdAt }) => createdAt,
      convertedAt: ({ convertedAt }) => convertedAt,
      churnedAt: ({ churnedAt }) => churnedAt,
    },
    referrals,
  );
}

/**
 * Waits for whoever decides about the user or the customer, in the order in which everybody takes these locks.
 * @throws DomainError `referral_not_found` (404).
 */
async function lockReferral(tx: Tx, id: string, stripeCustomerId: string | null): Promise<Referral> {
  const found = await tx.referral.findUnique({ where: { id } });
  if (!found) throw referralNotFound();
  await lockReferralSubjects(tx, { referredUserId: found.referredUserId, stripeCustomerId });
  return tx.referral.findUniqueOrThrow({ where: { id } });
}

async function bindCustomer(tx: Tx, id: string, stripeCustomerId: string | null): Promise<Referral> {
  try {
    return await tx.referral.update({ where: { id }, data: { stripeCustomerId } });
  } catch (error) {
    if (isUniqueViolation(error)) throw stripeCustomerTaken();
    throw error;
  }
}
