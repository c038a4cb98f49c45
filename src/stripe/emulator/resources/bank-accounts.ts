import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import type { AccountRecord, BankAccountRecord } from '../stored-objects.js';
import type { Wire } from '../wire.js';

/** A bank account that the affiliate has just given. */
export function newBankAccount(last4 = '6789', fingerprint?: string): BankAccountRecord {
  return { id: newId('ba'), last4, status: 'new', ...(fingerprint && { fingerprint }) };
}

/** A connected account's bank account as the v1 API shows it. */
export function renderBankAccount(
  account: AccountRecord,
  { id, last4, status, fingerprint }: BankAccountRecord,
): Wire<Stripe.BankAccount> {
  return {
    id,
    object: 'bank_account',
    account: account.id,
    account_holder_name: account.displayName,
    account_holder_type: account.entityType,
    account_type: null,
    available_payout_methods: ['standard'],
    bank_name: 'STRIPE TEST BANK',
    country: account.country,
    currency: account.defaultCurrency,
    customer: null,
    default_for_currency: true,
    fingerprint: fingerprint ?? `fp${id.slice(-14)}`,
    last4,
    metadata: {},
    routing_number: '110000000',
    status,
  };
}
