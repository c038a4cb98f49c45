import Stripe from 'stripe';
import { AccountsOutOfReachError } from '../../affiliates/onboarding/account-gateway.js';
import { describeStripeError } from './stripe-errors.js';

/** What Stripe says of an account that was closed, deleted, or disconnected from this platform. */
const GONE_CODES = new Set(['account_invalid', 'resource_missing', 'not_found']);

/**
 * Carries out a request about one account.
 *
 * An account counts as gone only where Stripe names the account as the reason: `account_invalid` (403 "does not have
 * access to account … Application access may have been revoked", https://docs.stripe.com/error-codes#account-invalid),
 * or that there is no such object. A 403 without that code is a key without the permission, and a 404 without it an API
 * that this platform does not have: neither says anything about the account.
 *
 * @returns null when the account is gone.
 * @throws AccountsOutOfReachError when no account can be asked about.
 */
export async function askAboutAccount<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (isAccountGone(error)) return null;
    throw isOutOfReach(error) ? new AccountsOutOfReachError(describeStripeError(error)) : error;
  }
}

function isAccountGone(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && GONE_CODES.has(error.code ?? '');
}

function isOutOfReach(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && [401, 403, 404].includes(error.statusCode ?? 0);
}

/**
 * The SDK takes a body without an `error` object for success whatever its status, so what came back is looked at.
 * @throws Error when it is not this account.
 */
export function assertThisAccount(account: { id?: string }, accountId: string): void {
  if (account.id !== accountId) throw new Error(`Stripe was asked about ${accountId} and answered something else`);
}

/** @throws Error when no account came back. */
export function createdId(account: { id?: string } | null): string {
  if (!account?.id?.startsWith('acct_'))
    throw new Error('Stripe was asked to make an account and answered something else');
  return account.id;
}
