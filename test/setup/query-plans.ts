import pg from 'pg';
import type { TappedStatement } from './statement-tap.js';

/**
 * Tables that do not grow with the business: what is configured, one row for everything, one a month or a night, and
 * work lists that their reader empties and that have no index on purpose. Every other table grows.
 */
const SMALL_TABLES = new Set([
  'email_hash_key',
  'email_switch',
  'event_consumers',
  'event_feed',
  'fraud_evaluation',
  'fraud_news',
  'fraud_rule_settings',
  'funds_waits',
  'installation',
  'ip_hash_keys',
  'journal_unsealed',
  'ledger_verification_requests',
  'ledger_verifications',
  'payout_runs',
  'payout_sender',
  'plan_versions',
  'plans',
  'reconciliations',
  'retired_code_key',
  'staff_known_ips',
  'staff_users',
  'stripe_backfill',
  'webhook_endpoints',
]);

/** By natural choice the planner reads a table of fewer rows as a whole, and is right to. */
const ROWS_TO_JUDGE = 20_000;

/** More rows of a growing table than that no statement of a request reads, whatever index it reads them by. */
const ROWS_READ_MAX = 10_000;

/** What may read more: as much as is said here, however the table grows. */
const BOUNDED_OTHERWISE: readonly RegExp[] = [
  // The panel looks for an affiliate's clicks among the newest hundred thousand, and for its entries among twenty thousand.
  /FROM clicks ORDER BY id DESC LIMIT 100000\b/,
  /FROM postings p WHERE p\.affiliate_id = \$\d+ .* LIMIT 20000\b/s,
  // The charts of the panel's start page, of the last thirty days, are worked out once a minute for everybody.
  /FROM (click_days|referral_days) WHERE day >= \$1::date GROUP BY 1$/,
  /sum\(count\(\*\)\) OVER \(PARTITION BY currency\) AS busy/,
];

/** A walk that wastes so much of a table, of that many rows at least, only ended because the table did. */
const WASTED_MAX = 0.9;
const WALK_TO_JUDGE = 50;

/** What would stay locked, or counted, after the transaction is rolled back. */
const LASTING = /advisory|nextval/;

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  /** Of each time the node was begun; only after the statement was run. */
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Plan[];
}

/** Looks at the plans of statements on a database that somebody else fills. */
export class QueryPlans {
  private readonly rows = new Map<string, number>();
  private readonly partialIndexes = new Set<string>();

  private constructor(private readonly client: pg.Client) {}

