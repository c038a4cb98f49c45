import { Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostScope } from '../auth/access.js';
import { NoBody } from '../http/no-body.js';
import { DashboardLinkDto } from './dashboard-link.dto.js';
import { DashboardLinks } from './dashboard-links.service.js';

@ApiTags('Affiliates')
@HostScope()
@Controller('v1/affiliates/:id/dashboard-links')
export class DashboardLinksController {
  constructor(private readonly links: DashboardLinks) {}

  /** A new link to the affiliate's dashboard, good for one visit within five minutes. Always mints a new one. */
  @Post()
  create(@Param('id') id: string, @NoBody() _nothing: undefined): Promise<DashboardLinkDto> {
    return this.links.create(id);
  }
}
