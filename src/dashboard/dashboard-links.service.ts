import { Injectable } from '@nestjs/common';
import { affiliateErased } from '../affiliates/affiliate-errors.js';
import { AffiliatesService } from '../affiliates/affiliates.service.js';
import { DashboardSessions } from '../auth/dashboard-sessions.service.js';
import { Config } from '../config/config.js';
import type { DashboardLinkDto } from './dashboard-link.dto.js';
import { OPEN_PATH } from './paths.js';

/** The way into the dashboard that the host hands to its user. */
@Injectable()
export class DashboardLinks {
  constructor(
    private readonly config: Config,
    private readonly affiliates: AffiliatesService,
    private readonly sessions: DashboardSessions,
  ) {}

  /**
   * Mints a link that opens the dashboard once, within five minutes. The host has authenticated its user; whoever has the
   * link is taken for them. A suspended affiliate may get one: it sees what it earned, and that it is suspended.
   * @throws DomainError `affiliate_not_found`, `affiliate_erased` (422).
   */
  async create(affiliateId: string): Promise<DashboardLinkDto> {
    const affiliate = await this.affiliates.getById(affiliateId);
    if (affiliate.erasedAt !== null) throw affiliateErased();
    const { token, expiresAt } = await this.sessions.issueLink(affiliate.id);
    return { url: `${this.config.publicUrl}${OPEN_PATH}?token=${token}`, expiresAt: expiresAt.toISOString() };
  }
}