  /** After the tables were analysed. */
  static async open(url: string): Promise<QueryPlans> {
    const plans = new QueryPlans(new pg.Client({ connectionString: url }));
    await plans.client.connect();
    const { rows } = await plans.client.query<{ name: string; rows: number }>(
      `SELECT relname AS name, reltuples::int AS rows FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    for (const { name, rows: count } of rows) plans.rows.set(name, count);
    const { rows: partial } = await plans.client.query<{ name: string }>(
      `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indpred IS NOT NULL`,
    );
    for (const { name } of partial) plans.partialIndexes.add(name);
    return plans;
  }

  close(): Promise<void> {
    return this.client.end();
  }

  /**
   * The growing tables that the statements read as a whole, each with the statement: by the planner's choice, where a
   * table has enough rows for that to mean something, and by necessity, for want of an index. Reads are run once more,
   * too: what a limit would end may find nothing until the table ends, and what goes by an index may still read much.
   */
  async breaches(statements: readonly TappedStatement[]): Promise<string[]> {
    const found: string[] = [];
    for (const statement of statements) {
      if (!/^\s*(SELECT|WITH|INSERT|UPDATE|DELETE|DECLARE)\b/i.test(statement.text)) continue;
      const chosen = this.wholeReads(await this.explain(statement, false)).filter(
        ({ table }) => (this.rows.get(table) ?? 0) >= ROWS_TO_JUDGE,
      );
      const needed = this.wholeReads(await this.explain(statement, true)).filter(({ node }) => node === 'Seq Scan');
      for (const { table, node } of [...chosen, ...needed]) {
        if (!SMALL_TABLES.has(table)) found.push(`${node} of all of ${table} by: ${oneLine(statement)}`);
      }
      if (/^\s*(SELECT|WITH)\b/i.test(statement.text) && !LASTING.test(statement.text)) {
        found.push(...(await this.longReads(statement)));
      }
    }
    return found;
  }

  private async longReads(statement: TappedStatement): Promise<string[]> {
    const found: string[] = [];
    const offset = Number(/\bOFFSET (\d+)/.exec(statement.text)?.[1] ?? 0);
    // What must be walked through is seen of a small table, too, once the planner does without reading it as a whole.
    for (const { table, wasted } of readsOf(await this.run(statement, true), null)) {
      const all = this.rows.get(table) ?? 0;
      if (all >= WALK_TO_JUDGE && wasted - offset > all * WASTED_MAX && !SMALL_TABLES.has(table)) {
        found.push(`${wasted} of ${all} rows of ${table} passed by before its limit, by: ${oneLine(statement)}`);
      }
    }
    const rowsRead = new Map<string, number>();
    for (const { table, rows } of readsOf(await this.run(statement, false), null)) {
      rowsRead.set(table, (rowsRead.get(table) ?? 0) + rows);
    }
    for (const [table, rows] of rowsRead) {
      if (rows <= ROWS_READ_MAX || SMALL_TABLES.has(table)) continue;
      if (BOUNDED_OTHERWISE.some((bounded) => bounded.test(statement.text))) continue;
      found.push(`${rows} rows of ${table} read by: ${oneLine(statement)}`);
    }
    return found;
  }

  private async explain(statement: TappedStatement, isByIndex: boolean): Promise<Plan> {
    await this.client.query(`SET enable_seqscan = ${isByIndex ? 'off' : 'on'}`);
    return this.plan(statement, 'FORMAT JSON');
  }

  /** Without effect. */
  private async run(statement: TappedStatement, isByIndex: boolean): Promise<Plan> {
    await this.client.query(`SET enable_seqscan = ${isByIndex ? 'off' : 'on'}; BEGIN`);
    try {
      return await this.plan(statement, 'ANALYZE, TIMING OFF, FORMAT JSON');
    } finally {
      await this.client.query('ROLLBACK');
    }
  }

  private async plan({ text, values }: TappedStatement, options: string): Promise<Plan> {
    const { rows } = await this.client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>({
      text: `EXPLAIN (${options}) ${text}`,
      values,
    });
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    if (!plan) throw new Error(`there is no plan of ${text}`);
    return plan;
  }

  /**
   * The tables of which a plan reads every row: by a sequential scan, or through all of an index, unless a limit above
   * ends that. A limit counts only while nothing between needs all rows first. A partial index is a work list.
   */
  private wholeReads(plan: Plan, isLimited = false): { table: string; node: string }[] {
    const { 'Node Type': node, 'Relation Name': table, 'Index Name': index = '' } = plan;
    const isThroughIndex = /^Index (Only )?Scan$/.test(node) && plan['Index Cond'] === undefined;
    const isWhole = node === 'Seq Scan' || (isThroughIndex && !isLimited && !this.partialIndexes.has(index));
    const below = node === 'Limit' || (isLimited && !/Sort|Aggregate|Hash|Materialize|Unique|WindowAgg/.test(node));
    return [
      ...(isWhole && table !== undefined ? [{ table, node }] : []),
      ...(plan.Plans ?? []).flatMap((child) => this.wholeReads(child, below)),
    ];
  }
}

/**
 * The rows that a plan has read, scan by scan, and how many of a walk through all of an index it read for nothing: beside
 * those that the limit above let through.
 */
function readsOf(plan: Plan, limitRows: number | null): { table: string; rows: number; wasted: number }[] {
  const { 'Node Type': node, 'Relation Name': table, 'Index Cond': condition } = plan;
  const loops = plan['Actual Loops'] ?? 0;
  const each = (plan['Actual Rows'] ?? 0) + removedBy(plan);
  const isWalk = limitRows !== null && /^Index (Only )?Scan$/.test(node) && condition === undefined;
  const takesAll = /Sort|Aggregate|Hash|Materialize|Unique|WindowAgg|Merge Join/.test(node);
  const below = node === 'Limit' ? (plan['Actual Rows'] ?? 0) * loops : takesAll ? null : limitRows;
  return [
    ...(table === undefined ? [] : [{ table, rows: each * loops, wasted: isWalk ? each * loops - limitRows : 0 }]),
    ...(plan.Plans ?? []).flatMap((child) => readsOf(child, below)),
  ];
}

function removedBy(plan: Plan): number {
  return (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0);
}

function oneLine({ text }: TappedStatement): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
