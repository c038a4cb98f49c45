/** What affiliates are written about. The words are stored, and part of the API's preferences. */
export const OCCASIONS = ['welcome', 'first_conversion', 'monthly_statement', 'payout_paid', 'action_needed'] as const;
export type Occasion = (typeof OCCASIONS)[number];

/** What affiliates may switch off. The others are about their account or their money being stuck: service messages. */
export const OPTIONAL_OCCASIONS = ['first_conversion', 'monthly_statement', 'payout_paid'] as const;
export type OptionalOccasion = (typeof OPTIONAL_OCCASIONS)[number];

/** Written to everybody at once when a run is through: these wait behind the others. */
export const BULK_OCCASIONS: readonly Occasion[] = ['monthly_statement', 'payout_paid'];

export function isOptional(occasion: string): occasion is OptionalOccasion {
  return (OPTIONAL_OCCASIONS as readonly string[]).includes(occasion);
}
