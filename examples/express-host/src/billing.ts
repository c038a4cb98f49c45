import Stripe from 'stripe';
import type { Settings } from './settings.js';
import type { User } from './users.js';

export type PlanName = keyof typeof PLANS;

export const PLANS = {
  team: { title: 'Team', monthlyCents: 2900, for: 'For up to ten people' },
  studio: { title: 'Studio', monthlyCents: 14900, for: 'For everybody you work with' },
} as const;

/** Subscriptions at Stripe. That invoices find their way back to the signup is the one line with `metadata`. */
export class Billing {
  private readonly stripe: Stripe;

  constructor(private readonly settings: Settings) {
    const base = settings.stripeApiBase === undefined ? undefined : new URL(settings.stripeApiBase);
    this.stripe = new Stripe(settings.stripeKey, {
      telemetry: false,
      ...(base && { host: base.hostname, port: base.port, protocol: base.protocol === 'https:' ? 'https' : 'http' }),
    });
  }

  /** Where the user pays for a plan. */
  async checkoutUrl(user: User, plan: PlanName): Promise<string> {
    const { title, monthlyCents } = PLANS[plan];
    const session = await this.stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: await this.customerOf(user),
      client_reference_id: user.id,
      line_items: [
        {
          quantity: 1,
          price_data: {
            currency: 'usd',
            unit_amount: monthlyCents,
            recurring: { interval: 'month' },
            product_data: { name: `Cadence ${title}` },
          },
        },
      ],
      metadata: { plan },
      subscription_data: { metadata: { userId: user.id } },
      success_url: `${this.settings.url}/subscribed?session={CHECKOUT_SESSION_ID}`,
      cancel_url: `${this.settings.url}/account`,
    });
    if (session.url === null) throw new Error(`Checkout session ${session.id} has no page.`);
    return session.url;
  }

  /** The plan that a checkout session of this user has paid for. */
  async paidPlan(user: User, sessionId: string): Promise<PlanName | null> {
    const session = await this.stripe.checkout.sessions.retrieve(sessionId);
    if (session.client_reference_id !== user.id || session.status !== 'complete') return null;
    return isPlan(session.metadata?.['plan']) ? session.metadata['plan'] : null;
  }

  private async customerOf(user: User): Promise<string> {
    if (user.stripeCustomerId === null) {
      const { name, email, id: userId } = user;
      user.stripeCustomerId = (await this.stripe.customers.create({ name, email, metadata: { userId } })).id;
    }
    return user.stripeCustomerId;
  }
}

export function isPlan(name: unknown): name is PlanName {
  return typeof name === 'string' && Object.hasOwn(PLANS, name);
}
