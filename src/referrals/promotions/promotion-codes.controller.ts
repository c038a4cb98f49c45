import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../../auth/access.js';
import { Idempotency } from '../../http/idempotency.js';
import { NoBody } from '../../http/no-body.js';
import { PageQuery } from '../../http/page-query.dto.js';
import { AddPromotionCodeDto, PromotionCodeDto, PromotionCodePageDto } from './promotion-code.dto.js';
import { PromotionCodes } from './promotion-codes.service.js';

@ApiTags('Affiliates')
@HostScope()
@Controller('v1/affiliates/:id/promotion-codes')
export class PromotionCodesController {
  constructor(
    private readonly promotionCodes: PromotionCodes,
    private readonly idempotency: Idempotency,
  ) {}

  /** Gives the affiliate a promotion code of Stripe's: whoever redeems it from now on is credited to them. */
  @Post()
  async add(
    @Param('id') affiliateId: string,
    @Body() body: AddPromotionCodeDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PromotionCodeDto> {
    const found = await this.promotionCodes.resolve(body.promotionCode);
    return this.idempotency.run(request, reply, (tx) => this.promotionCodes.add(tx, affiliateId, found));
  }

  /** The affiliate's promotion codes, newest first. */
  @Get()
  list(@Param('id') affiliateId: string, @Query() query: PageQuery): Promise<PromotionCodePageDto> {
    return this.promotionCodes.list(affiliateId, query);
  }

  /** Takes the code away: what is redeemed from now on credits nobody. */
  @Delete(':promotionCodeId')
  @HttpCode(204)
  remove(
    @Param('id') affiliateId: string,
    @Param('promotionCodeId') id: string,
    @NoBody() _nothing: undefined,
  ): Promise<void> {
    return this.promotionCodes.remove(id, { affiliateId });
  }
}
