import { createParamDecorator, Injectable, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import type { FastifyRequest } from 'fastify';
import { affiliateNotFound } from './affiliate-errors.js';
import { AffiliateIpRecorder } from './affiliate-ip-recorder.js';
import { AffiliatesService } from './affiliates.service.js';

/**
 * Finds the affiliate that the caller is, and remembers the address it calls from: under /v1/me that is the
 * affiliate's own browser.
 */
@Injectable()
class AffiliateOfRequest implements PipeTransform<FastifyRequest, Promise<Affiliate>> {
  constructor(
    private readonly affiliates: AffiliatesService,
    private readonly ips: AffiliateIpRecorder,
  ) {}

  async transform(request: FastifyRequest): Promise<Affiliate> {
    const principal = request.principal;
    if (principal?.scope !== 'affiliate') throw affiliateNotFound();
    const affiliate = await this.affiliates.getByUserId(principal.subject);
    await this.ips.remember(affiliate.id, request.ip);
    return affiliate;
  }
}

const RequestItself = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  context.switchToHttp().getRequest<FastifyRequest>(),
);

/**
 * The calling affiliate, in handlers with the affiliate scope: `@CurrentAffiliate() affiliate: Affiliate`. The
 * controller's module imports AffiliatesModule. Answers 404 `affiliate_not_found` when the user is no affiliate.
 */
export const CurrentAffiliate = () => RequestItself(AffiliateOfRequest);
