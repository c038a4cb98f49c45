import { Logger } from '@nestjs/common';
import Stripe from 'stripe';
import type { Database } from '../database/database.js';
import type { StripeHttpClient } from './stripe-connection.js';

/** What a request is refused with; the log and a halted run name it. */
const REFUSAL_CODE = 'key_of_other_platform';

/**
 * Lets nothing out to Stripe under a key of another platform than the one that the affiliates' accounts belong to. Such a
 * key works, and to it every account is one that was disconnected, every transfer one that never was: each affiliate
 * would be told that the account is gone, and each payout be cancelled.
 *
 * The platform of the first key is kept in the database. Each process compares before its first request.
 */
export class PlatformGuard {
  private readonly logger = new Logger(PlatformGuard.name);
  private isSettled = false;
  private comparing: Promise<boolean> | null = null;

  /** @param stripe a client of its own, whose requests nobody guards. */
  constructor(
    private readonly database: Database,
    private readonly stripe: Stripe,
  ) {}

  /**
   * Whether requests under this key may leave. Asked again until it was answered yes, so that a database that is put
   * right needs no restart.
   * @throws Stripe's error when it does not answer, or the database's.
   */
  async allows(): Promise<boolean> {
    if (this.isSettled) return true;
    this.comparing ??= this.compare().finally(() => {
      this.comparing = null;
    });
    this.isSettled = await this.comparing;
    return this.isSettled;
  }

  private async compare(): Promise<boolean> {
    const platform = await this.askWhoWeAre();
    if (platform === null) return true;
    const known = await this.remember(platform);
    if (known === null || known === platform) return true;
    this.logger.error({
      code: REFUSAL_CODE,
      message: `STRIPE_SECRET_KEY belongs to ${platform}, but the affiliates' accounts to ${known}: nothing is asked of Stripe`,
      platform,
      expected: known,
    });
    return false;
  }

  /** Null for a key that may not ask: what else it may not do, Stripe says itself. */
  private async askWhoWeAre(): Promise<string | null> {
    try {
      const account: Partial<Stripe.Account> = await this.stripe.accounts.retrieveCurrent();
      if (account.object !== 'account' || !account.id?.startsWith('acct_')) {
        throw new Error('Stripe was asked whose the key is and answered something else');
      }
      return account.id;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError) || ![401, 403].includes(error.statusCode ?? 0)) throw error;
      this.logger.warn('the key may not ask Stripe whose it is: a key of another platform would not be noticed');
      return null;
    }
  }

  /** @returns the platform that was there first; null while there is no installation to keep it with. */
  private async remember(platform: string): Promise<string | null> {
    const { prisma } = this.database;
    await prisma.installation.updateMany({
      where: { id: 1, stripePlatformId: null },
      data: { stripePlatformId: platform },
    });
    return (await prisma.installation.findUnique({ where: { id: 1 } }))?.stripePlatformId ?? null;
  }
}

/** The SDK's own client behind the guard. What is refused reads as Stripe's answer to a key without the permission. */
export class GuardedHttpClient extends Stripe.HttpClient {
  constructor(
    private readonly guard: PlatformGuard,
    private readonly inner: StripeHttpClient = Stripe.createNodeHttpClient(),
  ) {
    super();
  }

  override getClientName(): string {
    return this.inner.getClientName();
  }

  override async makeRequest(
    ...request: Parameters<StripeHttpClient['makeRequest']>
  ): ReturnType<StripeHttpClient['makeRequest']> {
    return (await this.guard.allows()) ? this.inner.makeRequest(...request) : new RefusedResponse();
  }
}

class RefusedResponse extends Stripe.HttpClientResponse {
  constructor() {
    super(403, {});
  }

  override toJSON(): Promise<unknown> {
    const message = "The key belongs to another platform than the affiliates' accounts.";
    return Promise.resolve({ error: { type: 'invalid_request_error', code: REFUSAL_CODE, message } });
  }
}
