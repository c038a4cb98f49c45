import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { AffiliateScope } from '../auth/access.js';
import { AffiliateDto } from './affiliate.dto.js';
import { AffiliatesService } from './affiliates.service.js';
import { CurrentAffiliate } from './current-affiliate.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me')
export class MeController {
  constructor(private readonly affiliates: AffiliatesService) {}

  /** The calling affiliate. */
  @Get()
  get(@CurrentAffiliate() affiliate: Affiliate): Promise<AffiliateDto> {
    return this.affiliates.describe(affiliate);
  }
}
