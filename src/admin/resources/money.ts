import { PAYOUT_STATUSES } from '../../payouts/payout-status.js';
import { AFFILIATE, PLAN_VERSION, relatedBy, termsOf } from './columns.js';
import type { ResourceSpec } from './resource-spec.js';

export const commissions: ResourceSpec = {
  id: 'commissions',
  name: 'Commissions',
  group: 'Money',
  table: 'commissions',
  key: 't.id',
  order: 't.id DESC',
  idKind: 'commission',
  title: 'id',
  columns: [
    { name: 'createdAt', label: 'Earned', kind: 'moment', sql: 't.created_at', filter: 'period' },
    AFFILIATE,
    { name: 'state', label: 'State', kind: 'status' },
    { name: 'netAmount', label: 'Net', kind: 'money', currency: 't.currency' },
    { name: 'amount', label: 'Earned at first', kind: 'money', sql: 't.amount_minor', currency: 't.currency' },
    { name: 'rate', label: 'Rate', kind: 'rate', sql: 't.rate_bps' },
    { name: 'invoiceId', label: 'Invoice', kind: 'text', sql: 't.invoice_id', filter: 'equals' },
    {
      name: 'explanation',
      label: 'How it came to this amount',
      kind: 'component',
      component: 'CommissionSteps',
      on: ['show'],
    },
    {
      name: 'referralId',
      label: 'Referral',
      kind: 'text',
      sql: 't.referral_id',
      reference: 'referrals',
      filter: 'equals',
      on: ['show'],
    },
    { name: 'payoutId', label: 'Payout', kind: 'text', reference: 'payouts', on: ['show'] },
    { name: 'availableAt', label: 'Payable from', kind: 'moment', sql: 't.available_at', on: ['show'] },
    PLAN_VERSION,
    relatedBy({ commissionId: 't.id' }, 'All of this commission'),
  ],
};

/** Of an affiliate with more entries than this the newest are listed. */
const ENTRIES_OF_AFFILIATE_MAX = 20_000;

export const ledger: ResourceSpec = {
  id: 'ledger',
  name: 'Ledger',
  group: 'Money',
  table: 'journal_entries',
  joins: `CROSS JOIN LATERAL (
            SELECT json_agg(json_build_object('account', p.account, 'amountMinor', p.amount_minor::text, 'currency', p.currency)
                     ORDER BY p.seq) AS postings,
                   coalesce(sum(p.amount_minor) FILTER (WHERE p.amount_minor > 0), 0) AS moved
            FROM postings p WHERE p.entry_id = t.id) l
          LEFT JOIN journal_seals seal ON seal.entry_id = t.id`,
  key: 't.id',
  order: 't.id DESC',
  idKind: 'journalEntry',
  title: 'id',
  hint: 'Nothing here can be changed: a correction is one more entry.',
  columns: [
    { name: 'recordedAt', label: 'Recorded', kind: 'moment', sql: 't.recorded_at', filter: 'period' },
    { name: 'kind', label: 'Entry', kind: 'status', sql: 't.kind' },
    {
      ...AFFILIATE,
      condition: `t.id IN (SELECT p.entry_id FROM postings p WHERE p.affiliate_id = $
                            ORDER BY p.affiliate_id DESC, p.currency DESC, p.seq DESC LIMIT ${ENTRIES_OF_AFFILIATE_MAX})`,
    },
    { name: 'moved', label: 'Moved', kind: 'money', sql: 'l.moved', currency: 't.currency' },
    {
      name: 'commissionId',
      label: 'Commission',
      kind: 'text',
      sql: 't.commission_id',
      reference: 'commissions',
      filter: 'equals',
    },
    { name: 'payoutId', label: 'Payout', kind: 'text', sql: 't.payout_id', reference: 'payouts', filter: 'equals' },
    { name: 'postings', label: 'Postings', kind: 'component', component: 'Postings', sql: 'l.postings', on: ['show'] },
    { name: 'reason', label: 'Reason', kind: 'text', isLong: true, sql: 't.reason', on: ['show'] },
    { name: 'staffUserId', label: 'By', kind: 'text', sql: 't.staff_user_id', reference: 'staff', on: ['show'] },
    {
      name: 'stripeEventId',
      label: 'Stripe event',
      kind: 'text',
      sql: 't.stripe_event_id',
      reference: 'stripe-events',
      on: ['show'],
    },
    { name: 'occurredAt', label: 'Happened', kind: 'moment', sql: 't.occurred_at', on: ['show'] },
    { name: 'seal', label: 'Seal', kind: 'count', sql: 'seal.number', on: ['show'] },
    { name: 'facts', label: 'Facts it was worked out from', kind: 'json', sql: 't.facts', on: ['show'] },
  ],
};

