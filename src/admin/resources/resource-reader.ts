import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { heardLater } from '../../common/heard-later.js';
import { firstIdAt } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { WITHOUT_TIME_LIMIT } from '../../database/time-limit.js';
import { HttpError } from '../../http/http-error.js';
import { columnsOn, type Column, type ResourceSpec, type Row } from './resource-spec.js';

/**
 * How deep a list can be leafed through. A table of ten million rows is neither counted nor skipped through; whoever
 * looks for something further back narrows the list down, or takes the file.
 */
export const LIST_DEPTH_MAX = 2000;

/** A list that takes longer than this is too wide; what else the database has to do matters more. */
const READ_TIMEOUT_MS = 5000;
/** Rows of a file that are in memory at once. */
const EXPORT_BATCH = 500;

const QUERY_CANCELED = '57014';

/** What a list is narrowed down by: a value by column, or a range of moments. */
export type Filters = Record<string, string | { from?: string; to?: string }>;

/** Reads the rows of the panel's lists, always a bounded number of them. */
@Injectable()
export class ResourceReader {
  constructor(private readonly database: Database) {}

  /** A page of the list, in the spec's order. */
  async page(
    spec: ResourceSpec,
    { filters, offset, limit }: { filters: Filters; offset: number; limit: number },
  ): Promise<Row[]> {
    if (spec.rows) return (await spec.rows()).slice(offset, offset + limit);
    const { where, values, order } = conditionsOf(spec, filters);
    const rows = Math.max(0, Math.min(limit, LIST_DEPTH_MAX - offset));
    return this.select(
      spec,
      'list',
      `${where} ORDER BY ${order} LIMIT ${rows} OFFSET ${Math.min(offset, LIST_DEPTH_MAX)}`,
      values,
    );
  }

  /** How many there are to leaf through, never more than LIST_DEPTH_MAX. */
  async count(spec: ResourceSpec, filters: Filters): Promise<number> {
    if (spec.rows) return (await spec.rows()).length;
    const { where, values, order } = conditionsOf(spec, filters);
    const [row] = await this.query<{ count: string }>(
      `SELECT count(*) FROM (SELECT 1 FROM ${spec.table ?? ''} t WHERE ${where} ORDER BY ${order} LIMIT ${LIST_DEPTH_MAX}) counted`,
      values,
    );
    return Number(row?.count ?? 0);
  }

  /** A record with everything its page shows. */
  async find(spec: ResourceSpec, id: string): Promise<Row | null> {
    if (spec.rows) return (await spec.rows()).find((each) => each.id === id) ?? null;
    const [row] = await this.select(spec, 'show', `${spec.key} = $1 LIMIT 1`, [id]);
    return row ?? null;
  }

  /** Those of these records that there are, as the list shows them. */
  async findMany(spec: ResourceSpec, ids: string[]): Promise<Row[]> {
    if (ids.length === 0) return [];
    if (spec.rows) return (await spec.rows()).filter(({ id }) => ids.includes(id));
    return this.select(spec, 'list', `${spec.key} = ANY($1)`, [ids]);
  }

  /** The first records that fit what somebody typed. */
  async search(spec: ResourceSpec, text: string, limit: number): Promise<Row[]> {
    if (!spec.search) return [];
    const where = `${spec.search.replaceAll('$', '$1')} ORDER BY ${spec.order} LIMIT ${limit}`;
    return this.select(spec, 'list', where, [text]);
  }

