import type Stripe from 'stripe';
import {
  AccountGateway,
  type AccountStatus,
  type NewAccount,
  type NewOnboardingLink,
  type OnboardingLink,
  type Requirement,
} from '../../affiliates/onboarding/account-gateway.js';
import { askAboutAccount, assertThisAccount, createdId } from './account-requests.js';

/**
 * Express accounts by Accounts v1, for platforms that have them.
 *
 * Accounts that v2 made are v1 accounts, too, under the same id: v2 is "interoperable with most v1 APIs"
 * (https://docs.stripe.com/connect/accounts-v2/account-creation), transfers among them.
 */
export class StripeAccountGatewayV1 extends AccountGateway {
  private platformCountry: string | null = null;

  constructor(private readonly stripe: Stripe) {
    super();
  }

  override async createAccount({
    affiliateId,
    country,
    email,
    idempotencyKey,
  }: NewAccount): Promise<{ accountId: string }> {
    const isForeign = country !== (await this.getPlatformCountry());
    const account = await askAboutAccount(
      this.stripe.accounts.create(
        {
          country,
          ...(email && { email }),
          controller: {
            stripe_dashboard: { type: 'express' },
            losses: { payments: 'application' },
            fees: { payer: 'application' },
          },
          capabilities: { transfers: { requested: true } },
          // "Cross-border payouts only work with accounts under the recipient service agreement", and accounts of the
          // platform's own country cannot have it (https://docs.stripe.com/connect/service-agreement-types).
          ...(isForeign && { tos_acceptance: { service_agreement: 'recipient' } }),
          metadata: { affiliateId },
        },
        { idempotencyKey },
      ),
    );
    return { accountId: createdId(account) };
  }

  override async createOnboardingLink({
    accountId,
    returnUrl,
    refreshUrl,
  }: NewOnboardingLink): Promise<OnboardingLink | null> {
    const link = await askAboutAccount(
      this.stripe.accountLinks.create({
        account: accountId,
        type: 'account_onboarding',
        return_url: returnUrl,
        refresh_url: refreshUrl,
      }),
    );
    return link && { url: link.url, expiresAt: new Date(link.expires_at * 1000) };
  }

  override async getAccount(accountId: string): Promise<AccountStatus | null> {
    const account = await askAboutAccount(this.stripe.accounts.retrieve(accountId));
    if (account === null) return null;
    assertThisAccount(account, accountId);
    return statusOf(account);
  }

  /** Asked until Stripe has answered once: a platform's country never changes. */
  private async getPlatformCountry(): Promise<string> {
    if (this.platformCountry === null) {
      const platform = await askAboutAccount(this.stripe.accounts.retrieveCurrent());
      if (!platform?.country) throw new Error('Stripe does not say in which country the platform is');
      this.platformCountry = platform.country;
    }
    return this.platformCountry;
  }
}

/** What a v1 account object says about being paid. */
function statusOf(account: Stripe.Account): AccountStatus {
  return {
    accountId: account.id,
    detailsSubmitted: account.details_submitted,
    payoutsEnabled: account.payouts_enabled && account.capabilities?.transfers === 'active',
    requirements: requirementsOf(account.requirements),
    disabledReason: account.requirements?.disabled_reason?.replaceAll('.', '_') ?? null,
  };
}

/** What is overdue is listed as currently due as well. */
function requirementsOf(requirements: Stripe.Account['requirements']): Requirement[] {
  const pastDue = new Set(requirements?.past_due);
  const deadline = requirements?.current_deadline;
  return [...new Set([...pastDue, ...(requirements?.currently_due ?? [])])].map((code) => ({
    code,
    dueAt: pastDue.has(code) || !deadline ? null : new Date(deadline * 1000),
    pastDue: pastDue.has(code),
    problem: requirements?.errors?.find(({ requirement }) => requirement === code)?.reason ?? null,
  }));
}
