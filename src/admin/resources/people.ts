import { AFFILIATE_STATUSES } from '../../affiliates/affiliate-status.js';
import { AFFILIATE, balancesOf, PLAN_VERSION, relatedBy } from './columns.js';
import type { ResourceSpec } from './resource-spec.js';

/**
 * Names have the words that what was typed consists of, or begin with them. Each way by itself and as a list of ids, so that
 * the planner never reads through all affiliates in their order to find a few.
 */
const IS_CALLED = `t.id = ANY (ARRAY(
    SELECT n.id FROM affiliates n
    WHERE to_tsvector('simple', n.name)
          @@ (replace(nullif(plainto_tsquery('simple', $)::text, ''), ''' & ''', ''':* & ''') || ':*')::tsquery
    UNION ALL SELECT n.id FROM affiliates n WHERE n.id = $
    UNION ALL SELECT n.id FROM affiliates n WHERE n.user_id = $
    UNION ALL SELECT n.id FROM affiliates n WHERE lower(n.email) = lower($)
    UNION ALL SELECT c.affiliate_id FROM affiliate_codes c WHERE c.code = upper($)))`;

export const affiliates: ResourceSpec = {
  id: 'affiliates',
  name: 'Affiliates',
  group: 'Partners',
  table: 'affiliates',
  joins: `LEFT JOIN LATERAL (SELECT c.code FROM affiliate_codes c WHERE c.affiliate_id = t.id AND c.is_current LIMIT 1) code ON TRUE
          LEFT JOIN plans plan ON plan.id = t.plan_id`,
  key: 't.id',
  order: 't.id DESC',
  idKind: 'affiliate',
  title: 'name',
  hint: 'Names are found by how their words begin, and also by an e-mail address, a code, or an id of ours or the host’s.',
  columns: [
    { name: 'name', label: 'Name', kind: 'text', sql: 't.name', filter: 'equals', condition: IS_CALLED },
    {
      name: 'status',
      label: 'Status',
      kind: 'status',
      sql: 't.status',
      values: AFFILIATE_STATUSES,
      filter: 'equals',
    },
    {
      name: 'code',
      label: 'Code',
      kind: 'text',
      sql: 'code.code',
      filter: 'equals',
      condition: 't.id IN (SELECT affiliate_id FROM affiliate_codes WHERE code = upper($))',
    },
    {
      name: 'payable',
      label: 'Payable',
      kind: 'component',
      component: 'Amounts',
      sql: `(SELECT json_agg(json_build_object('currency', b.currency, 'amountMinor', b.payable_minor::text) ORDER BY b.currency)
               FROM balances b WHERE b.affiliate_id = t.id AND b.payable_minor <> 0)`,
      on: ['list'],
    },
    {
      name: 'openCases',
      label: 'Open cases',
      kind: 'count',
      sql: "(SELECT count(*)::int FROM review_cases c WHERE c.affiliate_id = t.id AND c.status = 'open')",
    },
    { name: 'payoutsEnabled', label: 'Can be paid', kind: 'yesno', sql: 't.payouts_enabled' },
    { name: 'createdAt', label: 'Since', kind: 'moment', sql: 't.created_at', filter: 'period' },
    balancesOf('t.id', 'Balances'),
    relatedBy({ affiliateId: 't.id' }, 'All of this affiliate'),
    { name: 'email', label: 'Email', kind: 'text', sql: 't.email', on: ['show'] },
    { name: 'userId', label: 'User id of the host', kind: 'text', sql: 't.user_id', on: ['show'], filter: 'equals' },
    { name: 'country', label: 'Country', kind: 'text', sql: 't.country', on: ['show'] },
    { name: 'planId', label: 'Plan', kind: 'text', sql: 't.plan_id', reference: 'plans', on: ['show'] },
    {
      name: 'ownRate',
      label: 'Own rate',
      kind: 'rate',
      sql: `(SELECT r.rate_bps FROM affiliate_rates r WHERE r.affiliate_id = t.id AND r.effective_from <= now()
               ORDER BY r.effective_from DESC LIMIT 1)`,
      on: ['show'],
    },
    { name: 'stripeAccountId', label: 'Stripe account', kind: 'text', sql: 't.stripe_account_id', on: ['show'] },
    {
      name: 'formerCodes',
      label: 'Former codes, still valid',
      kind: 'text',
      sql: `(SELECT string_agg(a.code, ', ' ORDER BY a.created_at DESC) FROM affiliate_codes a WHERE a.affiliate_id = t.id AND NOT a.is_current)`,
      on: ['show'],
    },
  ],
};

