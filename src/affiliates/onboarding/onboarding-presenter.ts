import type { Affiliate, AffiliateAccount } from '@prisma/client';
import type { Requirement } from './account-gateway.js';
import type { OnboardingDto, OnboardingStatus } from './onboarding.dto.js';
import { disabledText, type Todo, todosOf } from './requirement-texts.js';

/** How a requirement is stored: its date as text, as JSON has it. */
export type StoredRequirement = Omit<Requirement, 'dueAt'> & { dueAt: string | null };

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** @param accounts all that the affiliate has had, newest first. */
export function presentOnboarding(affiliate: Affiliate, accounts: readonly AffiliateAccount[]): OnboardingDto {
  const { country, stripeAccountId, payoutsEnabled, stripeAccountSeenAt } = affiliate;
  const account = accounts.find(({ accountId }) => accountId === stripeAccountId) ?? null;
  const status = statusOf(affiliate, account);
  const todos = todosOf(requirementsIn(account));
  return {
    status,
    country,
    stripeAccountId,
    payoutsEnabled,
    requirements: todos.map(({ code, action, dueAt, pastDue, problem, stripeCodes }) => ({
      code,
      text: sentence(action) + (problem === null ? '' : ` Stripe says: ${problem}`),
      problem,
      dueAt: dueAt?.toISOString() ?? null,
      pastDue,
      stripeCodes,
    })),
    message: messageOf(status, todos, account?.disabledReason ?? null),
    checkedAt: stripeAccountId === null ? null : (stripeAccountSeenAt?.toISOString() ?? null),
    accounts: accounts.map(({ accountId, connectedAt, replacedAt }) => ({
      stripeAccountId: accountId,
      connectedAt: connectedAt.toISOString(),
      replacedAt: replacedAt?.toISOString() ?? null,
    })),
  };
}

function statusOf(affiliate: Affiliate, account: AffiliateAccount | null): OnboardingStatus {
  if (affiliate.stripeAccountId === null) return 'not_started';
  if (account?.goneAt) return 'closed';
  if (affiliate.payoutsEnabled) return 'complete';
  return affiliate.detailsSubmitted ? 'restricted' : 'in_progress';
}

function requirementsIn(account: AffiliateAccount | null): Requirement[] {
  const stored = (account?.requirements ?? []) as unknown as StoredRequirement[];
  return stored.map(({ dueAt, ...rest }) => ({ ...rest, dueAt: dueAt === null ? null : new Date(dueAt) }));
}

/** What is missing for being paid, to the affiliate. */
export function messageOf(status: OnboardingStatus, todos: readonly Todo[], disabledReason: string | null): string {
  const actions = LIST.format(todos.map(({ action }) => action));
  switch (status) {
    case 'not_started':
      return 'To be paid, open an onboarding link and tell Stripe who you are and where your money should go.';
    case 'closed':
      return 'Your Stripe account was closed or disconnected. Open a new onboarding link to set up another one; what you have earned waits for it.';
    case 'in_progress':
      return todos.length > 0
        ? `To be paid, open a new onboarding link and ${actions}.`
        : 'Stripe has not yet said that you can be paid. Open a new onboarding link to see whether anything is missing.';
    case 'restricted': {
      const why = disabledText(disabledReason ?? '');
      return todos.length > 0 ? `${why} Open a new onboarding link and ${actions}.` : why;
    }
    case 'complete':
      return todos.length > 0
        ? `You can be paid. To keep it so, ${openedBy(todos)} and ${actions}.`
        : 'You can be paid.';
  }
}

function openedBy(todos: readonly Todo[]): string {
  const dates = todos.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt.getTime()]));
  const by = dates.length === 0 ? '' : ` by ${DAY.format(Math.min(...dates))}`;
  return `open a new onboarding link${by}`;
}

function sentence(action: string): string {
  return `${action.charAt(0).toUpperCase()}${action.slice(1)}.`;
}
