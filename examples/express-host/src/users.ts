import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { ReadClick } from '@fairshare/sdk';
import type { PlanName } from './billing.js';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const KEY_BYTES = 32;

export interface User {
  id: string;
  name: string;
  email: string;
  signedUpAt: Date;
  /** Who sent this user, until the service has been told. */
  unreportedClick: ReadClick | null;
  stripeCustomerId: string | null;
  plan: PlanName | null;
  affiliate: { id: string; referralUrl: string } | null;
  /** What the service's webhooks told about this user as an affiliate, newest first. */
  news: string[];
}

interface Account {
  user: User;
  salt: Buffer;
  key: Buffer;
}

/** Everybody who has signed up. In memory, since this is an example: a restart forgets them. */
export class Users {
  private readonly byEmail = new Map<string, Account>();
  private readonly byId = new Map<string, User>();

  /** Null when the e-mail address is taken. */
  async create(given: { name: string; email: string; password: string }): Promise<User | null> {
    const email = given.email.trim().toLowerCase();
    const salt = randomBytes(16);
    const key = await derive(given.password, salt, KEY_BYTES);
    if (this.byEmail.has(email)) return null;
    const user: User = {
      id: randomUUID(),
      name: given.name.trim(),
      email,
      signedUpAt: new Date(),
      unreportedClick: null,
      stripeCustomerId: null,
      plan: null,
      affiliate: null,
      news: [],
    };
    this.byEmail.set(email, { user, salt, key });
    this.byId.set(user.id, user);
    return user;
  }

  async findByPassword(email: string, password: string): Promise<User | null> {
    const account = this.byEmail.get(email.trim().toLowerCase());
    if (!account) return null;
    const key = await derive(password, account.salt, KEY_BYTES);
    return timingSafeEqual(key, account.key) ? account.user : null;
  }

  find(id: string): User | null {
    return this.byId.get(id) ?? null;
  }

  findByAffiliate(affiliateId: unknown): User | null {
    return [...this.byId.values()].find(({ affiliate }) => affiliate?.id === affiliateId) ?? null;
  }
}
