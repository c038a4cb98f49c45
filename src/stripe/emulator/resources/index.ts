import type { Route } from '../router.js';
import { accountLinkRoutes } from './account-links.js';
import { accountV1Routes } from './accounts-v1.js';
import { accountV2Routes } from './accounts-v2.js';
import { balanceRoutes } from './balance.js';
import { catalogRoutes } from './catalog.js';
import { customerRoutes } from './customers.js';
import { eventRoutes } from './events.js';
import { invoiceItemRoutes } from './invoice-items.js';
import { invoiceRoutes } from './invoices.js';
import { paymentRoutes } from './payments.js';
import { subscriptionRoutes } from './subscriptions.js';
import { transferRoutes } from './transfers.js';

/** Every route of Stripe's API that the emulator answers. */
export const apiRoutes: Route[] = [
  ...accountLinkRoutes,
  ...accountV1Routes,
  ...accountV2Routes,
  ...balanceRoutes,
  ...catalogRoutes,
  ...customerRoutes,
  ...eventRoutes,
  ...invoiceItemRoutes,
  ...invoiceRoutes,
  ...paymentRoutes,
  ...subscriptionRoutes,
  ...transferRoutes,
];
