import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { answerWithFile, neverCache } from '../../http/download.js';
import type { PayoutStatementsService, Reader } from './payout-statements.service.js';
import type { StatementDto, StatementQuery } from './statement.dto.js';

/** A statement in the form that was asked for. Its headers are set last: a refusal is no file. */
export async function answerWithStatement(
  statements: PayoutStatementsService,
  reply: FastifyReply,
  payoutId: string,
  query: StatementQuery,
  reader: Reader,
): Promise<StatementDto | Readable | Buffer> {
  if (query.format === 'json') {
    const page = await statements.page(payoutId, query, reader);
    neverCache(reply);
    return page;
  }
  const statement = await statements.find(payoutId, reader);
  const name = `payout-${statement.payout.run.period}-${payoutId}`;
  if (query.format === 'csv') {
    answerWithFile(reply, name, 'csv');
    return statements.csv(statement, reader);
  }
  const pdf = await statements.pdf(statement, query.locale, reader);
  answerWithFile(reply, name, 'pdf');
  return pdf;
}