export const referrals: ResourceSpec = {
  id: 'referrals',
  name: 'Referrals',
  group: 'Partners',
  table: 'referrals',
  key: 't.id',
  order: 't.id DESC',
  idKind: 'referral',
  title: 'referredUserId',
  search: 't.referred_user_id = $ OR t.id = $',
  columns: [
    {
      name: 'referredUserId',
      label: 'Referred user',
      kind: 'text',
      sql: 't.referred_user_id',
      filter: 'equals',
    },
    AFFILIATE,
    {
      name: 'status',
      label: 'Status',
      kind: 'status',
      sql: 't.status',
      values: ['trial', 'paid', 'churned'],
      filter: 'equals',
      condition: 't.status >= $ AND t.status <= $',
      order: 't.status DESC, t.id DESC',
    },
    { name: 'mrr', label: 'Monthly revenue', kind: 'money', sql: 't.mrr_minor', currency: 't.currency' },
    { name: 'createdAt', label: 'Signed up', kind: 'moment', sql: 't.occurred_at' },
    { name: 'convertedAt', label: 'First paid', kind: 'moment', sql: 't.converted_at' },
    { name: 'churnedAt', label: 'Ended', kind: 'moment', sql: 't.churned_at', on: ['show'] },
    relatedBy({ referralId: 't.id', referredUserId: 't.referred_user_id' }, 'All of this referral'),
    { name: 'clickId', label: 'Click', kind: 'text', sql: 't.click_id', reference: 'clicks', on: ['show'] },
    { name: 'decisionId', label: 'Decision', kind: 'text', sql: 't.decision_id', reference: 'decisions', on: ['show'] },
    PLAN_VERSION,
    {
      name: 'stripeCustomerId',
      label: 'Stripe customer',
      kind: 'text',
      sql: 't.stripe_customer_id',
      filter: 'equals',
      on: ['show'],
    },
  ],
};

/** An index over affiliates would cost every click of every visitor; instead a filter looks at the newest ones only. */
const CLICKS_LOOKED_THROUGH = 100_000;

export const clicks: ResourceSpec = {
  id: 'clicks',
  name: 'Clicks',
  group: 'Partners',
  table: 'clicks',
  key: 't.id',
  order: 't.id DESC',
  idKind: 'click',
  title: 'id',
  hint: 'An affiliate’s clicks are looked for among the newest hundred thousand.',
  columns: [
    { name: 'occurredAt', label: 'When', kind: 'moment', sql: 't.occurred_at', filter: 'period' },
    {
      ...AFFILIATE,
      // As an array, they are looked up by the key; joined, all clicks there are might be read to find them.
      condition: `t.id = ANY (ARRAY(SELECT n.id FROM (SELECT id, affiliate_id FROM clicks ORDER BY id DESC LIMIT ${CLICKS_LOOKED_THROUGH}) n
                                     WHERE n.affiliate_id = $))`,
    },
    { name: 'code', label: 'Code', kind: 'text', sql: 't.code' },
    { name: 'url', label: 'Landing page', kind: 'text', isLong: true, sql: 't.url' },
    { name: 'referrer', label: 'Came from', kind: 'text', isLong: true, sql: 't.referrer', on: ['show'] },
    { name: 'userAgent', label: 'Browser', kind: 'text', isLong: true, sql: 't.user_agent', on: ['show'] },
    { name: 'subId', label: 'Affiliate’s note', kind: 'text', sql: 't.sub_id' },
    { name: 'source', label: 'Reported by', kind: 'text', sql: 't.source', on: ['show'] },
  ],
};

