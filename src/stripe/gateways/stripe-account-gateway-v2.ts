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

type Recipient = NonNullable<NonNullable<Stripe.V2.Core.Account['configuration']>['recipient']>;

/**
 * Express accounts by Accounts v2, Stripe's way for new platforms (https://docs.stripe.com/connect/accounts-v2).
 *
 * Accounts that v1 made are read and linked here, too: "You can use the Accounts v2 API with your existing v1 Accounts
 * without making any changes to them" (https://docs.stripe.com/connect/accounts-v2/migrate-integration). One younger
 * than ten minutes may not be known to v2 yet; it is asked about again within the hour.
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
    const account = await askAboutAccount(
      this.stripe.v2.core.accounts.create(
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
      this.stripe.v2.core.accountLinks.create({
        account: accountId,
        use_case: {
          type: 'account_onboarding',
          account_onboarding: { return_url: returnUrl, refresh_url: refreshUrl },
        },
      }),
    );
    return link && { url: link.url, expiresAt: new Date(link.expires_at) };
  }

  override async getAccount(accountId: string): Promise<AccountStatus | null> {
    const account = await askAboutAccount(
      this.stripe.v2.core.accounts.retrieve(accountId, { include: ['configuration.recipient', 'requirements'] }),
    );
    if (account === null) return null;
    assertThisAccount(account, accountId);
    return account.closed ? null : statusOf(account);
  }
}

/** What a v2 account object says about being paid. */
function statusOf({ id, configuration, requirements }: Stripe.V2.Core.Account): AccountStatus {
  const balance = configuration?.recipient?.capabilities?.stripe_balance;
  const payouts = balance?.payouts?.status ?? 'active';
  const due = requirementsOf(requirements);
  return {
    accountId: id,
    // Without a word about requirements nothing says that onboarding was finished.
    detailsSubmitted: requirements?.entries !== undefined && due.length === 0,
    payoutsEnabled: balance?.stripe_transfers?.status === 'active' && payouts === 'active',
    requirements: due,
    disabledReason: disabledReasonOf(balance),
  };
}

/** What waits for the affiliate and has become due. An entry has no date of its own: the soonest stands in the summary. */
function requirementsOf(requirements: Stripe.V2.Core.Account['requirements']): Requirement[] {
  const soonest = requirements?.summary?.minimum_deadline?.time;
  return (requirements?.entries ?? [])
    .filter((entry) => entry.awaiting_action_from === 'user' && entry.minimum_deadline.status !== 'eventually_due')
    .map(({ description, errors, minimum_deadline: { status } }) => ({
      code: description,
      dueAt: status === 'past_due' || !soonest ? null : new Date(soonest),
      pastDue: status === 'past_due',
      problem: errors[0]?.description ?? null,
    }));
}

function disabledReasonOf(balance: NonNullable<Recipient['capabilities']>['stripe_balance']): string | null {
  const stopped = [balance?.stripe_transfers, balance?.payouts].find(
    (capability) => capability && capability.status !== 'active',
  );
  return stopped?.status_details[0]?.code ?? null;
}
