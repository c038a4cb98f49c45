import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostScope } from '../../auth/access.js';
import { PageQuery } from '../../http/page-query.dto.js';
import { AffiliateNotices } from './affiliate-notices.js';
import { NoticePageDto } from './notice.dto.js';

@ApiTags('Affiliates')
@HostScope()
@Controller('v1/affiliates/:id/notices')
export class NoticesController {
  constructor(private readonly notices: AffiliateNotices) {}

  /** What an affiliate must know of or do, newest first. */
  @Get()
  list(@Param('id') id: string, @Query() query: PageQuery): Promise<NoticePageDto> {
    return this.notices.list(id, query);
  }
}
