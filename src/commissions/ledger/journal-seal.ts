import { createHash } from 'node:crypto';
import { ID_PREFIXES } from '../../common/ids.js';

/** What the first seal takes for its previous hash. */
export const FIRST_PREVIOUS_HASH = Buffer.alloc(32);

/**
 * SQL for the digest of everything that a journal entry `e` says: SHA-256 of a JSON array in the text form of `jsonb`
 * and UTF-8. It holds the entry's columns and then its postings, each an array, in the order of their key. All values
 * are strings or null, but for `facts`, which stand as they are. Moments are milliseconds since 1970 and bytes are hex,
 * so that no setting of a session, a dump or a newer server changes the text; docs/decisions/0006-journal-seal.md says
 * how to work it out without this code.
 */
const ENTRY_DIGEST = `sha256(convert_to(jsonb_build_array(
  e.id, e.kind, e.unique_key, encode(e.content_hash, 'hex'), e.facts, e.affiliate_id, e.currency,
  trim_scale(extract(epoch FROM e.occurred_at) * 1000)::text, trim_scale(extract(epoch FROM e.recorded_at) * 1000)::text,
  e.commission_id, e.payout_id, e.stripe_event_id, e.staff_user_id, e.reason,
  (SELECT jsonb_agg(jsonb_build_array(p.affiliate_id, p.currency, p.seq::text, p.account, p.amount_minor::text)
                    ORDER BY p.affiliate_id COLLATE "C", p.currency COLLATE "C", p.seq)
   FROM postings p WHERE p.entry_id = e.id)
)::text, 'UTF8'))`;

/** SQL for the digest of everything that an audit record `a` says, by the same rules. */
const AUDIT_DIGEST = `sha256(convert_to(jsonb_build_array(
  a.id, a.actor_id, a.action, a.subject_type, a.subject_id, a.before, a.after, a.reason,
  trim_scale(extract(epoch FROM a.recorded_at) * 1000)::text
)::text, 'UTF8'))`;

/** SQL for the digest of what is sealed, be it an entry `e` or an audit record `a`: one of the two is there. */
export const SEALED_DIGEST = `CASE WHEN a.id IS NULL THEN ${ENTRY_DIGEST} ELSE ${AUDIT_DIGEST} END`;

/** The hash of a seal: SHA-256 over the 32 bytes of the previous seal's hash and the 32 of the digest. */
export function sealHash(previousHash: Uint8Array, digest: Uint8Array): Buffer {
  return createHash('sha256').update(previousHash).update(digest).digest();
}

/** The last seal of a chain. Whoever keeps one elsewhere can tell later that everything up to it is still the same. */
export interface ChainHead {
  number: bigint;
  hash: Uint8Array;
}

/** `1234:9f86d0…`, as printed, logged and given back to `ledger:verify`. */
export function formatHead({ number, hash }: ChainHead): string {
  return `${number}:${Buffer.from(hash).toString('hex')}`;
}

/** Reads what formatHead wrote; null when it is nothing of the kind. */
export function parseHead(text: string): ChainHead | null {
  const [, number, hash] = /^([1-9][0-9]{0,17}):([0-9a-f]{64})$/.exec(text) ?? [];
  return number && hash ? { number: BigInt(number), hash: Buffer.from(hash, 'hex') } : null;
}

/** SQL that says what an id of the chain stands for: `entry jrn_…` or `audit record aud_…`. */
function named(id: string): string {
  return `CASE WHEN left(${id}, 4) = '${ID_PREFIXES.auditRecord}_' THEN 'audit record ' ELSE 'entry ' END || ${id}`;
}

/** SQL that finds the rows of `table` that are neither sealed nor waiting for it, or both. */
function notOnce(table: string): string {
  return `
      SELECT ${named('r.id')} || CASE WHEN s.entry_id IS NULL THEN ' lost its seal, or came in past the ledger'
                                      ELSE ' waits to be sealed again' END AS breach
      FROM ${table} r
      LEFT JOIN journal_seals s ON s.entry_id = r.id
      LEFT JOIN journal_unsealed u ON u.entry_id = r.id
      WHERE (s.entry_id IS NULL) = (u.entry_id IS NULL)`;
}

/** The chain's part of the verification (see LedgerVerifier). What is named first was altered or removed first. */
export const SEAL_CHECKS = [
  {
    name: 'every sealed entry is as it was sealed',
    count: 'SELECT count(*) AS n FROM journal_seals',
    breaches: `
      SELECT CASE
               WHEN number <> previous_number + 1
                 THEN format('seals no. %s to %s are missing, before that of %s', previous_number + 1, number - 1, ${named('entry_id')})
               WHEN is_gone THEN format('%s was removed (seal no. %s)', ${named('entry_id')}, number)
               ELSE format('%s was altered, or the seal before it (seal no. %s)', ${named('entry_id')}, number)
             END AS breach
      FROM (
        SELECT s.number, s.entry_id, s.hash, e.id IS NULL AND a.id IS NULL AS is_gone, ${SEALED_DIGEST} AS digest,
               lag(s.number, 1, 0::bigint) OVER by_number AS previous_number,
               lag(s.hash, 1, decode('${FIRST_PREVIOUS_HASH.toString('hex')}', 'hex')) OVER by_number AS previous_hash
        FROM journal_seals s
        LEFT JOIN journal_entries e ON e.id = s.entry_id
        LEFT JOIN audit_log a ON a.id = s.entry_id
        WINDOW by_number AS (ORDER BY s.number)
      ) chain
      WHERE number <> previous_number + 1 OR is_gone OR hash <> sha256(previous_hash || digest)
      ORDER BY number`,
  },
  {
    name: 'every entry is sealed or waits for it',
    count: 'SELECT (SELECT count(*) FROM journal_entries) + (SELECT count(*) FROM audit_log) AS n',
    breaches: `${notOnce('journal_entries')}
      UNION ALL ${notOnce('audit_log')}
      UNION ALL
      SELECT ${named('u.entry_id')} || ' was removed before it was sealed'
      FROM journal_unsealed u
      WHERE NOT EXISTS (SELECT 1 FROM journal_entries e WHERE e.id = u.entry_id)
        AND NOT EXISTS (SELECT 1 FROM audit_log a WHERE a.id = u.entry_id)`,
  },
];
