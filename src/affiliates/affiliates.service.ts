import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import { DashboardSessions } from '../auth/dashboard-sessions.service.js';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import { Config } from '../config/config.js';
import { Database, type Tx } from '../database/database.js';
import type { Answer } from '../http/idempotency.js';
import { type Page, pageArgs, toPage } from '../http/pagination.js';
import { normaliseCode } from './codes/affiliate-code.js';
import { AffiliateCodes } from './codes/affiliate-codes.js';
import { affiliateErased, affiliateExists, affiliateNotFound } from './affiliate-errors.js';
import { AffiliateEvents } from './affiliate-events.js';
import { affiliateInclude, presentAffiliate } from './affiliate-presenter.js';
import { assertTransition } from './affiliate-status.js';
import type { AffiliateDto, AffiliatesQuery, CreateAffiliateDto, UpdateAffiliateDto } from './affiliate.dto.js';
import { normaliseEmail } from './email.js';
import { PlansService } from './plans/plans.service.js';

/** An affiliate's first own rate counts since ever: nothing else was in force before it. */
const SINCE_EVER = new Date(0);

/** Affiliates: who they are, what they earn by, and whether they take part. */
@Injectable()
export class AffiliatesService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly config: Config,
    private readonly codes: AffiliateCodes,
    private readonly plans: PlansService,
    private readonly sessions: DashboardSessions,
    private readonly events: AffiliateEvents,
  ) {}

  /**
   * Makes the host's user an affiliate, with a code and, when given, an own rate.
   * @throws DomainError `affiliate_exists`, `code_taken` (409), `code_reserved`, `plan_not_found` (422).
   */
  async create(tx: Tx, input: CreateAffiliateDto): Promise<Answer<AffiliateDto>> {
    const now = this.clock.now();
    const planId = await this.plans.resolveId(tx, input.planId ?? null);
    const id = this.ids.next('affiliate');
    const { count } = await tx.affiliate.createMany({
      data: [
        {
          id,
          userId: input.userId,
          name: input.name.trim(),
          ...emailColumns(input.email ?? null),
          country: this.countryOrDefault(input.country ?? null),
          status: input.status ?? 'active',
          planId,
          createdAt: now,
        },
      ],
      // A duplicate is not an error here, since one would end the transaction; the unique constraint has decided.
      skipDuplicates: true,
    });
    if (count === 0) {
      const existing = await tx.affiliate.findUniqueOrThrow({ where: { userId: input.userId } });
      throw affiliateExists(existing.id);
    }
    await this.codes.assignFirst(tx, id, input.name, input.code ?? null);
    if (input.commissionRateBps !== undefined && input.commissionRateBps !== null) {
      await tx.affiliateRate.create({
        data: { affiliateId: id, effectiveFrom: SINCE_EVER, rateBps: input.commissionRateBps },
      });
    }
    const body = await this.read(tx, id);
    await this.events.created(tx, body);
    return { status: 201, body };
  }

  /** @throws DomainError `affiliate_not_found`. */
  async get(id: string): Promise<AffiliateDto> {
    return this.read(this.database.prisma, id);
  }

  /** The same of an affiliate whose row was read just now. */
  async describe(affiliate: Affiliate): Promise<AffiliateDto> {
    const { codes, rates } = affiliateInclude(this.clock.now());
    const { prisma } = this.database;
    const [currentCodes, currentRates] = await Promise.all([
      prisma.affiliateCode.findMany({ ...codes, where: { ...codes.where, affiliateId: affiliate.id } }),
      prisma.affiliateRate.findMany({ ...rates, where: { ...rates.where, affiliateId: affiliate.id } }),
    ]);
    return presentAffiliate({ ...affiliate, codes: currentCodes, rates: currentRates }, this.config.publicUrl);
  }

  async list(query: AffiliatesQuery): Promise<Page<AffiliateDto>> {
    const { where, ...page } = pageArgs(query);
    const rows = await this.database.prisma.affiliate.findMany({
      ...page,
      where: {
        ...where,
        status: query.status,
        userId: query.userId,
        ...(query.code !== undefined && { codes: { some: { code: normaliseCode(query.code) } } }),
      },
      include: affiliateInclude(this.clock.now()),
    });
    return toPage(rows, query, (row) => presentAffiliate(row, this.config.publicUrl));
  }

  /**
   * Changes what is given and leaves the rest; a suspension ends the affiliate's sessions. Locks the affiliate's row.
   * @throws DomainError `affiliate_not_found`, `affiliate_erased`, `code_taken`, `code_reserved`, `plan_not_found`,
   *   `status_transition_invalid`.
   */
  async update(id: string, changes: UpdateAffiliateDto): Promise<AffiliateDto> {
    return this.database.transaction(async (tx) => {
      const affiliate = await lockAffiliate(tx, id);
      if (affiliate.erasedAt !== null && tellsWhoItIs(changes)) throw affiliateErased();
      if (changes.status !== undefined) assertTransition(affiliate, changes.status);
      const before = await this.read(tx, id);
      const planId = changes.planId === undefined ? undefined : await this.plans.resolveId(tx, changes.planId);
      const identity = {
        name: changes.name?.trim(),
        ...(changes.email !== undefined && emailColumns(changes.email)),
        ...(changes.country !== undefined && { country: this.countryOrDefault(changes.country) }),
      };
      await tx.affiliate.update({
        where: { id },
        data: {
          ...identity,
          planId,
          status: changes.status,
          // What Stripe refused for a wrong country would be refused again under the same request; see OnboardingService.
          ...(affiliate.stripeAccountId === null && differs(affiliate, identity) && { stripeAccountRequestedAt: null }),
        },
      });
      if (changes.status === 'suspended' && affiliate.status !== 'suspended') {
        await this.sessions.endForSuspension(tx, [id]);
      }
      if (changes.code !== undefined) await this.codes.change(tx, id, changes.code);
      if (changes.commissionRateBps !== undefined) await this.changeRate(tx, id, changes.commissionRateBps);
      const after = await this.read(tx, id);
      if (!isDeepStrictEqual(before, after)) await this.events.updated(tx, after);
      return after;
    });
  }

  /** @throws DomainError `affiliate_not_found`. */
  async getById(id: string): Promise<Affiliate> {
    const affiliate = await this.database.prisma.affiliate.findUnique({ where: { id } });
    if (affiliate === null) throw affiliateNotFound();
    return affiliate;
  }

  /** The affiliate that a user of the host is. @throws DomainError `affiliate_not_found`. */
  async getByUserId(userId: string): Promise<Affiliate> {
    const affiliate = await this.database.prisma.affiliate.findUnique({ where: { userId } });
    if (affiliate === null) throw affiliateNotFound();
    return affiliate;
  }

  /** By the current code or an earlier one, in any case. */
  async findByCode(code: string): Promise<Affiliate | null> {
    const found = await this.database.prisma.affiliateCode.findUnique({
      where: { code: normaliseCode(code) },
      include: { affiliate: true },
    });
    return found?.affiliate ?? null;
  }

  private async changeRate(tx: Tx, affiliateId: string, rateBps: number | null): Promise<void> {
    const effectiveFrom = this.clock.now();
    const current = await tx.affiliateRate.findFirst({
      where: { affiliateId, effectiveFrom: { lte: effectiveFrom } },
      orderBy: { effectiveFrom: 'desc' },
    });
    if ((current?.rateBps ?? null) === rateBps) return;
    await tx.affiliateRate.upsert({
      where: { affiliateId_effectiveFrom: { affiliateId, effectiveFrom } },
      create: { affiliateId, effectiveFrom, rateBps },
      update: { rateBps },
    });
  }

  private async read(tx: Tx, id: string): Promise<AffiliateDto> {
    const affiliate = await tx.affiliate.findUnique({ where: { id }, include: affiliateInclude(this.clock.now()) });
    if (affiliate === null) throw affiliateNotFound();
    return presentAffiliate(affiliate, this.config.publicUrl);
  }

  private countryOrDefault(country: string | null): string {
    return (country ?? this.config.defaultCountry).toUpperCase();
  }
}

/** Waits for whoever changes the affiliate. @throws DomainError `affiliate_not_found`. */
async function lockAffiliate(tx: Tx, id: string): Promise<Affiliate> {
  await tx.$queryRaw`SELECT 1 FROM "affiliates" WHERE "id" = ${id} FOR NO KEY UPDATE`;
  const affiliate = await tx.affiliate.findUnique({ where: { id } });
  if (affiliate === null) throw affiliateNotFound();
  return affiliate;
}

function tellsWhoItIs({ name, email, country, code }: UpdateAffiliateDto): boolean {
  return [name, email, country, code].some((value) => value !== undefined);
}

function emailColumns(email: string | null): { email: string | null; emailNormalized: string | null } {
  return { email, emailNormalized: email === null ? null : normaliseEmail(email) };
}

function differs(affiliate: Affiliate, identity: { name?: string; email?: string | null; country?: string }): boolean {
  return (['name', 'email', 'country'] as const).some(
    (field) => identity[field] !== undefined && identity[field] !== affiliate[field],
  );
}
