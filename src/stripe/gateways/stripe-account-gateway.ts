import type Stripe from 'stripe';
import {
  AccountGateway,
  type AccountStatus,
  type NewAccount,
  type NewOnboardingLink,
  type OnboardingLink,
} from '../../affiliates/onboarding/account-gateway.js';
import { isAccountGone } from './stripe-errors.js';

/**
 * Express accounts by Accounts v2, Stripe's way for new platforms
 * (https://docs.stripe.com/connect/accounts-v2).
 */
export class StripeAccountGatewayV2 extends AccountGateway {
  constructor(private readonly stripe: Stripe) {
    super();
  }

  override async createAccount({
    affiliateId,
    country,
    email,
    name,
    idempotencyKey,
  }: NewAccount): Promise<{ accountId: string }> {
    const account = await this.stripe.v2.core.accounts.create(
      {
        dashboard: 'express',
        display_name: name,
        ...(email && { contact_email: email }),
        identity: { country: country.toLowerCase() },
        configuration: { recipient: { capabilities: { stripe_balance: { stripe_transfers: { requested: true } } } } },
        defaults: { responsibilities: { fees_collector: 'application', losses_collector: 'application' } },
        metadata: { affiliateId },
      },
      { idempotencyKey },
    );
    return { accountId: account.id };
  }

  override async createOnboardingLink({
    accountId,
    returnUrl,
    refreshUrl,
  }: NewOnboardingLink): Promise<OnboardingLink> {
    const link = await this.stripe.v2.core.accountLinks.create({
      account: accountId,
      use_case: {
        type: 'account_onboarding',
        account_onboarding: { return_url: returnUrl, refresh_url: refreshUrl },
      },
    });
    return { url: link.url, expiresAt: new Date(link.expires_at) };
  }

  override async getAccount(accountId: string): Promise<AccountStatus | null> {
    try {
      const account = await this.stripe.v2.core.accounts.retrieve(accountId, {
        include: ['configuration.recipient', 'requirements'],
      });
      if (account.closed) return null;
      const balance = account.configuration?.recipient?.capabilities?.stripe_balance;
      const payouts = balance?.payouts?.status ?? 'active';
      const due = (account.requirements?.entries ?? []).filter((entry) => entry.awaiting_action_from === 'user');
      return {
        accountId,
        // Without a word about requirements nothing says that onboarding was finished.
        detailsSubmitted: account.requirements?.entries !== undefined && due.length === 0,
        payoutsEnabled: balance?.stripe_transfers?.status === 'active' && payouts === 'active',
        requirementsDue: due.map((entry) => entry.description),
      };
    } catch (error) {
      if (isAccountGone(error)) return null;
      throw error;
    }
  }
}

/** Express accounts by Accounts v1, for platforms that have them. */
export class StripeAccountGatewayV1 extends AccountGateway {
  constructor(
    private readonly stripe: Stripe,
    private readonly platformCountry: string,
  ) {
    super();
  }

  override async createAccount({
    affiliateId,
    country,
    email,
    idempotencyKey,
  }: NewAccount): Promise<{ accountId: string }> {
    const account = await this.stripe.accounts.create(
      {
        country,
        ...(email && { email }),
        controller: {
          stripe_dashboard: { type: 'express' },
          losses: { payments: 'application' },
          fees: { payer: 'application' },
        },
        capabilities: { transfers: { requested: true } },
        // Outside the platform's own country an account that only receives transfers signs the recipient agreement.
        // https://docs.stripe.com/connect/service-agreement-types
        ...(country !== this.platformCountry && { tos_acceptance: { service_agreement: 'recipient' } }),
        metadata: { affiliateId },
      },
      { idempotencyKey },
    );
    return { accountId: account.id };
  }

  override async createOnboardingLink({
    accountId,
    returnUrl,
    refreshUrl,
  }: NewOnboardingLink): Promise<OnboardingLink> {
    const link = await this.stripe.accountLinks.create({
      account: accountId,
      type: 'account_onboarding',
      return_url: returnUrl,
      refresh_url: refreshUrl,
    });
    return { url: link.url, expiresAt: new Date(link.expires_at * 1000) };
  }

  override async getAccount(accountId: string): Promise<AccountStatus | null> {
    try {
      return statusOfV1Account(await this.stripe.accounts.retrieve(accountId));
    } catch (error) {
      if (isAccountGone(error)) return null;
      throw error;
    }
  }
}

/** What a v1 account object says about being paid. */
function statusOfV1Account(account: Stripe.Account): AccountStatus {
  return {
    accountId: account.id,
    detailsSubmitted: account.details_submitted,
    payoutsEnabled: account.payouts_enabled && account.capabilities?.transfers === 'active',
    requirementsDue: account.requirements?.currently_due ?? [],
  };
}
