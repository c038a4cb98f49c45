import { createHmac, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { Database, type Tx } from '../database/database.js';
import { domainOf, isPublicDomain, strictEmail } from './email-identity.js';

const KEY_BYTES = 32;
/** No two addresses of a lifetime meet in sixteen. */
const HASH_BYTES = 16;

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

  /** Stores whose e-mail it is for comparing, and which affiliate has it now. Once for each referral. */
  async record(tx: Tx, { id, affiliateId }: Referral, emailNormalized: string): Promise<void> {
    const strict = strictEmail(emailNormalized);
    const domain = domainOf(emailNormalized);
    await tx.$executeRaw`
      INSERT INTO referral_emails (referral_id, affiliate_id, email_hash, domain, matching_affiliate_id)
      SELECT ${id}, ${affiliateId}, ${this.hash(strict)}, ${isPublicDomain(domain) ? null : domain}, (
        SELECT a.id FROM affiliates a
        WHERE replace(split_part(a.email_normalized, '@', 1), '.', '') || '@' || split_part(a.email_normalized, '@', 2) = ${strict}
        ORDER BY a.id LIMIT 1)`;
  }

  private hash(strict: string): Buffer {
    if (!this.key) throw new Error('ReferralEmails is used before its module was initialised');
    return createHmac('sha256', this.key).update(strict).digest().subarray(0, HASH_BYTES);
  }
}
