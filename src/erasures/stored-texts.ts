import { Injectable } from '@nestjs/common';
import { replaceNames } from '../common/replace-names.js';
import type { Tx } from '../database/database.js';
import type { ErasureSearch } from './erasure-search.js';

type ColumnKind = 'text' | 'json';

interface StoredText {
  table: string;
  key: string[];
  columns: Record<string, ColumnKind>;
}

/**
 * Where texts and evidence are kept that may name a person, beside the columns that are there for it. A table that gets
 * such a column gets its line here; test/failures/privacy.spec.ts fails without it. What staff wrote into the journal or
 * the audit log is sealed and stays: a reason must not name anybody.
 */
export const STORED_TEXTS: readonly StoredText[] = [
  { table: 'attribution_decisions', key: ['id'], columns: { code: 'text', inputs: 'json', rules: 'json' } },
  { table: 'review_cases', key: ['id'], columns: { reason: 'text' } },
  {
    table: 'review_signals',
    key: ['case_id', 'key', 'level'],
    columns: { key: 'text', summary: 'text', subject: 'text', evidence: 'json' },
  },
  {
    table: 'review_whitelist',
    key: ['affiliate_id', 'rule', 'subject'],
    columns: { subject: 'text', reason: 'text' },
  },
  { table: 'domain_events', key: ['id'], columns: { data: 'json' } },
  // What an endpoint of the host answered.
  {
    table: 'webhook_attempts',
    key: ['delivery_id', 'number'],
    columns: { response_body: 'text', error: 'text' },
  },
  { table: 'idempotency_keys', key: ['subject', 'method', 'path', 'key'], columns: { response_body: 'json' } },
];

const ROWS_AT_ONCE = 1_000;

interface FoundRow {
  key: string[];
  texts: Record<string, unknown> | null;
}

/** Replaces a person's names in stored texts. */
@Injectable()
export class StoredTexts {
  /**
   * Goes through some rows of a table, by key. A row that does not mention the person is left alone, so that somebody
   * else of the same name keeps it. Locks the rows that it changes.
   *
   * @param after the last key of the time before.
   * @returns the last key that was looked at, null at the end.
   */
  async replaceNext(
    tx: Tx,
    place: StoredText,
    { names, mentions }: Pick<ErasureSearch, 'names' | 'mentions'>,
    after: string[] | null,
  ): Promise<string[] | null> {
    const rows = await findRows(tx, place, mentions, after);
    const replacements = new Map(names);
    for (const { key, texts } of rows) {
      if (texts === null) continue;
      const replaced = replaceNames(texts, replacements);
      if (JSON.stringify(replaced) !== JSON.stringify(texts)) await updateRow(tx, place, key, replaced);
    }
    return rows.at(-1)?.key ?? null;
  }
}

function findRows(
  tx: Tx,
  { table, key, columns }: StoredText,
  mentions: string[],
  after: string[] | null,
): Promise<FoundRow[]> {
  // By the table's name: a bare "key" would be the one that is returned, by which rows cannot be found in order.
  const keyList = key.map((column) => `t.${quoted(column)}`).join(', ');
  const texts = Object.keys(columns).flatMap((column) => [`'${column}'`, quoted(column)]);
  const beyond = after === null ? '' : `WHERE (${keyList}) > (${after.map((_, index) => `$${index + 2}`).join(', ')})`;
  return tx.$queryRawUnsafe<FoundRow[]>(
    `SELECT ARRAY[${keyList}]::text[] AS "key",
            CASE WHEN to_jsonb(t)::text ~ $1 THEN jsonb_build_object(${texts.join(', ')}) END AS "texts"
     FROM ${quoted(table)} t ${beyond} ORDER BY ${keyList} LIMIT ${ROWS_AT_ONCE}`,
    patternOf(mentions),
    ...(after ?? []),
  );
}

async function updateRow(
  tx: Tx,
  { table, key, columns }: StoredText,
  id: string[],
  texts: Record<string, unknown>,
): Promise<void> {
  const names = Object.keys(columns);
  const changes = names.map((column, index) =>
    columns[column] === 'json' ? `${quoted(column)} = $${index + 1}::jsonb` : `${quoted(column)} = $${index + 1}`,
  );
  const values = names.map((column) => {
    const value = texts[column] ?? null;
    return columns[column] === 'json' && value !== null ? JSON.stringify(value) : value;
  });
  const row = key.map((column, index) => `${quoted(column)} = $${names.length + index + 1}`);
  await tx.$executeRawUnsafe(
    `UPDATE ${quoted(table)} SET ${changes.join(', ')} WHERE ${row.join(' AND ')}`,
    ...values,
    ...id,
  );
}

/** The names come from the table above, never from outside. */
function quoted(identifier: string): string {
  return `"${identifier}"`;
}

/** For PostgreSQL: any of the texts as a word of its own, in any case, as it stands inside JSON. */
function patternOf(mentions: string[]): string {
  const words = mentions.map((text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replace(/[^\p{L}\p{N}_]/gu, '\\$&'),
  );
  return `(?i)(^|[^[:alnum:]_])(${words.join('|')})($|[^[:alnum:]_])`;
}
