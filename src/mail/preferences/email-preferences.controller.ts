import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { CurrentAffiliate } from '../../affiliates/current-affiliate.js';
import { AffiliateScope } from '../../auth/access.js';
import { EmailPreferencesDto, UpdateEmailPreferencesDto } from './email-preferences.dto.js';
import { EmailPreferencesService } from './email-preferences.service.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me/email-preferences')
export class EmailPreferencesController {
  constructor(private readonly preferences: EmailPreferencesService) {}

  /** Which e-mails the calling affiliate gets, and in which language. */
  @Get()
  get(@CurrentAffiliate() affiliate: Affiliate): Promise<EmailPreferencesDto> {
    return this.preferences.get(affiliate);
  }

  /** Switches e-mails on or off, or chooses their language. */
  @Patch()
  update(
    @CurrentAffiliate() affiliate: Affiliate,
    @Body() body: UpdateEmailPreferencesDto,
  ): Promise<EmailPreferencesDto> {
    return this.preferences.update(affiliate, body);
  }
}