export const payouts: ResourceSpec = {
  id: 'payouts',
  name: 'Payouts',
  group: 'Money',
  table: 'payouts',
  joins: 'JOIN payout_runs run ON run.id = t.run_id',
  key: 't.id',
  order: 't.id DESC',
  idKind: 'payout',
  title: 'id',
  columns: [
    { name: 'period', label: 'Period', kind: 'text', sql: 'run.period' },
    AFFILIATE,
    { name: 'amount', label: 'Amount', kind: 'money', sql: 't.amount_minor', currency: 't.currency' },
    { name: 'status', label: 'Status', kind: 'status', sql: 't.status', values: PAYOUT_STATUSES, filter: 'equals' },
    { name: 'createdAt', label: 'Reserved', kind: 'moment', sql: 't.created_at', filter: 'period' },
    { name: 'paidAt', label: 'Paid', kind: 'moment', sql: 't.paid_at' },
    { name: 'runId', label: 'Run', kind: 'text', sql: 't.run_id', reference: 'runs', filter: 'equals', on: ['show'] },
    {
      name: 'failureMessage',
      label: 'Why it failed',
      kind: 'text',
      isLong: true,
      sql: 't.failure_message',
      on: ['show'],
    },
    { name: 'failureCode', label: 'Failure code', kind: 'code', sql: 't.failure_code', on: ['show'] },
    { name: 'attempts', label: 'Attempts', kind: 'count', sql: 't.attempt_no', on: ['show'] },
    { name: 'stripeTransferId', label: 'Stripe transfer', kind: 'text', sql: 't.stripe_transfer_id', on: ['show'] },
    { name: 'destination', label: 'Stripe account', kind: 'text', sql: 't.destination', on: ['show'] },
    {
      name: 'amountReversed',
      label: 'Came back',
      kind: 'money',
      sql: 't.amount_reversed_minor',
      currency: 't.currency',
      on: ['show'],
    },
    relatedBy({ payoutId: 't.id' }, 'All of this payout'),
  ],
};

export const runs: ResourceSpec = {
  id: 'runs',
  name: 'Payout runs',
  group: 'Money',
  table: 'payout_runs',
  key: 't.id',
  order: 't.id DESC',
  title: 'period',
  search: "t.period LIKE $ || '%'",
  columns: [
    { name: 'period', label: 'Period', kind: 'text', sql: 't.period', filter: 'equals' },
    { name: 'status', label: 'Status', kind: 'status', sql: 't.status' },
    { name: 'totals', label: 'Total', kind: 'component', component: 'Amounts' },
    { name: 'payouts', label: 'Payouts', kind: 'count' },
    { name: 'startedAt', label: 'Started', kind: 'moment', sql: 't.started_at' },
    { name: 'finishedAt', label: 'Finished', kind: 'moment', sql: 't.finished_at' },
    { name: 'progress', label: 'How it gets on', kind: 'component', component: 'RunProgress', on: ['show'] },
    { name: 'cutOff', label: 'Pays what was due by', kind: 'moment', sql: 't.cut_off', on: ['show'] },
    { name: 'haltedReason', label: 'Halted because', kind: 'text', isLong: true, sql: 't.halted_reason', on: ['show'] },
    { name: 'decision', label: 'Decision', kind: 'status', sql: 't.decision', on: ['show'] },
    { name: 'decidedBy', label: 'Decided by', kind: 'text', sql: 't.decided_by', reference: 'staff', on: ['show'] },
    { name: 'decisionReason', label: 'Reason', kind: 'text', isLong: true, sql: 't.decision_reason', on: ['show'] },
    relatedBy({ runId: 't.id' }, 'All of this run'),
  ],
};

export const plans: ResourceSpec = {
  id: 'plans',
  name: 'Plans',
  group: 'Terms',
  table: 'plans',
  joins: `CROSS JOIN LATERAL (SELECT v.* FROM plan_versions v WHERE v.plan_id = t.id ORDER BY v.version DESC LIMIT 1) v`,
  key: 't.id',
  order: 't.id DESC',
  title: 'name',
  search: "t.name ILIKE '%' || $ || '%'",
  columns: [
    { name: 'name', label: 'Name', kind: 'text', sql: 't.name' },
    { name: 'version', label: 'Newest version', kind: 'count', sql: 'v.version' },
    ...termsOf('v'),
    relatedBy({ planId: 't.id' }, 'All of this plan'),
    { name: 'createdAt', label: 'Since', kind: 'moment', sql: 't.created_at', on: ['show'] },
  ],
};

export const planVersions: ResourceSpec = {
  id: 'plan-versions',
  name: 'Plan versions',
  group: 'Terms',
  table: 'plan_versions',
  joins: 'JOIN plans plan ON plan.id = t.plan_id',
  key: 't.id',
  order: 't.id DESC',
  title: 'title',
  hint: 'A referral keeps the version of its day. A change of terms is a new version of its plan.',
  columns: [
    { name: 'title', label: 'Version', kind: 'text', sql: "plan.name || ' ' || t.version" },
    { name: 'planId', label: 'Plan', kind: 'text', sql: 't.plan_id', reference: 'plans', filter: 'equals' },
    ...termsOf('t'),
    { name: 'effectiveFrom', label: 'In force from', kind: 'moment', sql: 't.effective_from' },
  ],
};
