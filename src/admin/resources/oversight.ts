import { STAFF_ROLES } from '../../staff/staff-role.js';
import { AFFILIATE, balancesOf, relatedBy } from './columns.js';
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
    { name: 'rule', label: 'Rule', kind: 'code', sql: 't.rule', filter: 'equals' },
    AFFILIATE,
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
    balancesOf('t.affiliate_id', 'The affiliate’s balances'),
    { name: 'signals', label: 'Signals', kind: 'count', sql: 'found.signals', on: ['show'] },
    { name: 'closedAt', label: 'Decided', kind: 'moment', sql: 't.closed_at', on: ['show'] },
    { name: 'decidedBy', label: 'Decided by', kind: 'text', sql: 't.decided_by', reference: 'staff', on: ['show'] },
    { name: 'reason', label: 'Reason', kind: 'text', isLong: true, sql: 't.reason', on: ['show'] },
    relatedBy({ affiliateId: 't.affiliate_id' }, 'All of this affiliate'),
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
  hint: 'What is set by the environment can only be read here.',
  columns: [
    { name: 'name', label: 'Rule', kind: 'text' },
    { name: 'level', label: 'Level', kind: 'status' },
    { name: 'description', label: 'What it looks at', kind: 'text', isLong: true },
    { name: 'value', label: 'Set to', kind: 'text' },
    { name: 'setBy', label: 'Set by', kind: 'text', on: ['show'] },
    { name: 'enforcedWhen', label: 'When it looks', kind: 'text', isLong: true, on: ['show'] },
    { name: 'levels', label: 'What else it can be', kind: 'text', isLong: true, on: ['show'] },
    { name: 'question', label: 'What it asks staff', kind: 'text', isLong: true, on: ['show'] },
    { name: 'meanings', label: 'What its numbers mean', kind: 'json', on: ['show'] },
    { name: 'related', label: 'What it did', kind: 'component', component: 'Related', on: ['show'] },
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
    AFFILIATE,
    { name: 'rule', label: 'Rule', kind: 'code', sql: 't.rule', filter: 'equals' },
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

/** What affiliates were written about: no texts, no addresses. */
export const emails: ResourceSpec = {
  id: 'emails',
  name: 'Emails',
  group: 'Partners',
  table: 'emails',
  key: 't.id',
  order: 't.id DESC',
  idKind: 'email',
  title: 'occasion',
  columns: [
    { name: 'createdAt', label: 'Written', kind: 'moment', sql: 't.created_at', filter: 'period' },
    AFFILIATE,
    { name: 'occasion', label: 'About', kind: 'text', sql: "replace(t.occasion, '_', ' ')" },
    {
      name: 'status',
      label: 'Status',
      kind: 'status',
      sql: 't.status',
      values: ['queued', 'sending', 'sent', 'failed', 'dropped'],
      filter: 'equals',
    },
    { name: 'attempts', label: 'Tries', kind: 'count', sql: 't.attempts' },
    { name: 'lastError', label: 'What the mail server said', kind: 'text', sql: 't.last_error' },
    { name: 'droppedReason', label: 'Why it was not sent', kind: 'text', sql: "replace(t.dropped_reason, '_', ' ')" },
    { name: 'endedAt', label: 'Ended', kind: 'moment', sql: 't.ended_at' },
    { name: 'nextTryAt', label: 'Next try', kind: 'moment', sql: 't.next_try_at', on: ['show'] },
    { name: 'subjectId', label: 'Payout, run or notice', kind: 'text', sql: 't.subject_id', on: ['show'] },
    { name: 'messageId', label: 'Message-ID', kind: 'text', sql: 't.message_id', on: ['show'] },
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
    relatedBy({ staffUserId: 't.id' }, 'What this person did'),
  ],
};

export const auditLog: ResourceSpec = {
  id: 'audit-log',
  name: 'Audit log',
  group: 'Oversight',
  table: 'audit_log',
  key: 't.id',
  order: 't.id DESC',
  idKind: 'auditRecord',
  title: 'action',
  hint: 'Nothing here can be changed; it is sealed together with the ledger.',
  columns: [
    { name: 'recordedAt', label: 'When', kind: 'moment', sql: 't.recorded_at', filter: 'period' },
    { name: 'actorId', label: 'Who', kind: 'text', sql: 't.actor_id', reference: 'staff', filter: 'equals' },
    { name: 'action', label: 'Did', kind: 'code', sql: 't.action' },
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
