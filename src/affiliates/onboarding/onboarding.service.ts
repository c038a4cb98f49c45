import { Injectable, Logger } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { AccountGateway, type AccountStatus } from './account-gateway.js';
import { stripeUnavailable, urlNotAllowed } from '../affiliate-errors.js';
import { AffiliatesService } from '../affiliates.service.js';
import type { CreateOnboardingLinkDto, OnboardingLinkDto } from './onboarding.dto.js';

/**
 * Brings affiliates to an account that can be paid.
 *
 * The intent to make an account is committed before the provider is asked, and its moment is part of the idempotency
 * key: a repeated call, also after a crash, gets the same account, and a new intent (after the country was put right,
 * or the account was closed) gets a new one.
 */
@Injectable()
export class OnboardingService {
  private readonly logger = new Logger('Onboarding');
  /** Calls of one affiliate at the same moment share one request. */
  private readonly creating = new Map<string, Promise<string>>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly gateway: AccountGateway,
    private readonly affiliates: AffiliatesService,
  ) {}

  /**
   * Mints a link, good for one visit; makes the account on first use.
   * @throws DomainError `affiliate_not_found`, `url_not_allowed` (422), `stripe_unavailable` (503).
   */
  async createLink(affiliateId: string, input: CreateOnboardingLinkDto): Promise<OnboardingLinkDto> {
    const returnUrl = this.checkedUrl('returnUrl', input.returnUrl) ?? `${this.config.publicUrl}/onboarding/return`;
    const refreshUrl = this.checkedUrl('refreshUrl', input.refreshUrl) ?? `${this.config.publicUrl}/onboarding/refresh`;
    const affiliate = await this.affiliates.getById(affiliateId);
    const accountId = await this.ensureAccount(affiliate);
    const link = await this.ask(affiliateId, () =>
      this.gateway.createOnboardingLink({ accountId, returnUrl, refreshUrl }),
    );
    return { url: link.url, expiresAt: link.expiresAt.toISOString() };
  }

  /**
   * Asks what has become of an account and writes it down. Idempotent; for events and before payouts.
   * @returns null when the account is gone.
   * @throws what the gateway throws, so that the caller's own retry decides.
   */
  async refreshAccount(accountId: string): Promise<AccountStatus | null> {
    const status = await this.gateway.getAccount(accountId);
    await this.database.prisma.affiliate.updateMany({
      where: { stripeAccountId: accountId },
      data: {
        stripeAccountSeenAt: this.clock.now(),
        payoutsEnabled: status?.payoutsEnabled ?? false,
        // Once finished stays finished: an account that is limited or closed later is restricted, not unfinished.
        ...((status?.detailsSubmitted || status?.payoutsEnabled) && { detailsSubmitted: true }),
      },
    });
    return status;
  }

  private async ensureAccount(affiliate: Affiliate): Promise<string> {
    const { id, stripeAccountId } = affiliate;
    if (stripeAccountId !== null && !(await this.isGone(affiliate, stripeAccountId))) return stripeAccountId;
    let creating = this.creating.get(id);
    if (creating === undefined) {
      creating = this.createAccount(id).finally(() => this.creating.delete(id));
      this.creating.set(id, creating);
    }
    return creating;
  }

  /** Only an account that was good once and is not now may have been closed; others need not be asked about. */
  private async isGone({ id, detailsSubmitted, payoutsEnabled }: Affiliate, accountId: string): Promise<boolean> {
    if (!detailsSubmitted || payoutsEnabled) return false;
    const status = await this.ask(id, () => this.gateway.getAccount(accountId));
    if (status !== null) return false;
    await this.database.prisma.affiliate.updateMany({
      where: { id, stripeAccountId: accountId },
      data: { stripeAccountId: null, stripeAccountRequestedAt: null, detailsSubmitted: false, payoutsEnabled: false },
    });
    return true;
  }

  private async createAccount(affiliateId: string): Promise<string> {
    const affiliates = this.database.prisma.affiliate;
    await affiliates.updateMany({
      where: { id: affiliateId, stripeAccountRequestedAt: null },
      data: { stripeAccountRequestedAt: this.clock.now() },
    });
    const { stripeAccountRequestedAt, stripeAccountId, country, email, name } =
      await this.affiliates.getById(affiliateId);
    if (stripeAccountId !== null) return stripeAccountId;
    const idempotencyKey = `account:${affiliateId}:${stripeAccountRequestedAt?.getTime()}`;
    const { accountId } = await this.ask(affiliateId, () =>
      this.gateway.createAccount({ affiliateId, country, email, name, idempotencyKey }),
    );
    const saved = await affiliates.updateMany({
      where: { id: affiliateId, stripeAccountId: null },
      data: { stripeAccountId: accountId },
    });
    if (saved.count === 1) return accountId;
    // Another instance was faster.
    return (await this.affiliates.getById(affiliateId)).stripeAccountId ?? accountId;
  }

  private async ask<T>(affiliateId: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      this.logger.error({ err: error, affiliateId, message: 'Stripe did not do what onboarding asked' });
      throw stripeUnavailable();
    }
  }

  /** Links lead where the operator allows; elsewhere they would lend this service's name to a stranger's page. */
  private checkedUrl(field: string, value: string | null | undefined): string | null {
    if (value === undefined || value === null) return null;
    const url = URL.canParse(value) ? new URL(value) : null;
    const isAllowed =
      url !== null &&
      (url.protocol === 'https:' || url.protocol === 'http:') &&
      url.username === '' &&
      url.password === '' &&
      this.config.allowedRedirectHosts.has(url.host);
    if (!isAllowed) throw urlNotAllowed(field);
    return url.href;
  }
}
