import { Injectable, Logger } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { affiliateErased, stripeUnavailable, urlNotAllowed } from '../affiliate-errors.js';
import { AffiliateEvents } from '../affiliate-events.js';
import { AffiliatesService } from '../affiliates.service.js';
import { AccountGateway } from './account-gateway.js';
import type { CreateOnboardingLinkDto, OnboardingLinkDto } from './onboarding.dto.js';
import { OnboardingService } from './onboarding.service.js';

/**
 * Pages of this service where Stripe sends affiliates whose host named none. In the dashboard they are still known, see how
 * far they are, and get a new link by one click.
 */
const WAYS_BACK = {
  dashboard: { returned: '/dashboard/getting-paid?from=stripe', expired: '/dashboard/getting-paid?from=expired' },
  elsewhere: { returned: '/onboarding/return', expired: '/onboarding/refresh' },
} as const;

/**
 * Brings affiliates to an account that can be paid.
 *
 * The intent to make an account is committed before the provider is asked, and its moment is part of the idempotency
 * key: a repeated call, also after a crash, gets the same account, and a new intent (after the country was put right,
 * or the account was closed) gets a new one.
 */
@Injectable()
export class OnboardingLinks {
  private readonly logger = new Logger('Onboarding');
  /** Calls of one affiliate at the same moment share one request. */
  private readonly creating = new Map<string, Promise<string>>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly gateway: AccountGateway,
    private readonly affiliates: AffiliatesService,
    private readonly onboarding: OnboardingService,
    private readonly events: AffiliateEvents,
  ) {}

  /**
   * Mints a link, good for one visit; makes the account on first use, and another one when the account is gone. The link
   * is neither stored nor logged: whoever has it is taken for the affiliate.
   * @param cameFrom where Stripe sends the affiliate afterwards, unless `input` names another page.
   * @throws DomainError `affiliate_not_found`, `affiliate_erased` and `url_not_allowed` (422), `stripe_unavailable` (503).
   */
  async create(
    affiliateId: string,
    input: CreateOnboardingLinkDto,
    cameFrom: keyof typeof WAYS_BACK = 'elsewhere',
  ): Promise<OnboardingLinkDto> {
    const { publicUrl } = this.config;
    const wayBack = WAYS_BACK[cameFrom];
    const returnUrl = this.checkedUrl('returnUrl', input.returnUrl) ?? publicUrl + wayBack.returned;
    const refreshUrl = this.checkedUrl('refreshUrl', input.refreshUrl) ?? publicUrl + wayBack.expired;
    const mint = (accountId: string) =>
      this.ask(affiliateId, () => this.gateway.createOnboardingLink({ accountId, returnUrl, refreshUrl }));
    const affiliate = await this.affiliates.getById(affiliateId);
    if (affiliate.erasedAt !== null) throw affiliateErased();
    const accountId = await this.ensureAccount(affiliate);
    let link = await mint(accountId);
    if (link === null && (await this.giveUpIfGone(affiliateId, accountId))) {
      link = await mint(await this.ensureAccount(await this.affiliates.getById(affiliateId)));
    }
    if (link === null) throw stripeUnavailable();
    return { url: link.url, expiresAt: link.expiresAt.toISOString() };
  }

  private async ensureAccount({ id, stripeAccountId, detailsSubmitted, payoutsEnabled }: Affiliate): Promise<string> {
    if (stripeAccountId !== null) {
      // Only an account that was good once and is not now may have been closed; others need not be asked about.
      const mayBeGone = detailsSubmitted && !payoutsEnabled;
      if (!mayBeGone || !(await this.giveUpIfGone(id, stripeAccountId))) return stripeAccountId;
    }
    let creating = this.creating.get(id);
    if (creating === undefined) {
      creating = this.createAccount(id).finally(() => this.creating.delete(id));
      this.creating.set(id, creating);
    }
    return creating;
  }

  /** Makes room for another account when Stripe says that this one is gone. What was paid to it stays with it. */
  private async giveUpIfGone(id: string, accountId: string): Promise<boolean> {
    if ((await this.ask(id, () => this.onboarding.refreshAccount(accountId))) !== null) return false;
    await this.database.transaction(async (tx) => {
      const { count } = await tx.affiliate.updateMany({
        where: { id, stripeAccountId: accountId },
        data: {
          stripeAccountId: null,
          stripeAccountRequestedAt: null,
          stripeAccountSeenAt: null,
          detailsSubmitted: false,
          payoutsEnabled: false,
        },
      });
      if (count === 0) return;
      await tx.affiliateAccount.update({ where: { accountId }, data: { replacedAt: this.clock.now() } });
      await this.events.updatedAll(tx, [id]);
    });
    return true;
  }

  private async createAccount(affiliateId: string): Promise<string> {
    await this.database.prisma.affiliate.updateMany({
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
    return this.database.transaction(async (tx) => {
      const saved = await tx.affiliate.updateMany({
        where: { id: affiliateId, stripeAccountId: null },
        data: { stripeAccountId: accountId },
      });
      if (saved.count === 0) {
        // Another instance was faster.
        const affiliate = await tx.affiliate.findUniqueOrThrow({ where: { id: affiliateId } });
        return affiliate.stripeAccountId ?? accountId;
      }
      await tx.affiliateAccount.create({ data: { accountId, affiliateId, connectedAt: this.clock.now() } });
      await this.events.updatedAll(tx, [affiliateId]);
      return accountId;
    });
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
      (this.config.allowedRedirectHosts.has(url.host) || this.isDashboard(url));
    if (!isAllowed) throw urlNotAllowed(field);
    return url.href;
  }

  /** The affiliates' own page, wherever the host's site is. */
  private isDashboard({ origin, pathname }: URL): boolean {
    return origin === new URL(this.config.publicUrl).origin && pathname.startsWith('/dashboard/');
  }
}
