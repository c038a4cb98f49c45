/** A promotion code as Stripe has it now. */
export interface FoundPromotionCode {
  id: string;
  /** What customers type in. */
  code: string;
  active: boolean;
}

/** A port: which promotion codes there are. Asks the payment provider: never within a transaction. */
export abstract class PromotionCodeLookup {
  /** By its id (`promo_…`). Null where there is none. */
  abstract findById(id: string): Promise<FoundPromotionCode | null>;

  /** The active ones of these letters, whatever their case: several where codes are made for single customers. */
  abstract findByCode(code: string): Promise<FoundPromotionCode[]>;
}
