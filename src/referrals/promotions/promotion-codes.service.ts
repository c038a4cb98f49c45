import { Injectable } from '@nestjs/common';
import type { PromotionCode } from '@prisma/client';
import { affiliateErased, affiliateNotFound } from '../../affiliates/affiliate-errors.js';
import { AuditLog, HOST_APP } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { Database, type Tx } from '../../database/database.js';
import { lockNames } from '../../database/advisory-locks.js';
import type { Answer } from '../../http/idempotency.js';
import type { PageQuery } from '../../http/page-query.dto.js';
import { type Page, pageArgs, toPage } from '../../http/pagination.js';
import { checkedReason, type StaffAct } from '../../staff/staff-act.js';
import { PromotionCodeLookup, type FoundPromotionCode } from './promotion-code-lookup.js';
import type { PromotionCodeDto } from './promotion-code.dto.js';
import {
  promotionCodeAmbiguous,
  promotionCodeNotFound,
  promotionCodeTaken,
  promotionCodeUnknown,
} from './promotion-errors.js';

const ID_FORM = /^promo_\w+$/;

/** The host acts through the API without saying why. */
const BY_HOST: StaffAct = { staffUserId: HOST_APP, reason: 'The host asked for it.' };

/** Which promotion code of Stripe's is which affiliate's. One belongs to one affiliate at a time. */
@Injectable()
export class PromotionCodes {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly database: Database,
    private readonly lookup: PromotionCodeLookup,
    private readonly audit: AuditLog,
  ) {}

  /**
   * What Stripe has by this id or these letters. Asks Stripe: not within a transaction.
   * @throws DomainError `promotion_code_unknown`, `promotion_code_ambiguous` (422).
   */
  async resolve(named: string): Promise<FoundPromotionCode> {
    const wanted = named.trim();
    const byId = ID_FORM.test(wanted) ? await this.lookup.findById(wanted) : null;
    if (byId?.active) return byId;
    const [found, ...others] = byId ? [] : await this.lookup.findByCode(wanted);
    if (!found) throw promotionCodeUnknown(wanted);
    if (others.length > 0)
      throw promotionCodeAmbiguous(
        wanted,
        [found, ...others].map(({ id }) => id),
      );
    return found;
  }

  /**
   * Gives the affiliate a promotion code, which credits them for whoever redeems it from now on. Locks the code by name,
   * so of two who add it at once one does. Audited as `promotion_code.added`.
   *
   * @throws DomainError `affiliate_not_found` (404), `affiliate_erased` (422), `promotion_code_taken` (409),
   *   `reason_length` (422).
   */
  async add(
    tx: Tx,
    affiliateId: string,
    { id: stripePromotionCodeId, code }: FoundPromotionCode,
    act: StaffAct = BY_HOST,
  ): Promise<Answer<PromotionCodeDto>> {
    const affiliate = await tx.affiliate.findUnique({ where: { id: affiliateId } });
    if (!affiliate) throw affiliateNotFound();
    if (affiliate.erasedAt) throw affiliateErased();
    await lockNames(tx, [`promotion-code:${stripePromotionCodeId}`]);
    const taken = await tx.promotionCode.findFirst({ where: { stripePromotionCodeId, removedAt: null } });
    if (taken) throw promotionCodeTaken(taken.affiliateId, taken.id);
    const added = await tx.promotionCode.create({
      data: {
        id: this.ids.next('promotionCode'),
        affiliateId,
        stripePromotionCodeId,
        code,
        createdAt: this.clock.now(),
      },
    });
    await this.record(tx, 'added', added, act);
    return { status: 201, body: toDto(added) };
  }

  /**
   * Takes it away again: what is redeemed from now on credits nobody, what was redeemed before still does. Audited as
   * `promotion_code.removed`.
   *
   * @throws DomainError `promotion_code_not_found` (404), also when it was removed before; `reason_length` (422).
   */
  async remove(id: string, { affiliateId }: { affiliateId?: string }, act: StaffAct = BY_HOST): Promise<void> {
    checkedReason(act.reason);
    await this.database.transaction(async (tx) => {
      const where = { id, affiliateId, removedAt: null };
      const { count } = await tx.promotionCode.updateMany({ where, data: { removedAt: this.clock.now() } });
      if (count === 0) throw promotionCodeNotFound();
      await this.record(tx, 'removed', await tx.promotionCode.findUniqueOrThrow({ where: { id } }), act);
    });
  }

  /** Those that the affiliate has now, newest first. @throws DomainError `affiliate_not_found` (404). */
  async list(affiliateId: string, query: PageQuery): Promise<Page<PromotionCodeDto>> {
    const { prisma } = this.database;
    if (!(await prisma.affiliate.findUnique({ where: { id: affiliateId } }))) throw affiliateNotFound();
    const { where, ...page } = pageArgs(query);
    const rows = await prisma.promotionCode.findMany({ ...page, where: { ...where, affiliateId, removedAt: null } });
    return toPage(rows, query, toDto);
  }

  private async record(
    tx: Tx,
    what: 'added' | 'removed',
    { id, affiliateId, stripePromotionCodeId }: PromotionCode,
    { staffUserId, reason }: StaffAct,
  ): Promise<void> {
    const owned = { affiliateId, stripePromotionCodeId };
    await this.audit.record(tx, {
      actorId: staffUserId,
      reason: checkedReason(reason),
      action: `promotion_code.${what}`,
      subjectType: 'promotion_code',
      subjectId: id,
      before: what === 'added' ? null : owned,
      after: what === 'added' ? owned : null,
    });
  }
}

function toDto({ id, affiliateId, stripePromotionCodeId, code, createdAt }: PromotionCode): PromotionCodeDto {
  return { id, affiliateId, stripePromotionCodeId, code, createdAt: createdAt.toISOString() };
}
