import type { Stripe } from 'stripe';
import type { AccountRecord } from '../stored-objects.js';
import { wholeList, type Wire } from '../wire.js';
import { renderBankAccount } from './bank-accounts.js';
import { isOverdue, requirementsOf, transfersActive } from './account-record.js';

type V1Requirements = NonNullable<Wire<Stripe.Account>['requirements']> &
  NonNullable<Wire<Stripe.Capability>['requirements']>;
type V2Account = Wire<Stripe.V2.Core.Account>;
type V2Requirements = NonNullable<V2Account['requirements']>;

/** An account as the v1 API shows it. */
export function renderV1Account(account: AccountRecord): Wire<Stripe.Account> {
  return {
    id: account.id,
    object: 'account',
    business_profile: null,
    business_type: account.entityType,
    capabilities: account.transfersRequested ? { transfers: transfersActive(account) ? 'active' : 'inactive' } : {},
    charges_enabled: false,
    controller: {
      type: 'application',
      is_controller: true,
      fees: { payer: 'application' },
      losses: { payments: 'application' },
      requirement_collection: 'stripe',
      stripe_dashboard: { type: account.dashboard },
    },
    country: account.country,
    created: account.created,
    default_currency: account.defaultCurrency,
    details_submitted: account.onboarded,
    email: account.email,
    external_accounts: wholeList(
      account.bankAccount ? [renderBankAccount(account, account.bankAccount)] : [],
      `/v1/accounts/${account.id}/external_accounts`,
    ),
    future_requirements: NO_REQUIREMENTS,
    metadata: account.metadata,
    payouts_enabled: transfersActive(account),
    requirements: renderV1Requirements(account),
    settings: null,
    tos_acceptance: { date: null, service_agreement: account.serviceAgreement },
    type: account.v1Type,
  };
}

/** The account's `transfers` capability as the v1 API shows it. */
export function renderV1Capability(account: AccountRecord): Wire<Stripe.Capability> {
  return {
    id: 'transfers',
    object: 'capability',
    account: account.id,
    future_requirements: NO_REQUIREMENTS,
    requested: account.transfersRequested,
    requested_at: account.transfersRequested ? account.created : null,
    requirements: renderV1Requirements(account),
    status: transfersActive(account) ? 'active' : 'inactive',
  };
}

const NO_REQUIREMENTS: V1Requirements = {
  alternatives: [],
  current_deadline: null,
  currently_due: [],
  disabled_reason: null,
  errors: [],
  eventually_due: [],
  past_due: [],
  pending_verification: [],
};

function renderV1Requirements(account: AccountRecord): V1Requirements {
  const due = requirementsOf(account);
  const overdue = isOverdue(account);
  const problem = account.asked?.problem;
  return {
    ...NO_REQUIREMENTS,
    current_deadline: account.asked?.deadline ?? null,
    currently_due: due,
    disabled_reason: overdue ? disabledReasonOf(account) : null,
    errors: problem
      ? due.map((requirement) => ({ code: 'verification_document_failed_other', reason: problem, requirement }))
      : [],
    eventually_due: due,
    past_due: overdue ? due : [],
  };
}

function disabledReasonOf(account: AccountRecord): V1Requirements['disabled_reason'] {
  return (account.asked?.disabledReason ?? 'requirements.past_due') as V1Requirements['disabled_reason'];
}

/** An account as the v2 API shows it: only the parts named by `include` are filled in. */
export function renderV2Account(account: AccountRecord, include: string[]): V2Account {
  return {
    id: account.id,
    object: 'v2.core.account',
    applied_configurations: ['recipient'],
    closed: account.closed,
    ...(account.email !== null && { contact_email: account.email }),
    created: new Date(account.created * 1000).toISOString(),
    dashboard: account.dashboard,
    ...(account.displayName !== null && { display_name: account.displayName }),
    livemode: false,
    metadata: account.metadata,
    ...(include.includes('configuration.recipient') && {
      configuration: { recipient: recipientOf(account) },
    }),
    ...(include.includes('defaults') && {
      defaults: {
        currency: account.defaultCurrency,
        locales: [],
        responsibilities: {
          fees_collector: 'application',
          losses_collector: 'application',
          requirements_collector: 'stripe',
        },
      },
    }),
    ...(include.includes('identity') && {
      identity: { country: account.country.toLowerCase(), entity_type: account.entityType },
    }),
    ...(include.includes('requirements') && { requirements: v2RequirementsOf(account) }),
  };
}

function recipientOf(account: AccountRecord): NonNullable<NonNullable<V2Account['configuration']>['recipient']> {
  if (!account.transfersRequested) return { applied: true, capabilities: {} };
  const status = transfersActive(account)
    ? { status: 'active' as const, status_details: [] }
    : {
        status: 'restricted' as const,
        status_details: [{ code: v2CodeOf(account), resolution: 'provide_info' as const }],
      };
  return { applied: true, capabilities: { stripe_balance: { payouts: status, stripe_transfers: status } } };
}

/** v2 has the same reasons, written with underscores. */
function v2CodeOf(account: AccountRecord): 'requirements_past_due' {
  return disabledReasonOf(account)?.replaceAll('.', '_') as 'requirements_past_due';
}

function v2RequirementsOf(account: AccountRecord): V2Requirements {
  const due = requirementsOf(account);
  const status = isOverdue(account) ? ('past_due' as const) : ('currently_due' as const);
  const { deadline = null, problem = null } = account.asked ?? {};
  const time = deadline === null ? {} : { time: new Date(deadline * 1000).toISOString() };
  return {
    entries: due.map((description) => ({
      awaiting_action_from: 'user',
      description,
      errors: problem ? [{ code: 'verification_document_failed_other', description: problem }] : [],
      impact: {
        restricts_capabilities: [
          { capability: 'stripe_balance.stripe_transfers', configuration: 'recipient', deadline: { status } },
        ],
      },
      minimum_deadline: { status },
      requested_reasons: [{ code: account.onboarded ? 'routine_verification' : 'routine_onboarding' }],
    })),
    ...(due.length > 0 && { summary: { minimum_deadline: { status, ...time } } }),
  };
}
