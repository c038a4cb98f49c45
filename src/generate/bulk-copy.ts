import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { TABLES, type Rows, type TableName } from './tables.js';

/** So much text of a table is gathered before it is sent: enough to make a COPY worth its round trip. */
const FLUSH_CHARACTERS = 1 << 20;

type Value = string | number | bigint | boolean | Date | null;

/** Gathers rows, and copies them table by table over one connection while further rows are made. */
export class BulkCopy {
  private readonly texts = new Map<TableName, string>();
  private readonly fields = new Map<TableName, string[]>();
  private full: TableName[] = [];
  /** The batch on its way; with the error that ended it. */
  private copying: Promise<{ error?: unknown }> = Promise.resolve({});
  rows = 0;

  /** @param target the table that a table's rows are copied into. */
  constructor(
    private readonly client: pg.ClientBase,
    private readonly target: (table: TableName) => string,
  ) {}

  add<Table extends TableName>(table: Table, row: Rows[Table]): void {
    let text = this.texts.get(table) ?? '';
    let separator = '';
    for (const field of this.fieldsOf(table)) {
      text += separator + written((row as unknown as Record<string, Value | undefined>)[field] ?? null);
      separator = '\t';
    }
    text += '\n';
    this.rows += 1;
    this.texts.set(table, text);
    if (text.length >= FLUSH_CHARACTERS && !this.full.includes(table)) this.full.push(table);
  }

  /** Sends what has gathered. Waits only while the batch before is still on its way, so that memory stays flat. */
  async flushFull(): Promise<void> {
    if (this.full.length === 0) return;
    const tables = this.full;
    this.full = [];
    await this.send(tables);
  }

  /** Sends everything, and waits until it has arrived. */
  async finish(): Promise<void> {
    this.full = [];
    await this.send([...this.texts.keys()]);
    await this.arrival();
  }

  private async send(tables: TableName[]): Promise<void> {
    await this.arrival();
    const batch = tables.map((table) => ({ table, text: this.texts.get(table) ?? '' }));
    for (const table of tables) this.texts.delete(table);
    // Told when it is waited for: an error meanwhile, which nobody hears yet, would end the process.
    this.copying = this.copyAll(batch).then(
      () => ({}),
      (error: unknown) => ({ error }),
    );
  }

  private async arrival(): Promise<void> {
    const { error } = await this.copying;
    if (error !== undefined) throw error;
  }

  private async copyAll(batch: { table: TableName; text: string }[]): Promise<void> {
    for (const { table, text } of batch) {
      const columns = TABLES[table].columns.replaceAll(' ', ', ');
      const copy = this.client.query(copyFrom(`COPY ${this.target(table)} (${columns}) FROM STDIN`));
      await pipeline(Readable.from([Buffer.from(text)]), copy);
    }
  }

  /** The names of the table's columns as rows have them. */
  private fieldsOf(table: TableName): string[] {
    let fields = this.fields.get(table);
    if (!fields) {
      fields = TABLES[table].columns
        .split(' ')
        .map((column) => column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
      this.fields.set(table, fields);
    }
    return fields;
  }
}

const SPECIAL = /[\\\t\n\r]/;
const SPECIALS = /[\\\t\n\r]/g;
const ESCAPED: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value in the text format of COPY. */
function written(value: Value): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') {
    return SPECIAL.test(value) ? value.replace(SPECIALS, (character) => ESCAPED[character] ?? character) : value;
  }
  if (value instanceof Date) return value.toISOString();
  return String(value);
}
