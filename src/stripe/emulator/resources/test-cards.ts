import { createHash } from 'node:crypto';
import type { Workspace } from '../workspace.js';

/** What happens when a card is charged, and afterwards. A card that says nothing simply pays. */
export interface TestCard {
  last4: string;
  decline?: { code: string; declineCode: string; message: string };
  /** The charge succeeds and is disputed at once. */
  dispute?: { reason: string; networkReasonCode: string; inquiry: boolean };
  /** A refund waits until it is settled by the emulator's own surface. */
  refund?: 'pending';
  /** The money is available at once instead of pending. */
  bypassesPending?: true;
}

const PAYS: TestCard = { last4: '4242' };

const DECLINED = 'Your card was declined.';

/** The cards of Stripe's testing page that the emulator knows, by their name there. */
const BY_NAME = new Map<string, TestCard>([
  ['chargeDeclined', { last4: '0002', decline: refusal('card_declined', 'generic_decline', DECLINED) }],
  ['chargeCustomerFail', { last4: '0341', decline: refusal('card_declined', 'generic_decline', DECLINED) }],
  [
    'chargeDeclinedInsufficientFunds',
    { last4: '9995', decline: refusal('card_declined', 'insufficient_funds', 'Your card has insufficient funds.') },
  ],
  ['chargeDeclinedLostCard', { last4: '9987', decline: refusal('card_declined', 'lost_card', DECLINED) }],
  ['chargeDeclinedStolenCard', { last4: '9979', decline: refusal('card_declined', 'stolen_card', DECLINED) }],
  [
    'chargeDeclinedExpiredCard',
    { last4: '0069', decline: refusal('expired_card', 'expired_card', 'Your card has expired.') },
  ],
  ['createDispute', { last4: '0259', dispute: { reason: 'fraudulent', networkReasonCode: '10.4', inquiry: false } }],
  [
    'createDisputeProductNotReceived',
    { last4: '2685', dispute: { reason: 'product_not_received', networkReasonCode: '13.1', inquiry: false } },
  ],
  ['createDisputeInquiry', { last4: '1976', dispute: { reason: 'general', networkReasonCode: '10.4', inquiry: true } }],
  ['pendingRefund', { last4: '7726', refund: 'pending' }],
  ['bypassPending', { last4: '0077', bypassesPending: true }],
]);

const BY_LAST4 = new Map([...BY_NAME.values()].map((card) => [card.last4, card]));

/**
 * The card that a payment method or token stands for: by its stored object, else by its name
 * (`pm_card_createDispute`, `pm_card_visa_chargeDeclined`, `tok_createDispute`). Any other pays.
 */
export function testCard(workspace: Workspace, paymentMethod: string): TestCard {
  const stored = workspace.find('payment_method', paymentMethod);
  return stored ? cardEndingIn(stored.card?.last4 ?? '') : cardNamed(paymentMethod);
}

export function cardNamed(name: string): TestCard {
  return BY_NAME.get(name.replace(/^(?:pm_card|tok)_(?:visa_)?/, '')) ?? PAYS;
}

export function cardEndingIn(last4: string): TestCard {
  return BY_LAST4.get(last4) ?? { last4 };
}

/** The same for the same number, as Stripe's is; a test card's number is told by its last digits. */
export function fingerprintOf(last4: string): string {
  return createHash('sha256').update(`card ending in ${last4}`).digest('base64url').slice(0, 16);
}

function refusal(code: string, declineCode: string, message: string): TestCard['decline'] {
  return { code, declineCode, message };
}
