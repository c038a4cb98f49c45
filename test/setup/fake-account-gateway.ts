import type { AccountGateway, AccountStatus, NewAccount, NewOnboardingLink, OnboardingLink } from '../../src/affiliates/account-gateway.js';
import type { FakeClock } from './fake-clock.js';

const LINK_LIFETIME_MS = 5 * 60_000;

/** Remembers what was asked, keeps to idempotency keys as Stripe does, and fails when told to. */
export class FakeAccountGateway implements AccountGateway {
  readonly created: NewAccount[] = [];
  readonly links: NewOnboardingLink[] = [];
  /** Accounts by id; null is one that was closed. */
  readonly statuses = new Map<string, AccountStatus | null>();
  isDown = false;
  private readonly byKey = new Map<string, string>();

  constructor(private readonly clock: FakeClock) {}

  /** Takes the place of the application's own gateway. */
  replace(gateway: AccountGateway): this {
    Object.assign(gateway, {
      createAccount: (input: NewAccount) => this.createAccount(input),
      createOnboardingLink: (input: NewOnboardingLink) => this.createOnboardingLink(input),
      getAccount: (accountId: string) => this.getAccount(accountId),
    });
    return this;
  }

  async createAccount(input: NewAccount): Promise<{ accountId: string }> {
    this.answerOrFail();
    let accountId = this.byKey.get(input.idempotencyKey);
    if (accountId === undefined) {
      this.created.push(input);
      accountId = `acct_${this.created.length}`;
      this.byKey.set(input.idempotencyKey, accountId);
      this.statuses.set(accountId, { accountId, detailsSubmitted: false, payoutsEnabled: false, requirementsDue: [] });
    }
    return { accountId };
  }

  async createOnboardingLink(input: NewOnboardingLink): Promise<OnboardingLink> {
    this.answerOrFail();
    this.links.push(input);
    return {
      url: `https://connect.stripe.com/setup/${input.accountId}/${this.links.length}`,
      expiresAt: new Date(this.clock.now().getTime() + LINK_LIFETIME_MS),
    };
  }

  async getAccount(accountId: string): Promise<AccountStatus | null> {
    this.answerOrFail();
    return this.statuses.get(accountId) ?? null;
  }

  private answerOrFail(): void {
    if (this.isDown) throw new Error('connect ECONNRESET');
  }
}
