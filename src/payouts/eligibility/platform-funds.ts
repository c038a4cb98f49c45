import { Injectable, Logger } from '@nestjs/common';
import { PayoutGateway } from '../payout-gateway.js';

/** What the platform holds at the payment provider. Asks the provider: never within a transaction. */
@Injectable()
export class PlatformFunds {
  private readonly logger = new Logger(PlatformFunds.name);

  constructor(private readonly gateway: PayoutGateway) {}

  /**
   * What is available, in minor units, in each currency that the platform has ever held.
   * @returns null when the provider cannot be asked; nothing is decided on funds then.
   */
  async findAvailable(): Promise<ReadonlyMap<string, bigint> | null> {
    try {
      const balances = await this.gateway.getBalances();
      return new Map(balances.map(({ currency, availableMinor }) => [currency, availableMinor]));
    } catch (error) {
      this.logger.warn({ message: "the platform's balance could not be asked for", error: String(error) });
      return null;
    }
  }

  /** The currencies that the platform has ever held; null when the provider cannot be asked. */
  async findHeldCurrencies(): Promise<ReadonlySet<string> | null> {
    const available = await this.findAvailable();
    return available && new Set(available.keys());
  }
}
