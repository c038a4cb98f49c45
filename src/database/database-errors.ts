/** SQLSTATEs of a transaction that only lost a race: 40001 serialization_failure, 40P01 deadlock_detected. */
const CONFLICTS = new Set(['40001', '40P01']);

/**
 * SQLSTATE classes and client codes that mean the database is away, going away or too busy, not that the query is wrong.
 * 55P03 is a lock that was waited for in vain, 57014 a statement that took too long.
 */
const UNAVAILABLE =
  /^(08...|57P0[1-3]|57014|25P03|53300|55P03|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|P1001|P1002|P1008|P1017|P2024|P2028)$/;
const UNAVAILABLE_MESSAGE =
  /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|Can't reach database server|Server has closed the connection/;

const UNIQUE_VIOLATION = '23505';
const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';
const IN_FAILED_TRANSACTION = '25P02';
const NUMBER_OUT_OF_RANGE = '22003';

/** Whether running the same transaction again may succeed. */
export function isRetryableConflict(error: unknown): boolean {
  return codesOf(error).some((code) => CONFLICTS.has(code) || code === 'P2034');
}

/** Whether the request should be answered 503 and tried again later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return (
    codesOf(error).some((code) => UNAVAILABLE.test(code)) ||
    (error instanceof Error && UNAVAILABLE_MESSAGE.test(error.message))
  );
}

/** Whether a lock was waited for in vain. */
export function isLockedByOthers(error: unknown): boolean {
  return codesOf(error).includes(LOCK_NOT_AVAILABLE);
}

/** Whether a statement was ended since it took too long. */
export function isTooSlow(error: unknown): boolean {
  return codesOf(error).includes(QUERY_CANCELED);
}

/** Whether a statement was passed over because one before it had failed. */
export function isAfterFailure(error: unknown): boolean {
  return codesOf(error).includes(IN_FAILED_TRANSACTION);
}

/** Whether a statement met others on its tables: who waits for each other, or a lock that was waited for in vain. */
export function isInOthersWay(error: unknown): boolean {
  return isRetryableConflict(error) || isLockedByOthers(error);
}

/** Whether a unique constraint refused the row. */
export function isUniqueViolation(error: unknown): boolean {
  return codesOf(error).some((code) => code === UNIQUE_VIOLATION || code === 'P2002');
}

/** Whether a number is beyond what PostgreSQL can store. */
export function isNumberOutOfRange(error: unknown): boolean {
  return codesOf(error).includes(NUMBER_OUT_OF_RANGE);
}

/** An error's codes and those of its causes: `pg` says SQLSTATE in `code`, Prisma wraps it in `meta` and `cause`. */
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 5) return [];
  const codes: string[] = [];
  for (const key of ['code', 'originalCode'] as const) {
    const value = (error as Record<string, unknown>)[key];
    if (typeof value === 'string') codes.push(value);
  }
  for (const key of ['cause', 'meta', 'driverAdapterError'] as const) {
    codes.push(...codesOf((error as Record<string, unknown>)[key], depth + 1));
  }
  return codes;
}
