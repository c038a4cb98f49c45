import { Injectable } from '@nestjs/common';
import type { Plan, PlanVersion } from '@prisma/client';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { Database, type Tx } from '../../database/database.js';
import type { Answer } from '../../http/idempotency.js';
import type { PageQuery } from '../../http/page-query.dto.js';
import { type Page, pageArgs, toPage } from '../../http/pagination.js';
import { actedBy, type StaffAct } from '../../staff/staff-act.js';
import { planExists, planNotFound, planUnknown } from '../affiliate-errors.js';
import type { CreatePlanDto, PlanDto, PlanTermsDto } from './plan.dto.js';

/** Every database has it from its first migration on. */
const DEFAULT_PLAN_ID = 'pln_default';
/** The first version of a plan counts since ever, so that no sale falls before it. */
const SINCE_EVER = new Date(0);

/** Commission terms. A version never changes; other terms are a new version. */
@Injectable()
export class PlansService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly audit: AuditLog,
  ) {}

  /** Plans with the terms in force now. */
  async list(query: PageQuery): Promise<Page<PlanDto>> {
    const plans = await this.database.prisma.plan.findMany({
      ...pageArgs(query),
      include: { versions: versionsInForce(this.clock.now()) },
    });
    return toPage(plans, query, ({ versions, ...plan }) => presentPlan(plan, theOne(versions, plan.id)));
  }

  /** @throws DomainError `plan_exists`. */
  async create(tx: Tx, { name, ...terms }: CreatePlanDto): Promise<Answer<PlanDto>> {
    const plan: Plan = { id: this.ids.next('plan'), name: name.trim(), createdAt: this.clock.now() };
    const { count } = await tx.plan.createMany({ data: [plan], skipDuplicates: true });
    if (count === 0) {
      const existing = await tx.plan.findUniqueOrThrow({ where: { name: plan.name } });
      throw planExists(existing.id);
    }
    return { status: 201, body: presentPlan(plan, await this.addVersion(tx, plan.id, 1, terms, SINCE_EVER)) };
  }

  /**
   * New terms, in force from now on; what earlier ones have earned stays. Locks the plan's row.
   * @throws DomainError `plan_not_found`.
   */
  async createVersion(tx: Tx, planId: string, terms: PlanTermsDto): Promise<Answer<PlanDto>> {
    const { plan, created } = await this.supersede(tx, planId, terms);
    return { status: 201, body: presentPlan(plan, created) };
  }

  /** The same by staff, audited. @throws DomainError `plan_not_found`, `reason_length`. */
  async createVersionByStaff(tx: Tx, planId: string, terms: PlanTermsDto, act: StaffAct): Promise<PlanDto> {
    const by = actedBy(act);
    const { plan, superseded, created } = await this.supersede(tx, planId, terms);
    await this.audit.record(tx, {
      ...by,
      action: 'plan.version_created',
      subjectType: 'plan',
      subjectId: planId,
      before: auditedTerms(superseded),
      after: auditedTerms(created),
    });
    return presentPlan(plan, created);
  }

  private async supersede(
    tx: Tx,
    planId: string,
    terms: PlanTermsDto,
  ): Promise<{ plan: Plan; superseded: PlanVersion; created: PlanVersion }> {
    await tx.$queryRaw`SELECT 1 FROM "plans" WHERE "id" = ${planId} FOR NO KEY UPDATE`;
    const plan = await tx.plan.findUnique({
      where: { id: planId },
      include: { versions: { orderBy: { version: 'desc' }, take: 1 } },
    });
    if (plan === null) throw planNotFound(planId);
    const superseded = theOne(plan.versions, planId);
    const now = this.clock.now();
    // Never before the version it follows, also when the clocks of two instances differ.
    const effectiveFrom = now > superseded.effectiveFrom ? now : superseded.effectiveFrom;
    const created = await this.addVersion(tx, planId, superseded.version + 1, terms, effectiveFrom);
    return { plan, superseded, created };
  }

  /**
   * The terms of a plan at a moment.
   * @throws DomainError `plan_not_found`.
   */
  async versionInForce(tx: Tx, planId: string, at: Date): Promise<PlanVersion> {
    const { where, ...order } = versionsInForce(at);
    const version = await tx.planVersion.findFirst({ ...order, where: { planId, ...where } });
    if (version === null) throw planNotFound(planId);
    return version;
  }

  /** The id of an existing plan; the default one's for null. @throws DomainError `plan_not_found` (422). */
  async resolveId(tx: Tx, planId: string | null): Promise<string> {
    const plan = await tx.plan.findUnique({ where: { id: planId ?? DEFAULT_PLAN_ID } });
    if (plan === null) throw planUnknown(planId ?? DEFAULT_PLAN_ID);
    return plan.id;
  }

  private addVersion(
    tx: Tx,
    planId: string,
    version: number,
    terms: PlanTermsDto,
    effectiveFrom: Date,
  ): Promise<PlanVersion> {
    return tx.planVersion.create({
      data: {
        id: this.ids.next('planVersion'),
        planId,
        version,
        rateBps: terms.rateBps,
        durationMonths: terms.durationMonths ?? null,
        holdDays: terms.holdDays ?? 0,
        effectiveFrom,
        createdAt: this.clock.now(),
      },
    });
  }
}

/** The newest first; of two from the same moment the later version counts. */
function versionsInForce(at: Date) {
  return {
    where: { effectiveFrom: { lte: at } },
    orderBy: [{ effectiveFrom: 'desc' as const }, { version: 'desc' as const }],
    take: 1,
  };
}

function theOne(versions: PlanVersion[], planId: string): PlanVersion {
  const version = versions[0];
  if (version === undefined) throw new Error(`plan ${planId} has no version`);
  return version;
}

function presentPlan(plan: Plan, version: PlanVersion): PlanDto {
  return {
    id: plan.id,
    name: plan.name,
    version: version.version,
    planVersionId: version.id,
    rateBps: version.rateBps,
    durationMonths: version.durationMonths,
    holdDays: version.holdDays,
    createdAt: plan.createdAt.toISOString(),
  };
}

function auditedTerms({ id, version, rateBps, durationMonths, holdDays }: PlanVersion) {
  return { planVersionId: id, version, rateBps, durationMonths, holdDays };
}
