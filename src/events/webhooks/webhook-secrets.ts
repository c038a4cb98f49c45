import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { WebhookEndpoint } from '@prisma/client';
import { Webhook } from 'standardwebhooks';
import { decrypt, encrypt } from '../../common/encryption.js';
import { Config } from '../../config/config.js';
import { readingKeys } from '../../config/derived-key.js';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

type Secrets = Pick<WebhookEndpoint, 'id' | 'secret' | 'previousSecret' | 'previousSecretUntil'>;

/** What is signed: the same text that is sent. */
interface Message {
  id: string;
  sentAt: Date;
  body: string;
}

/** The secrets that deliveries are signed with (Standard Webhooks): kept encrypted under a key that SESSION_SECRET gives. */
@Injectable()
export class WebhookSecrets {
  private readonly keys: Buffer[];

  constructor(config: Config) {
    this.keys = readingKeys(config, 'webhook secrets');
  }

  /** A new secret: as it is shown once, and as it is kept. */
  create(endpointId: string): { shown: string; kept: Uint8Array<ArrayBuffer> } {
    const secret = randomBytes(SECRET_BYTES);
    return { shown: PREFIX + secret.toString('base64'), kept: encrypt(secret, this.keys[0] as Buffer, endpointId) };
  }

  /**
   * The header `webhook-signature`: by the secret, and by the one before while that is still good, with a space between.
   * Null when the SESSION_SECRET that the secret was encrypted under is not known any more.
   */
  sign(endpoint: Secrets, message: Message): string | null {
    const { id, secret, previousSecret, previousSecretUntil } = endpoint;
    const isPreviousGood = previousSecretUntil !== null && previousSecretUntil > message.sentAt;
    const kept = previousSecret !== null && isPreviousGood ? [secret, previousSecret] : [secret];
    const secrets = kept.map((each) => decrypt(each, this.keys, id));
    const signatures = secrets.flatMap((each) => (each === null ? [] : [signatureOf(each, message)]));
    return secrets[0] === null ? null : signatures.join(' ');
  }
}

function signatureOf(secret: Buffer, { id, sentAt, body }: Message): string {
  return new Webhook(secret.toString('base64')).sign(id, sentAt, body);
}
