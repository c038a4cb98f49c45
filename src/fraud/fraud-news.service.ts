import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { FraudEvaluation } from './fraud-evaluation.service.js';
import type { FraudNews } from './rules/fraud-rule.js';

/** What is taken off the list at once; many tell of the same affiliate. */
const BATCH_SIZE = 2_000;

/** What has happened to whom. */
export interface FraudNewsRow {
  affiliateId: string;
  news: FraudNews;
}

/**
 * The list of what has happened to whom, for the rules to look at within seconds. Whoever writes pays one row, however
 * long the looking takes, and no news is lost: a row is there if what it tells of is, and gone once it was looked at.
 */
@Injectable()
export class FraudNewsList {
  constructor(
    private readonly database: Database,
    private readonly evaluation: FraudEvaluation,
  ) {}

  /** Part of the transaction of what happened. Locks nothing. */
  async note(tx: SqlTx, news: FraudNews, affiliateId: string): Promise<void> {
    await this.noteAll(tx, [{ news, affiliateId }]);
  }

  /** The same of many, in one statement. */
  async noteAll(tx: SqlTx, rows: readonly FraudNewsRow[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.$executeRaw`
      INSERT INTO fraud_news (affiliate_id, news)
      SELECT * FROM unnest(${rows.map(({ affiliateId }) => affiliateId)}::text[], ${rows.map(({ news }) => news)}::text[])`;
  }

  /** Looks at all that is on the list. Several at once share it; what one of them fails at stays on it. */
  async workThrough(): Promise<void> {
    while ((await this.takeBatch()) === BATCH_SIZE);
  }

  /** The rows are gone when the transaction commits, and the rules have their own: they are idempotent. */
  private takeBatch(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const rows = await tx.$queryRaw<FraudNewsRow[]>`
        DELETE FROM fraud_news WHERE ctid IN (SELECT ctid FROM fraud_news LIMIT ${BATCH_SIZE} FOR UPDATE SKIP LOCKED)
        RETURNING affiliate_id AS "affiliateId", news`;
      for (const news of new Set(rows.map((row) => row.news))) {
        const affiliateIds = new Set(rows.filter((row) => row.news === news).map((row) => row.affiliateId));
        await this.evaluation.evaluateAfter(news, [...affiliateIds]);
      }
      return rows.length;
    });
  }
}