  /**
   * Everything that fits, in the spec's order, read in batches by a cursor: memory does not grow with it, and it is one
   * state of the database from the first row to the last.
   */
  async *everything(spec: ResourceSpec, filters: Filters): AsyncGenerator<Row> {
    if (spec.rows) {
      yield* await spec.rows();
      return;
    }
    const { where, values } = conditionsOf(spec, filters);
    const client = await this.database.connectToRead();
    let isBroken: Error | undefined;
    let next: Promise<pg.QueryResult<Row>> | undefined;
    try {
      await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${WITHOUT_TIME_LIMIT}`);
      // A cursor takes the values of its query, but only in the statement that declares it.
      await client.query(
        `DECLARE everything NO SCROLL CURSOR FOR ${selectOf(spec, 'list', `${where} ORDER BY ${spec.order}`)}`,
        values,
      );
      for (;;) {
        const { rows } = await (next ?? fetchOf(client));
        if (rows.length === 0) break;
        // Fetched while this one is written.
        next = fetchOf(client);
        yield* spec.enrich ? await spec.enrich(rows, 'list') : rows;
      }
    } catch (error) {
      isBroken = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      // Whoever stops reading half-way leaves a batch on its way, and a transaction, which must not go back to the pool.
      const [fetched] = await Promise.allSettled([next]);
      if (fetched.status === 'rejected') isBroken ??= new Error(String(fetched.reason));
      if (!isBroken) await client.query('ROLLBACK');
      client.release(isBroken);
    }
  }

  private async select(spec: ResourceSpec, place: 'list' | 'show', where: string, values: unknown[]): Promise<Row[]> {
    const rows = await this.query<Row>(selectOf(spec, place, where), values);
    return spec.enrich ? spec.enrich(rows, place) : rows;
  }

  private async query<R>(text: string, values: unknown[]): Promise<R[]> {
    const client = await this.database.pool.connect();
    try {
      await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${READ_TIMEOUT_MS}`);
      const { rows } = await client.query(text, values);
      await client.query('COMMIT');
      return rows as R[];
    } catch (error) {
      await client.query('ROLLBACK');
      throw isTimeout(error)
        ? new HttpError(
            422,
            'list_too_wide',
            'That would take too long: narrow the list down, for example by a period.',
          )
        : error;
    } finally {
      client.release();
    }
  }
}

function fetchOf(client: pg.PoolClient): Promise<pg.QueryResult<Row>> {
  return heardLater(client.query<Row>(`FETCH ${EXPORT_BATCH} FROM everything`));
}

/** The page is cut out of the table first; what is joined to it costs as much as the page has rows. */
function selectOf(spec: ResourceSpec, place: 'list' | 'show', where: string): string {
  const selected = columnsOn(spec, place).flatMap(({ name, sql, currency }) => [
    ...(sql ? [`${sql} AS "${name}"`] : []),
    ...(currency ? [`${currency} AS "${name}Currency"`] : []),
  ]);
  return `SELECT ${spec.key} AS "id", ${selected.join(', ')}
            FROM (SELECT t.* FROM ${spec.table ?? ''} t WHERE ${where}) t ${spec.joins ?? ''}
           ORDER BY ${spec.order}`;
}

function conditionsOf(spec: ResourceSpec, filters: Filters): { where: string; values: unknown[]; order: string } {
  let { order } = spec;
  const conditions = ['TRUE'];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    values.push(value);
    conditions.push(condition.replaceAll('$', `$${values.length}`));
  };
  for (const column of spec.columns) {
    const wanted = filters[column.name];
    if (wanted === undefined || !column.filter) continue;
    if (column.filter === 'period') addPeriod(spec, column, wanted, add);
    else if (typeof wanted === 'string' && wanted !== '') {
      const typed = wanted.trim();
      const condition = column.condition ?? `${column.sql} = $`;
      add(condition, column.filter === 'begins' ? typed.replaceAll(/[\\%_]/g, String.raw`\$&`) : typed);
      order = column.order ?? order;
    }
  }
  return { where: conditions.join(' AND '), values, order };
}

function addPeriod(
  { idKind, key }: ResourceSpec,
  { sql }: Column,
  wanted: Filters[string],
  add: (condition: string, value: unknown) => void,
): void {
  if (typeof wanted === 'string') return;
  const bound = (text: string | undefined): Date | undefined => {
    const at = text ? new Date(text) : undefined;
    return at && !Number.isNaN(at.getTime()) ? at : undefined;
  };
  const [from, to] = [bound(wanted.from), bound(wanted.to)];
  if (from) add(idKind ? `${key} >= $` : `${sql} >= $`, idKind ? firstIdAt(idKind, from) : from);
  if (to) add(idKind ? `${key} < $` : `${sql} < $`, idKind ? firstIdAt(idKind, to) : to);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === QUERY_CANCELED;
}
