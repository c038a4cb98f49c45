import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { AffiliateScope } from '../../auth/access.js';
import { PageQuery } from '../../http/page-query.dto.js';
import { CurrentAffiliate } from '../current-affiliate.js';
import { AffiliateNotices } from './affiliate-notices.js';
import { NoticePageDto } from './notice.dto.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me/notices')
export class MyNoticesController {
  constructor(private readonly notices: AffiliateNotices) {}

  /** What the calling affiliate must know of or do, newest first. */
  @Get()
  list(@CurrentAffiliate() affiliate: Affiliate, @Query() query: PageQuery): Promise<NoticePageDto> {
    return this.notices.list(affiliate.id, query);
  }
}
