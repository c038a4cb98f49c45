import { createHmac, randomBytes } from 'node:crypto';
import type { Tx } from '../../database/database.js';

const KEY_BYTES = 32;
const KEY_ROW = 1;

/**
 * Keeps the codes of an erased affiliate from everybody else without keeping the codes: links that still go round must
 * not begin to credit a stranger. Whoever holds the whole database can still test a guess; nobody can read a code off.
 */
export async function retireCodes(tx: Tx, codes: readonly string[]): Promise<void> {
  await tx.retiredCodeKey.createMany({ data: [{ id: KEY_ROW, key: randomBytes(KEY_BYTES) }], skipDuplicates: true });
  const { key } = await tx.retiredCodeKey.findUniqueOrThrow({ where: { id: KEY_ROW } });
  await tx.retiredCode.createMany({
    data: codes.map((code) => ({ digest: digestOf(code, key) })),
    skipDuplicates: true,
  });
}

/** Whether the code was an erased affiliate's. */
export async function isRetired(tx: Tx, code: string): Promise<boolean> {
  const row = await tx.retiredCodeKey.findUnique({ where: { id: KEY_ROW } });
  // Nobody was erased yet.
  if (row === null) return false;
  return (await tx.retiredCode.count({ where: { digest: digestOf(code, row.key) } })) > 0;
}

function digestOf(code: string, key: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac('sha256', key).update(code).digest());
}
