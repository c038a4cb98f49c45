import { Injectable } from '@nestjs/common';
import type { Erasure, Prisma } from '@prisma/client';
import { AffiliateErasure, ERASED_NAME, type FormerAffiliate } from '../affiliates/affiliate-erasure.js';
import { AuditLog, HOST_APP } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { IdGenerator } from '../common/ids.js';
import { Database, type Tx } from '../database/database.js';
import { executorOf, JobQueue } from '../database/job-queue.js';
import { FraudErasure } from '../fraud/fraud-erasure.js';
import type { Answer } from '../http/idempotency.js';
import { MailErasure } from '../mail/mail-erasure.js';
import { ReferralErasure, type FormerReferredUser } from '../referrals/referral-erasure.js';
import { scopeOf } from './erasure-scope.js';
import type { ErasureSearch } from './erasure-search.js';
import type { ErasureDto, ErasureStatus } from './erasure.dto.js';

export const ERASURE_QUEUE = 'erasures';

export interface ErasureJob {
  erasureId: string;
}

/** What stands in place of an e-mail address. */
const ERASED_EMAIL = '[erased]';

/** Takes a person out of the database and leaves the ledger as it is (docs/decisions/0011-erasure.md). */
@Injectable()
export class ErasuresService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly jobs: JobQueue,
    private readonly affiliates: AffiliateErasure,
    private readonly referrals: ReferralErasure,
    private readonly fraud: FraudErasure,
    private readonly mail: MailErasure,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Erases who the user is, as an affiliate and as a referred user, and enqueues the search through everything that may
   * name them beside. Moves no money. Idempotent: done again, it finds what has come since, mostly nothing. A user
   * nobody knows is answered like any other. Leaves a record in the audit log that names ids only.
   *
   * Locks the user and their customers (lockReferralSubjects), then the affiliate's row.
   */
  async request(tx: Tx, userId: string): Promise<Answer<ErasureDto>> {
    const pseudonym = this.ids.next('erasedPerson');
    const referredUser = await this.referrals.erase(tx, userId, pseudonym);
    const affiliate = await this.affiliates.erase(tx, userId, pseudonym);
    const promotionCodes = affiliate ? (await this.referrals.eraseTraces(tx, affiliate.id)).promotionCodes : [];
    if (affiliate) await this.mail.erase(tx, affiliate.id);
    const { referralId: forgotten, customerIds } = referredUser;
    await this.fraud.erase(tx, {
      affiliateId: affiliate?.id ?? null,
      referralId: forgotten,
      customerIds,
      accountIds: affiliate?.accountIds ?? [],
    });
    const erasure = await tx.erasure.create({
      data: {
        id: this.ids.next('erasure'),
        pseudonym,
        affiliateId: affiliate?.id ?? null,
        referralId: referredUser.referralId,
        status: 'pending',
        search: searchFor({
          userId,
          pseudonym,
          affiliate,
          promotionCodes,
          referredUser,
        }) as unknown as Prisma.InputJsonObject,
        requestedAt: this.clock.now(),
      },
    });
    const { id: erasureId, affiliateId, referralId } = erasure;
    await this.audit.record(tx, {
      actorId: HOST_APP,
      action: 'person.erased',
      subjectType: 'erasure',
      subjectId: erasureId,
      before: null,
      after: { affiliateId, referralId },
      reason: 'The host asked for it.',
    });
    await this.jobs.enqueue(executorOf(tx), ERASURE_QUEUE, [{ erasureId } satisfies ErasureJob]);
    return { status: 202, body: present(erasure) };
  }

  /** @throws DomainError `erasure_not_found`. */
  async get(id: string): Promise<ErasureDto> {
    const erasure = await this.database.prisma.erasure.findUnique({ where: { id } });
    if (!erasure) throw new DomainError('not_found', 'erasure_not_found', 'There is no such erasure.');
    return present(erasure);
  }
}

function searchFor({
  userId,
  pseudonym,
  affiliate,
  promotionCodes,
  referredUser,
}: {
  userId: string;
  pseudonym: string;
  affiliate: FormerAffiliate | null;
  promotionCodes: string[];
  referredUser: FormerReferredUser;
}): ErasureSearch {
  const emails = affiliate?.emails ?? [];
  const codes = affiliate?.codes ?? [];
  const { referralId, customerIds, paymentIds } = referredUser;
  return {
    names: [
      [userId, pseudonym],
      ...emails.map((email): [string, string] => [email, ERASED_EMAIL]),
      ...codes.map((code): [string, string] => [code, affiliate?.code ?? ERASED_NAME]),
      ...promotionCodes.map((code): [string, string] => [code, ERASED_NAME]),
      ...(affiliate ? [[affiliate.name, ERASED_NAME] as [string, string]] : []),
    ],
    mentions: [
      userId,
      ...emails,
      ...codes,
      ...promotionCodes,
      ...[affiliate?.id, referralId].filter((id) => typeof id === 'string'),
    ],
    events: {
      userId,
      pseudonym,
      emails,
      promotionCodes,
      stripeIds: [...customerIds, ...paymentIds, ...(affiliate?.accountIds ?? [])],
    },
    affiliate: affiliate && {
      id: affiliate.id,
      codes,
      code: affiliate.code,
      createdAt: affiliate.createdAt.toISOString(),
    },
  };
}

function present(erasure: Erasure): ErasureDto {
  const { id, pseudonym, affiliateId, referralId, requestedAt, completedAt } = erasure;
  return {
    id,
    status: erasure.status as ErasureStatus,
    pseudonym,
    affiliateId,
    referralId,
    ...scopeOf(erasure),
    requestedAt: requestedAt.toISOString(),
    completedAt: completedAt?.toISOString() ?? null,
  };
}
