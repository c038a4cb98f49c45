import type { Route } from '../router.js';
import { accountLinkRoutes } from './account-links.js';
import { accountV1Routes } from './accounts-v1.js';
import { accountV2Routes } from './accounts-v2.js';
import { balanceTransactionRoutes } from './balance-transactions.js';
import { balanceRoutes } from './balance.js';
import { bankPayoutRoutes } from './bank-payouts.js';
import { catalogRoutes } from './catalog.js';
import { chargeRoutes } from './charges.js';
import { checkoutSessionRoutes } from './checkout-sessions.js';
import { creditNoteRoutes } from './credit-notes.js';
import { customerBalanceRoutes } from './customer-balance.js';
import { customerRoutes } from './customers.js';
import { disputeRoutes } from './disputes.js';
import { eventRoutes } from './events.js';
import { invoiceItemRoutes } from './invoice-items.js';
import { invoicePaymentRoutes } from './invoice-payments.js';
import { invoiceRoutes } from './invoices.js';
import { paymentIntentRoutes } from './payment-intents.js';
import { paymentMethodRoutes } from './payment-methods.js';
import { promotionCodeRoutes } from './promotion-codes.js';
import { refundRoutes } from './refunds.js';
import { subscriptionRoutes } from './subscriptions.js';
import { transferRoutes } from './transfers.js';

/** Every route of Stripe's API that the emulator answers. */
export const apiRoutes: Route[] = [
  ...accountLinkRoutes,
  ...accountV1Routes,
  ...accountV2Routes,
  ...balanceRoutes,
  ...balanceTransactionRoutes,
  ...bankPayoutRoutes,
  ...catalogRoutes,
  ...chargeRoutes,
  ...checkoutSessionRoutes,
  ...creditNoteRoutes,
  ...customerBalanceRoutes,
  ...customerRoutes,
  ...disputeRoutes,
  ...eventRoutes,
  ...invoiceItemRoutes,
  ...invoicePaymentRoutes,
  ...invoiceRoutes,
  ...paymentIntentRoutes,
  ...paymentMethodRoutes,
  ...promotionCodeRoutes,
  ...refundRoutes,
  ...subscriptionRoutes,
  ...transferRoutes,
];
