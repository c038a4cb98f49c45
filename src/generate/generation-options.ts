/** What to generate. */
export interface GenerationOptions {
  affiliates: number;
  /** How long ago the first ones came. */
  months: number;
  /** Of an affiliate, on average: paid invoices that earn, and clicks. */
  salesPerAffiliate: number;
  clicksPerAffiliate: number;
  /** What customers pay in, and how often it is each. */
  currencies: { weight: number; value: string }[];
  /** The same number makes the same data, relative to the moment of generation. */
  seed: number;
}
