import { Fairshare, FairshareError, readClick, type FairshareEvent, type RequestWithCookies } from '@fairshare/sdk';
import type { Settings } from './settings.js';
import type { User, Users } from './users.js';

const NEWS_MAX = 5;
const EVENT_IDS_MAX = 1000;

/** What an affiliate likes to hear. */
const NEWS = {
  'referral.created': 'Somebody signed up through your link.',
  'referral.converted': 'Somebody you referred became a customer.',
  'commission.created': 'You earned a commission.',
  'payout.paid': 'You were paid.',
} as const;

export const NEWS_TYPES = Object.keys(NEWS) as (keyof typeof NEWS)[];

/** All that this app has to do with Fairshare. */
export class Affiliates {
  private readonly fairshare: Fairshare;
  private readonly seenEvents = new Set<string>();

  constructor(
    settings: Settings,
    private readonly users: Users,
  ) {
    this.fairshare = new Fairshare({ url: settings.fairshareUrl, secret: settings.fairshareSecret });
  }

  /** Tells the service who sent a user who has just signed up. Nobody has to wait for it, or for a service that is away. */
  async reportSignup(user: User, request: RequestWithCookies & { ip?: string | undefined }): Promise<void> {
    user.unreportedClick = readClick(request);
    try {
      await this.report(user, request.ip);
    } catch (error) {
      // Tried again before money is involved: see ensureReported.
      console.error('Fairshare was not told of a signup:', error);
    }
  }

  /** For who signed up while the service was away: it may be told late, as long as it is told when it was. */
  async ensureReported(user: User): Promise<void> {
    await this.report(user, undefined);
  }

  private async report(user: User, ip: string | undefined): Promise<void> {
    const { id: referredUserId, email, unreportedClick, signedUpAt } = user;
    if (unreportedClick === null) return;
    const body = { referredUserId, email, ip, occurredAt: signedUpAt.toISOString(), ...unreportedClick };
    const answer = await this.fairshare.post('/v1/referrals', { body });
    user.unreportedClick = null;
    if (!answer.attributed) console.log(`Signup of ${referredUserId} is credited to nobody: ${answer.reason}`);
  }

  /** Makes a user an affiliate, once. */
  async join(user: User): Promise<void> {
    const { id: userId, name, email } = user;
    try {
      user.affiliate = await this.fairshare.post('/v1/affiliates', { body: { userId, name, email } });
    } catch (error) {
      // Pressed twice, say: the affiliate is there.
      if (!(error instanceof FairshareError) || error.code !== 'affiliate_exists') throw error;
      const [known] = (await this.fairshare.get('/v1/affiliates', { query: { userId } })).data;
      if (known) user.affiliate = known;
    }
  }

  /** For the frame on the affiliate's page. */
  tokenFor(user: User): Promise<string> {
    return this.fairshare.affiliateToken(user.id);
  }

  /** Opens the dashboard in a page of its own; good once, for five minutes. */
  async dashboardLink(affiliateId: string): Promise<string> {
    return (await this.fairshare.post('/v1/affiliates/{id}/dashboard-links', { path: { id: affiliateId } })).url;
  }

  /** Takes a verified event. An event may come more than once. */
  takeNews({ id, type, data }: FairshareEvent): void {
    if (this.seenEvents.has(id)) return;
    this.seenEvents.add(id);
    if (this.seenEvents.size > EVENT_IDS_MAX) this.seenEvents.delete([...this.seenEvents][0] ?? '');
    const news = NEWS_TYPES.find((known) => known === type);
    const user = this.users.findByAffiliate(data['affiliateId']);
    if (news && user) user.news = [NEWS[news], ...user.news].slice(0, NEWS_MAX);
  }
}
