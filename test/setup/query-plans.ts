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

/**
 * What must be read as a whole is seen of a much smaller one, once the planner has nothing but indexes and nested loops; of
 * one smaller still, walking through all of it is how it begins such a loop.
 */
const ROWS_TO_NEED = 1_000;

/** What the planner may use. */
const FREELY = 'SET enable_seqscan = on; SET enable_hashjoin = on; SET enable_mergejoin = on';
const WITHOUT_SEQ_SCANS = 'SET enable_seqscan = off; SET enable_hashjoin = on; SET enable_mergejoin = on';
const ONLY_LOOKING_UP = 'SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off';

/** What PostgreSQL adds to the cost of a plan that is made for the very values: for each table that it is about. */
const PLANNING_COST = 2.5;

/** More rows of a growing table than that no statement of a request reads, whatever index it reads them by. */
const ROWS_READ_MAX = 10_000;

/** What may read more: as much as is said here, however the table grows. */
const BOUNDED_OTHERWISE: readonly RegExp[] = [
  // The panel looks for an affiliate's clicks among the newest hundred thousand, and for its entries among twenty thousand.
  /FROM clicks ORDER BY id DESC LIMIT 100000\b/,
  /FROM postings p WHERE p\.affiliate_id = \$\d+ .* LIMIT 20000\b/s,
  // The charts of the panel's start page, of the last thirty days, are worked out once a minute for everybody.
  /FROM (click_days_now|referral_days) WHERE day >= \$1::date GROUP BY 1$/,
  /sum\(count\(\*\)\) OVER \(PARTITION BY currency\) AS busy/,
];

/** A walk that wastes so much of a table, of that many rows at least, only ended because the table did. */
const WASTED_MAX = 0.9;
const WALK_TO_JUDGE = 50;

/** What would stay locked, or counted, after the transaction is rolled back; and what was written already. */
const RUN_ONCE = /advisory|nextval|\b(INSERT INTO|DELETE FROM|UPDATE "?\w+"? (\w+ )?SET)\b/i;

interface Plan {
  'Node Type': string;
  'Parent Relationship'?: string;
  'Total Cost': number;
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
  /** The table that each partition is of. */
  private readonly wholes = new Map<string, string>();

  private constructor(private readonly client: pg.Client) {}

