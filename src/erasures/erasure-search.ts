import type { PersonInEvents } from '../stripe/webhooks/event-erasure.js';

/**
 * What the background has to find of a person. Personal data: it is kept with the erasure until the search ends, and
 * deleted by the statement that ends it.
 */
export interface ErasureSearch {
  /** What to put in place of what, most telling first. */
  names: [name: string, replacement: string][];
  /** A text that holds one of these may be about the person. */
  mentions: string[];
  events: PersonInEvents;
  affiliate: { id: string; codes: string[]; code: string; createdAt: string } | null;
}

/** How far a search is. */
export interface ErasureProgress {
  step: number;
  /** Where the step's last batch ended. */
  after: string[] | null;
}
