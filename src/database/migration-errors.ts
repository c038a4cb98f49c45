import { isInOthersWay } from './database-errors.js';

/** What an error of `pg`, of the operating system or of Prisma's engine may carry. */
interface ErrorWithCode extends Error {
  code?: string;
  meta?: Record<string, unknown>;
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNRESET',
]);

/**
 * Turns an error met while migrating into a sentence that says what to do. The
 * password never appears in it. An error it does not know is passed on as it is.
 */
export function explainDatabaseError(error: unknown, url: string): Error {
  const cause = error as ErrorWithCode;
  const sentence = explain(cause, url);
  return sentence === null ? cause : new Error(sentence, { cause });
}

function explain(error: ErrorWithCode, url: string): string | null {
  const { username, host, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (UNREACHABLE.has(error.code ?? '') || /timeout expired|terminated unexpectedly/.test(error.message)) {
    return `The database at ${host} cannot be reached (${error.code ?? error.message}). Start it, or correct the address.`;
  }
  switch (error.code) {
    case '28P01':
      return `The database at ${host} refuses the password of "${username}".`;
    case '28000':
      return `The database at ${host} does not let "${username}" in: ${error.message}.`;
    case '3D000':
      return `There is no database "${database}" at ${host}. Create it first.`;
    case '57P03':
      return `The database at ${host} is still starting or shutting down. Try again in a moment.`;
    case '42704':
      return `${error.message}: create the application's role before migrating.`;
    case '42501':
      return `"${username}" lacks a right that migrating needs (${error.message}). It must own the database "${database}".`;
    case 'P3005':
      return `The database "${database}" has tables but no record of our migrations. Use an empty database.`;
    case 'P3009':
      return (
        `A migration failed earlier in "${database}" and was not resolved (${error.message.trim()}). ` +
        'Undo by hand what it left behind, then mark it with "npx prisma migrate resolve --rolled-back NAME".'
      );
    default:
      return explainFailedScript(error);
  }
}

/** The engine reports a script that failed without a code, above a trace of its own. */
function explainFailedScript(error: ErrorWithCode): string | null {
  const { message } = error;
  const name = /migration_name="([^"]+)"/.exec(message)?.[1];
  if (name !== undefined && isInOthersWay(error)) {
    return (
      `The migration ${name} waited in vain for a table that others use all the time, and nothing was changed. ` +
      'Run it again once they are done: a backup, say, or a long report (pg_stat_activity shows who).'
    );
  }
  const reason = /Error querying the database: (.*)/.exec(message)?.[1] ?? message.split('\n')[0];
  return name === undefined ? null : `The migration ${name} failed and everything was rolled back: ${reason}`;
}
