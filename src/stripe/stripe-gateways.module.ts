import { Global, Module, type DynamicModule } from '@nestjs/common';
import Stripe from 'stripe';
import { AccountGateway } from '../affiliates/onboarding/account-gateway.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { PayoutGateway } from '../payouts/payout-gateway.js';
import { TransferReversalGateway } from '../payouts/reversals/transfer-reversal-gateway.js';
import { TransferReader } from '../payouts/reconciliation/transfer-reader.js';
import { PromotionCodeLookup } from '../referrals/promotions/promotion-code-lookup.js';
import { StripeAccountGatewayV1 } from './gateways/stripe-account-gateway-v1.js';
import { StripeAccountGatewayV2 } from './gateways/stripe-account-gateway-v2.js';
import { GuardedHttpClient, PlatformGuard } from './platform-guard.js';
import { createStripeClient, StripeConnection } from './stripe-connection.js';
import { StripePromotionCodeLookup } from './gateways/stripe-promotion-code-lookup.js';
import { StripePayoutGateway } from './gateways/stripe-payout-gateway.js';
import { StripeTransferReversalGateway } from './gateways/stripe-transfer-reversal-gateway.js';
import { StripeTransferReader } from './gateways/stripe-transfer-reader.js';

/** The ports that other modules own, bound to Stripe. */
@Global()
@Module({})
export class StripeGatewaysModule {
  static connect(connection: StripeConnection): DynamicModule {
    return {
      module: StripeGatewaysModule,
      providers: [
        { provide: StripeConnection, useValue: connection },
        {
          provide: Stripe,
          inject: [Database],
          useFactory: (database: Database) => {
            const guard = new PlatformGuard(database, createStripeClient(connection));
            return createStripeClient(connection, new GuardedHttpClient(guard));
          },
        },
        {
          provide: AccountGateway,
          inject: [Stripe, Config],
          useFactory: (stripe: Stripe, config: Config) =>
            config.stripeAccountsApi === 'v2' ? new StripeAccountGatewayV2(stripe) : new StripeAccountGatewayV1(stripe),
        },
        { provide: PayoutGateway, useClass: StripePayoutGateway },
        { provide: PromotionCodeLookup, useClass: StripePromotionCodeLookup },
        { provide: TransferReader, useClass: StripeTransferReader },
        { provide: TransferReversalGateway, useClass: StripeTransferReversalGateway },
      ],
      exports: [
        StripeConnection,
        Stripe,
        AccountGateway,
        PayoutGateway,
        PromotionCodeLookup,
        TransferReader,
        TransferReversalGateway,
      ],
    };
  }
}
