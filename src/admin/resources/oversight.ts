import { STAFF_ROLES } from '../../staff/staff-role.js';
import type { ResourceSpec } from './resource-spec.js';

export const reviewCases: ResourceSpec = {
  id: 'review-cases',
  name: 'Review queue',
  group: 'Today',
  table: 'review_cases',
  joins: `CROSS JOIN LATERAL (SELECT count(*)::int AS signals, max(s.found_at) AS last_found,
            (array_agg(s.summary ORDER BY s.found_at DESC))[1] AS summary
            FROM review_signals s WHERE s.case_id = t.id) found`,
  key: 't.id',
  order: "(t.status = 'open') DESC, t.id DESC",
  title: 'rule',
  columns: [
    { name: 'rule', label: 'Rule', kind: 'text', sql: 't.rule', filter: 'equals' },
    {
      name: 'affiliateId',
      label: 'Affiliate',
      kind: 'text',
      sql: 't.affiliate_id',
      reference: 'affiliates',
      filter: 'equals',
    },
    {
      name: 'status',
      label: 'Status',
      kind: 'status',
      sql: 't.status',
      values: ['open', 'approved', 'rejected'],
      filter: 'equals',
    },
    { name: 'question', label: 'What is asked', kind: 'text', isLong: true, on: ['show'] },
    { name: 'holds', label: 'Holds money', kind: 'yesno', sql: 't.holds' },
    { name: 'summary', label: 'What was found', kind: 'text', sql: 'found.summary', on: ['list'] },
    { name: 'openedAt', label: 'Opened', kind: 'moment', sql: 't.opened_at' },
    {
      name: 'evidence',
      label: 'Evidence',
      kind: 'component',
      component: 'Evidence',
      sql: `(SELECT json_agg(json_build_object('key', s.key, 'summary', s.summary, 'evidence', s.evidence, 'foundAt', s.found_at,
               'stripeEventId', s.stripe_event_id, 'subject', s.subject, 'referralId', s.referral_id) ORDER BY s.found_at DESC, s.key)
               FROM (SELECT * FROM review_signals WHERE case_id = t.id ORDER BY found_at DESC, key LIMIT 100) s)`,
      on: ['show'],
    },
    {
      name: 'balances',
      label: 'The affiliate’s balances',
      kind: 'component',
      component: 'Balances',
      sql: `(SELECT json_agg(json_build_object('currency', b.currency, 'held', b.held_minor::text, 'payable', b.payable_minor::text,
               'inPayout', b.in_payout_minor::text, 'paid', b.paid_out_minor::text, 'lifetimeEarned', b.lifetime_earned_minor::text)
               ORDER BY b.currency) FROM balances b WHERE b.affiliate_id = t.affiliate_id)`,
      on: ['show'],
    },
    { name: 'signals', label: 'Signals', kind: 'count', sql: 'found.signals', on: ['show'] },
    { name: 'closedAt', label: 'Decided', kind: 'moment', sql: 't.closed_at', on: ['show'] },
    { name: 'decidedBy', label: 'Decided by', kind: 'text', sql: 't.decided_by', reference: 'staff', on: ['show'] },
    { name: 'reason', label: 'Reason', kind: 'text', isLong: true, sql: 't.reason', on: ['show'] },
    {
      name: 'related',
      label: 'All of this affiliate',
      kind: 'component',
      component: 'Related',
      sql: `json_build_object('affiliateId', t.affiliate_id)`,
      on: ['show'],
    },
  ],
};

/** How each rule is set. Its rows are the registry's, not a table's. */
export const rules: ResourceSpec = {
  id: 'rules',
  name: 'Fraud rules',
  group: 'Oversight',
  key: 'id',
  order: 'id',
  title: 'name',
  columns: [
    { name: 'name', label: 'Rule', kind: 'text' },
    { name: 'mode', label: 'Mode', kind: 'status' },
    { name: 'description', label: 'What it looks at', kind: 'text', isLong: true },
    { name: 'thresholdsText', label: 'Thresholds', kind: 'text' },
    { name: 'modes', label: 'Can be', kind: 'text', on: ['show'] },
    { name: 'question', label: 'What it asks staff', kind: 'text', isLong: true, on: ['show'] },
    { name: 'meanings', label: 'What the thresholds mean', kind: 'json', on: ['show'] },
  ],
};

