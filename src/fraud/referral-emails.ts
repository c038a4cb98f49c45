import { createHmac, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import type { CreditedSignup } from '../referrals/attribution/signup-screening.js';
import { domainOf, isPublicDomain, strictEmail } from './email-identity.js';

const KEY_BYTES = 32;
/** No two addresses of a lifetime meet in sixteen. */
const HASH_BYTES = 16;

/** The e-mail of a referral's signup, as the rules compare it. */
interface ComparedEmail {
  /** The referral's. */
  id: string;
  affiliateId: string;
  /** Without dots and tags; not stored. */
  strict: string;
  /** In hexadecimal. */
  hash: string;
  /** Null at a provider where everybody may have an address. */
  domain: string | null;
}

/** Keeps what the rules compare of the e-mails that people sign up with; the e-mails themselves are not stored. */
@Injectable()
export class ReferralEmails implements OnModuleInit {
  private key: Buffer | null = null;

  constructor(private readonly database: Database) {}

  /** The first process that ever starts makes the key; all others find it. */
  async onModuleInit(): Promise<void> {
    const { emailHashKey } = this.database.prisma;
    await emailHashKey.createMany({ data: [{ id: 1, key: randomBytes(KEY_BYTES) }], skipDuplicates: true });
    this.key = Buffer.from((await emailHashKey.findUniqueOrThrow({ where: { id: 1 } })).key);
  }

  /** What is compared of the e-mails of those signups that have one. */
  comparedOf(signups: readonly Pick<CreditedSignup, 'referral' | 'emailNormalized'>[]): ComparedEmail[] {
    return signups.flatMap(({ referral: { id, affiliateId }, emailNormalized }) => {
      if (emailNormalized === null) return [];
      const [strict, domain] = [strictEmail(emailNormalized), domainOf(emailNormalized)];
      return [{ id, affiliateId, strict, hash: this.hash(strict), domain: isPublicDomain(domain) ? null : domain }];
    });
  }

  /** Stores whose e-mails these are for comparing, and which affiliate has each now. Once for each referral; one statement. */
  async recordAll(tx: SqlTx, rows: readonly ComparedEmail[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.$executeRaw`
      INSERT INTO referral_emails (referral_id, affiliate_id, email_hash, domain, matching_affiliate_id)
      SELECT e.referral_id, e.affiliate_id, decode(e.hash, 'hex'), e.domain, (
        SELECT a.id FROM affiliates a
        WHERE replace(split_part(a.email_normalized, '@', 1), '.', '') || '@' || split_part(a.email_normalized, '@', 2) = e.strict
        ORDER BY a.id LIMIT 1)
      FROM unnest(${rows.map(({ id }) => id)}::text[], ${rows.map(({ affiliateId }) => affiliateId)}::text[],
                  ${rows.map(({ hash }) => hash)}::text[], ${rows.map(({ domain }) => domain)}::text[],
                  ${rows.map(({ strict }) => strict)}::text[]) AS e (referral_id, affiliate_id, hash, domain, strict)`;
  }

  /** In hexadecimal. */
  private hash(strict: string): string {
    if (!this.key) throw new Error('ReferralEmails is used before its module was initialised');
    return createHmac('sha256', this.key).update(strict).digest().subarray(0, HASH_BYTES).toString('hex');
  }
}