export const decisions: ResourceSpec = {
  id: 'decisions',
  name: 'Attribution decisions',
  group: 'Partners',
  table: 'attribution_decisions',
  key: 't.id',
  order: 't.id DESC',
  idKind: 'decision',
  title: 'id',
  columns: [
    { name: 'createdAt', label: 'When', kind: 'moment', sql: 't.created_at', filter: 'period' },
    { name: 'referredUserId', label: 'Referred user', kind: 'text', sql: 't.referred_user_id', filter: 'equals' },
    { ...AFFILIATE, filter: undefined },
    { name: 'code', label: 'Code', kind: 'text', sql: 't.code', filter: 'equals', condition: 't.code = upper($)' },
    {
      name: 'outcome',
      label: 'Outcome',
      kind: 'status',
      sql: "CASE WHEN t.attributed THEN 'attributed' ELSE 'refused' END",
    },
    { name: 'reason', label: 'Reason', kind: 'code', sql: 't.reason', filter: 'equals' },
    {
      name: 'clickId',
      label: 'Click',
      kind: 'text',
      sql: 't.click_id',
      reference: 'clicks',
      filter: 'equals',
      on: ['show'],
    },
    { name: 'referralId', label: 'Referral', kind: 'text', sql: 't.referral_id', reference: 'referrals', on: ['show'] },
    {
      name: 'rules',
      label: 'What each rule found',
      kind: 'component',
      component: 'RuleTrace',
      sql: 't.rules',
      on: ['show'],
    },
    { name: 'inputs', label: 'What was reported', kind: 'json', sql: 't.inputs', on: ['show'] },
  ],
};

export const promotionCodes: ResourceSpec = {
  id: 'promotion-codes',
  name: 'Promotion codes',
  group: 'Partners',
  table: 'promotion_codes',
  joins: `CROSS JOIN LATERAL (SELECT count(*)::int AS uses, count(*) FILTER (WHERE d.attributed)::int AS credited,
            count(*) FILTER (WHERE r.decided_at IS NULL)::int AS waiting
            FROM promotion_redemptions r LEFT JOIN attribution_decisions d ON d.id = r.decision_id
              AND d.affiliate_id = t.affiliate_id
            WHERE r.promotion_code_id = t.id) used`,
  key: 't.id',
  order: 't.id DESC',
  idKind: 'promotionCode',
  title: 'code',
  hint: 'Codes are added on the page of their affiliate. What is redeemed while a code is theirs is credited to them.',
  columns: [
    {
      name: 'code',
      label: 'Code',
      kind: 'text',
      sql: 't.code',
      filter: 'begins',
      condition: "upper(t.code) LIKE upper($) || '%'",
    },
    AFFILIATE,
    {
      name: 'state',
      label: 'State',
      kind: 'status',
      sql: "CASE WHEN t.removed_at IS NULL THEN 'active' ELSE 'removed' END",
    },
    { name: 'uses', label: 'Customers', kind: 'count', sql: 'used.uses' },
    { name: 'credited', label: 'Credited', kind: 'count', sql: 'used.credited' },
    { name: 'waiting', label: 'Wait', kind: 'count', sql: 'used.waiting' },
    { name: 'createdAt', label: 'Since', kind: 'moment', sql: 't.created_at' },
    { name: 'removedAt', label: 'Removed', kind: 'moment', sql: 't.removed_at', on: ['show'] },
    { name: 'stripeId', label: 'At Stripe', kind: 'text', sql: 't.stripe_promotion_code_id', on: ['show'] },
    relatedBy({ affiliateId: 't.affiliate_id' }, 'All of this affiliate'),
  ],
};
