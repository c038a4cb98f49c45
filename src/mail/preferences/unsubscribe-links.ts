import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { isId } from '../../common/ids.js';
import { Config } from '../../config/config.js';
import { readingKeys } from '../../config/derived-key.js';
import { isOptional, type OptionalOccasion } from '../occasions.js';

/** What an unsubscribe link is good for: one affiliate, one occasion, nothing else. */
export interface Unsubscription {
  affiliateId: string;
  occasion: OptionalOccasion;
}

export const UNSUBSCRIBE_PATH = '/unsubscribe';
export const UNDO_PATH = '/unsubscribe/undo';

/**
 * Links that switch one kind of e-mail off without a log-in. They do not run out, since e-mails are kept for years: they are
 * good as long as their SESSION_SECRET is, or is the previous one.
 */
@Injectable()
export class UnsubscribeLinks {
  private readonly keys: Buffer[];

  constructor(private readonly config: Config) {
    this.keys = readingKeys(config, 'unsubscribe links');
  }

  urlFor(affiliateId: string, occasion: OptionalOccasion): string {
    return `${this.config.publicUrl}${UNSUBSCRIBE_PATH}?token=${this.tokenFor({ affiliateId, occasion })}`;
  }

  tokenFor({ affiliateId, occasion }: Unsubscription): string {
    const subject = `${affiliateId}.${occasion}`;
    return `${subject}.${sign(subject, this.keys[0] as Buffer).toString('base64url')}`;
  }

  /** Null for a token that is not ours. */
  read(token: string): Unsubscription | null {
    const [affiliateId = '', occasion = '', signature = '', ...rest] = token.split('.');
    if (rest.length > 0 || !isId('affiliate', affiliateId) || !isOptional(occasion)) return null;
    const given = Buffer.from(signature, 'base64url');
    const isOurs = this.keys.some((key) => {
      const expected = sign(`${affiliateId}.${occasion}`, key);
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    return isOurs ? { affiliateId, occasion } : null;
  }
}

function sign(subject: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(subject).digest();
}
