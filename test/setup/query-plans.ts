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

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
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
   * table has enough rows for that to mean something, and by necessity, for want of an index.
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
    }
    return found;
  }

  private async explain({ text, values }: TappedStatement, isByIndex: boolean): Promise<Plan> {
    await this.client.query(`SET enable_seqscan = ${isByIndex ? 'off' : 'on'}`);
    const { rows } = await this.client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>({
      text: `EXPLAIN (FORMAT JSON) ${text}`,
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

function oneLine({ text }: TappedStatement): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