  /** After the tables were analysed. */
  static async open(url: string): Promise<QueryPlans> {
    const plans = new QueryPlans(new pg.Client({ connectionString: url }));
    await plans.client.connect();
    const { rows } = await plans.client.query<{ name: string; whole: string; rows: number }>(
      `SELECT c.relname AS name, coalesce(i.inhparent::regclass::text, c.relname) AS whole, c.reltuples::int AS rows
       FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
       WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`,
    );
    for (const { name, whole, rows: count } of rows) {
      plans.wholes.set(name, whole);
      for (const each of new Set([name, whole])) plans.rows.set(each, plans.rowsOf(each) + Math.max(count, 0));
    }
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
      for (const plan of await this.chosen(statement)) found.push(...this.wholeReadsOf(plan, ROWS_TO_JUDGE, statement));
      found.push(...this.wholeReadsOf(await this.explain(statement, ONLY_LOOKING_UP), ROWS_TO_NEED, statement));
      if (/^\s*(SELECT|WITH)\b/i.test(statement.text) && !RUN_ONCE.test(statement.text)) {
        found.push(...(await this.longReads(statement)));
      }
    }
    return found;
  }

  /** In words. A partition that has few rows yet counts for as much. */
  private wholeReadsOf(plan: Plan, rowsMin: number, statement: TappedStatement): string[] {
    const read = new Map<string, number>();
    for (const relation of new Set(this.wholeReads(plan))) {
      const table = this.wholes.get(relation) ?? relation;
      read.set(table, (read.get(table) ?? 0) + this.rowsOf(relation));
    }
    return [...read]
      .filter(([table, rows]) => rows >= rowsMin && !SMALL_TABLES.has(table))
      .map(([table]) => `all of ${table} read by: ${oneLine(statement)}`);
  }

  private async longReads(statement: TappedStatement): Promise<string[]> {
    const found: string[] = [];
    const offset = Number(/\bOFFSET (\d+)/.exec(statement.text)?.[1] ?? 0);
    // What must be walked through is seen of a small table, too, once the planner does without reading it as a whole.
    const byIndex = this.readsOf(await this.run(statement, WITHOUT_SEQ_SCANS), null);
    for (const { table, wasted } of byIndex) {
      const all = this.rowsOf(table);
      if (all >= WALK_TO_JUDGE && wasted - offset > all * WASTED_MAX && !SMALL_TABLES.has(table)) {
        found.push(`${wasted} of ${all} rows of ${table} passed by before its limit, by: ${oneLine(statement)}`);
      }
    }
    const chosen = this.readsOf(await this.run(statement, settingsOf(statement)), null);
    // The planner reads a small table as a whole for each row of another one, which counts for nothing.
    const large = chosen.filter(({ table }) => this.rowsOf(table) >= ROWS_TO_JUDGE);
    for (const reads of [byIndex, large]) {
      const rowsRead = new Map<string, number>();
      for (const { table, rows } of reads) rowsRead.set(table, (rowsRead.get(table) ?? 0) + rows);
      for (const [table, rows] of rowsRead) {
        if (rows <= ROWS_READ_MAX || SMALL_TABLES.has(table) || isBoundedOtherwise(statement)) continue;
        found.push(`${rows} rows of ${table} read by: ${oneLine(statement)}`);
      }
    }
    return found;
  }

  /**
   * The plans that a connection may have for the statement: for these values, and, once it has met the statement five
   * times, one for whatever values, where PostgreSQL thinks that no worse.
   */
  private async chosen(statement: TappedStatement): Promise<Plan[]> {
    const ofValues = await this.explain(statement, settingsOf(statement));
    if (statement.values.length === 0) return [ofValues];
    const ofAny = await this.plan({ ...statement, values: [] }, 'GENERIC_PLAN, FORMAT JSON');
    const planningCost = PLANNING_COST * (nodesOf(ofValues) + 1);
    return ofAny['Total Cost'] < ofValues['Total Cost'] + planningCost ? [ofValues, ofAny] : [ofValues];
  }

  private async explain(statement: TappedStatement, settings: string): Promise<Plan> {
    await this.client.query(settings);
    return this.plan(statement, 'FORMAT JSON');
  }

  /** Without effect. */
  private async run(statement: TappedStatement, settings: string): Promise<Plan> {
    await this.client.query(`${settings}; BEGIN`);
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
   * ends that. A limit counts only while nothing between needs all rows first: neither what sorts or counts, nor the inner
   * side of a join, which is read again for each row of the other. A partial index is a work list.
   */
  private wholeReads(plan: Plan, isLimited = false): string[] {
    const { 'Node Type': node, 'Relation Name': relation, 'Index Name': index = '' } = plan;
    const isThroughIndex = /^Index (Only )?Scan$/.test(node) && plan['Index Cond'] === undefined;
    const isWhole = node === 'Seq Scan' || (isThroughIndex && !isLimited && !this.partialIndexes.has(index));
    const below = node === 'Limit' || (isLimited && !TAKES_ALL.test(node));
    return [
      ...(isWhole && relation !== undefined ? [relation] : []),
      ...(plan.Plans ?? []).flatMap((child) => this.wholeReads(child, below && isEndedWithParent(child))),
    ];
  }

  /**
   * The rows that a plan has read, scan by scan, and how many of a walk through all of an index it read for nothing: beside
   * those that the limit above let through.
   */
  private readsOf(plan: Plan, limitRows: number | null): { table: string; rows: number; wasted: number }[] {
    const { 'Node Type': node, 'Relation Name': relation, 'Index Cond': condition } = plan;
    const loops = plan['Actual Loops'] ?? 0;
    const each = (plan['Actual Rows'] ?? 0) + removedBy(plan);
    const isWalk = limitRows !== null && /^Index (Only )?Scan$/.test(node) && condition === undefined;
    const wasted = isWalk ? each * loops - limitRows : 0;
    const below = node === 'Limit' ? (plan['Actual Rows'] ?? 0) * loops : TAKES_ALL.test(node) ? null : limitRows;
    return [
      ...(relation === undefined ? [] : [{ table: this.wholes.get(relation) ?? relation, rows: each * loops, wasted }]),
      ...(plan.Plans ?? []).flatMap((child) => this.readsOf(child, below)),
    ];
  }

  /** Of a table with its partitions, or of one of them. */
  private rowsOf(table: string): number {
    return this.rows.get(table) ?? 0;
  }
}

/** What reads all that is below it before it gives its first row. */
const TAKES_ALL = /Sort|Aggregate|Hash|Materialize|Unique|WindowAgg|Merge Join/;

function isEndedWithParent(child: Plan): boolean {
  return !/^(Inner|InitPlan|SubPlan)$/.test(child['Parent Relationship'] ?? '');
}

function isBoundedOtherwise({ text }: TappedStatement): boolean {
  return BOUNDED_OTHERWISE.some((bounded) => bounded.test(text));
}

function settingsOf({ isByIndex }: TappedStatement): string {
  return isByIndex ? WITHOUT_SEQ_SCANS : FREELY;
}

function nodesOf(plan: Plan): number {
  return 1 + (plan.Plans ?? []).reduce((count, child) => count + nodesOf(child), 0);
}

function removedBy(plan: Plan): number {
  return (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0);
}

function oneLine({ text }: TappedStatement): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
