import type { components } from './api.js';

export { Fairshare, type FairshareOptions } from './fairshare.js';
export { FairshareError } from './error.js';
export { clickCookie, readClick, type ReadClick, type RequestWithCookies } from './click.js';
export { verifyWebhook, type FairshareEvent, type WebhookHeaders } from './webhooks.js';
export type { SigningKey } from './tokens.js';

type Schemas = components['schemas'];
export type Affiliate = Schemas['AffiliateDto'];
export type Referral = Schemas['ReferralDto'];
export type Commission = Schemas['CommissionDto'];
export type Payout = Schemas['PayoutDto'];
export type PayoutRun = Schemas['PayoutRunDto'];