export const whitelist: ResourceSpec = {
  id: 'whitelist',
  name: 'Allowed pairs',
  group: 'Oversight',
  table: 'review_whitelist',
  key: "t.affiliate_id || ' ' || t.rule || ' ' || t.subject",
  order: 't.created_at DESC',
  title: 'rule',
  columns: [
    {
      name: 'affiliateId',
      label: 'Affiliate',
      kind: 'text',
      sql: 't.affiliate_id',
      reference: 'affiliates',
      filter: 'equals',
    },
    { name: 'rule', label: 'Rule', kind: 'text', sql: 't.rule', filter: 'equals' },
    { name: 'subject', label: 'The other party', kind: 'text', sql: "coalesce(nullif(t.subject, ''), 'any')" },
    { name: 'staffUserId', label: 'Allowed by', kind: 'text', sql: 't.staff_user_id', reference: 'staff' },
    { name: 'reason', label: 'Reason', kind: 'text', isLong: true, sql: 't.reason' },
    { name: 'createdAt', label: 'Since', kind: 'moment', sql: 't.created_at' },
  ],
};

export const stripeEvents: ResourceSpec = {
  id: 'stripe-events',
  name: 'Stripe events',
  group: 'Oversight',
  table: 'stripe_events',
  key: 't.id',
  order: 't.received_at DESC, t.id DESC',
  title: 'id',
  columns: [
    { name: 'receivedAt', label: 'Received', kind: 'moment', sql: 't.received_at', filter: 'period' },
    { name: 'type', label: 'Type', kind: 'text', sql: 't.type' },
    {
      name: 'status',
      label: 'Status',
      kind: 'status',
      sql: 't.status',
      values: ['pending', 'processed', 'ignored', 'parked', 'failed'],
      filter: 'equals',
    },
    { name: 'attempts', label: 'Failed tries', kind: 'count', sql: 't.attempts' },
    { name: 'eventId', label: 'Id', kind: 'text', sql: 't.id', filter: 'equals' },
    { name: 'lastError', label: 'Last error', kind: 'text', isLong: true, sql: 't.last_error', on: ['show'] },
    { name: 'accountId', label: 'Connected account', kind: 'text', sql: 't.account_id', on: ['show'] },
    { name: 'apiVersion', label: 'API version', kind: 'text', sql: 't.api_version', on: ['show'] },
    { name: 'processedAt', label: 'Processed', kind: 'moment', sql: 't.processed_at', on: ['show'] },
    { name: 'payload', label: 'What Stripe sent', kind: 'json', sql: 't.payload', on: ['show'] },
  ],
};

export const staff: ResourceSpec = {
  id: 'staff',
  name: 'Staff',
  group: 'Oversight',
  table: 'staff_users',
  key: 't.id',
  order: 't.id DESC',
  title: 'name',
  search: "t.name ILIKE '%' || $ || '%' OR t.email ILIKE '%' || $ || '%'",
  columns: [
    { name: 'name', label: 'Name', kind: 'text', sql: 't.name' },
    { name: 'email', label: 'Email', kind: 'text', sql: 't.email' },
    { name: 'role', label: 'Role', kind: 'status', sql: 't.role', values: STAFF_ROLES, filter: 'equals' },
    { name: 'totp', label: 'Second factor', kind: 'yesno', sql: 't.totp_enabled' },
    {
      name: 'state',
      label: 'State',
      kind: 'status',
      sql: "CASE WHEN t.deactivated_at IS NULL THEN 'active' ELSE 'deactivated' END",
    },
    { name: 'createdAt', label: 'Since', kind: 'moment', sql: 't.created_at' },
    { name: 'deactivatedAt', label: 'Deactivated', kind: 'moment', sql: 't.deactivated_at', on: ['show'] },
    {
      name: 'related',
      label: 'What this person did',
      kind: 'component',
      component: 'Related',
      sql: `json_build_object('staffUserId', t.id)`,
      on: ['show'],
    },
  ],
};

export const auditLog: ResourceSpec = {
  id: 'audit-log',
  name: 'Audit log',
  group: 'Oversight',
  table: 'audit_log',
  key: 't.id',
  order: 't.id DESC',
  title: 'action',
  hint: 'Nothing here can be changed; it is sealed together with the ledger.',
  columns: [
    { name: 'recordedAt', label: 'When', kind: 'moment', sql: 't.recorded_at', filter: 'period' },
    { name: 'actorId', label: 'Who', kind: 'text', sql: 't.actor_id', reference: 'staff', filter: 'equals' },
    { name: 'action', label: 'Did', kind: 'text', sql: 't.action' },
    {
      name: 'subjectId',
      label: 'To what',
      kind: 'component',
      component: 'IdLink',
      sql: `json_build_object('id', t.subject_id, 'type', t.subject_type)`,
      filter: 'equals',
      condition: 't.subject_id = $',
    },
    { name: 'reason', label: 'Why', kind: 'text', isLong: true, sql: 't.reason' },
    { name: 'before', label: 'Before', kind: 'json', sql: 't.before', on: ['show'] },
    { name: 'after', label: 'After', kind: 'json', sql: 't.after', on: ['show'] },
  ],
};
