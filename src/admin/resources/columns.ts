import type { Column } from './resource-spec.js';

/** Whose it is. Narrowing down by it asks for an index that begins with the affiliate, or for a `condition` of its own. */
export const AFFILIATE: Column = {
  name: 'affiliateId',
  label: 'Affiliate',
  kind: 'text',
  sql: 't.affiliate_id',
  reference: 'affiliates',
  filter: 'equals',
};

/** The version of a plan that it earns by. */
export const PLAN_VERSION: Column = {
  name: 'planVersionId',
  label: 'Terms',
  kind: 'text',
  sql: 't.plan_version_id',
  reference: 'plan-versions',
  on: ['show'],
};

/** What a version of a plan says, of the row that `version` names. */
export function termsOf(version: 't' | 'v'): Column[] {
  return [
    { name: 'rate', label: 'Rate', kind: 'rate', sql: `${version}.rate_bps` },
    {
      name: 'duration',
      label: 'Earns',
      kind: 'text',
      sql: `coalesce(${version}.duration_months || ' months', 'for life')`,
    },
    {
      name: 'holdDays',
      label: 'Held',
      kind: 'text',
      sql: `CASE ${version}.hold_days WHEN 0 THEN 'not held' ELSE ${version}.hold_days || ' days' END`,
    },
  ];
}

/** All balances of the affiliate whose id this expression gives. */
export function balancesOf(affiliateId: string, label: string): Column {
  return {
    name: 'balances',
    label,
    kind: 'component',
    component: 'Balances',
    sql: `(SELECT json_agg(json_build_object('currency', b.currency, 'held', b.held_minor::text, 'payable', b.payable_minor::text,
               'inPayout', b.in_payout_minor::text, 'paid', b.paid_out_minor::text, 'lifetimeEarned', b.lifetime_earned_minor::text)
               ORDER BY b.currency) FROM balances b WHERE b.affiliate_id = ${affiliateId})`,
    on: ['show'],
  };
}

/** Links to the lists that have more of it, narrowed down by these ids: expressions by the names that the links know. */
export function relatedBy(ids: Record<string, string>, label: string): Column {
  const pairs = Object.entries(ids).map(([name, sql]) => `'${name}', ${sql}`);
  return {
    name: 'related',
    label,
    kind: 'component',
    component: 'Related',
    sql: `json_build_object(${pairs.join(', ')})`,
    on: ['show'],
  };
}
