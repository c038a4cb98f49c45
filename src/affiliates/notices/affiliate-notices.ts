import { Injectable, Logger } from '@nestjs/common';
import type { AffiliateNotice, Prisma } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { firstIdAt, IdGenerator } from '../../common/ids.js';
import { Database, type Tx } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';
import type { PageQuery } from '../../http/page-query.dto.js';
import { type Page, pageArgs, toPage } from '../../http/pagination.js';
import { affiliateNotFound } from '../affiliate-errors.js';
import type { NoticeDto } from './notice.dto.js';
import { NOTICE_KINDS, type NoticeKind } from './notice-kind.js';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface NewNotice {
  affiliateId: string;
  kind: NoticeKind;
  /** Says what happened and what to do, to the affiliate. */
  message: string;
  details: Prisma.InputJsonObject;
  /** Names what happened, so that whoever tells it twice adds nothing. */
  uniqueKey: string;
  stripeEventId: string | null;
  occurredAt: Date;
}

/** What affiliates must be told. The table is the one place of it: everything that brings it to them reads it there. */
@Injectable()
export class AffiliateNotices {
  private readonly logger = new Logger('Notices');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    metrics: Metrics,
  ) {
    metrics.addGauge('affiliate_notices_per_day', 'What affiliates had to be told within a day.', 'kind', () =>
      this.countOfLastDay(),
    );
  }

  /**
   * Records a notice, once per unique key. Moves no money. The log line is written with it, so a transaction that is
   * rolled back afterwards leaves it behind; what counts is the table.
   */
  async record(tx: Tx, notice: NewNotice): Promise<void> {
    const id = this.ids.next('notice');
    const { count } = await tx.affiliateNotice.createMany({
      data: [{ ...notice, id, createdAt: this.clock.now() }],
      skipDuplicates: true,
    });
    if (count === 0) return;
    const { kind, affiliateId, stripeEventId, details } = notice;
    this.logger.warn({
      message: 'an affiliate must be told of something',
      noticeId: id,
      kind,
      affiliateId,
      stripeEventId,
      details,
    });
  }

  /** An affiliate's notices, newest first. @throws DomainError `affiliate_not_found`. */
  async list(affiliateId: string, query: PageQuery): Promise<Page<NoticeDto>> {
    const affiliate = await this.database.prisma.affiliate.count({ where: { id: affiliateId } });
    if (affiliate === 0) throw affiliateNotFound();
    const { where, ...args } = pageArgs(query);
    const rows = await this.database.prisma.affiliateNotice.findMany({ ...args, where: { ...where, affiliateId } });
    return toPage(rows, query, presentNotice);
  }

  private async countOfLastDay(): Promise<[NoticeKind, number][]> {
    const since = new Date(this.clock.now().getTime() - DAY_MS);
    const groups = await this.database.prisma.affiliateNotice.groupBy({
      by: ['kind'],
      where: { id: { gte: firstIdAt('notice', since) } },
      _count: true,
    });
    return NOTICE_KINDS.map((kind) => [kind, groups.find((group) => group.kind === kind)?._count ?? 0]);
  }
}

function presentNotice(notice: AffiliateNotice): NoticeDto {
  return {
    id: notice.id,
    kind: notice.kind as NoticeKind,
    message: notice.message,
    details: notice.details as Record<string, unknown>,
    occurredAt: notice.occurredAt.toISOString(),
    createdAt: notice.createdAt.toISOString(),
  };
}
