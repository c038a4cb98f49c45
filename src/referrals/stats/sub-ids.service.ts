import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { SubIdDto } from './sub-ids.dto.js';

/** Which of an affiliate's own notes on links bring clicks, from the roll-up. */
@Injectable()
export class SubIdsService {
  constructor(private readonly database: Database) {}

  /** Those with the most clicks since ever. */
  top(affiliateId: string, limit: number): Promise<SubIdDto[]> {
    return this.database.prisma.clickSubId.findMany({
      where: { affiliateId },
      orderBy: [{ clicks: 'desc' }, { subId: 'asc' }],
      take: limit,
      select: { subId: true, clicks: true },
    });
  }
}
