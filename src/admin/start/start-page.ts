/**
 * What the start page is sent. Types alone: the page is built for browsers and must import nothing of the service.
 */
export interface StartPage {
  work: WorkList;
  /** Null where a month is too much to walk through. */
  figures: ProgramFigures | null;
}

/** What needs a person today, and whether the books are in order. Counts end at a thousand. */
export interface WorkList {
  openCases: { count: number; holding: number; oldest: string | null };
  pendingAffiliates: number;
  failedEvents: number;
  pendingPayouts: number;
  failedPayouts: { count: number; period: string | null };
  /** Endpoints of the host that do not take what is sent to them, or were given up. */
  failingEndpoints: number;
  /** Of the last week. */
  failedEmails: number;
  /** Runs that wait for somebody: for approval, for funds, or because sending was halted. */
  waitingRuns: { id: string; period: string; status: string; haltedReason: string | null }[];
  ledger: { sealed: string; unsealed: number; lastEntryAt: string | null };
  /** What came out when the ledger was last proven; null before the first night. */
  verification: { finishedAt: string; breachCount: number } | null;
  /** Since when somebody waits for another proof; null while nobody does. */
  verificationRequestedAt: string | null;
  reconciliation: {
    status: string;
    finishedAt: string | null;
    differenceCount: number;
    openCount: number;
  } | null;
}

/** How the program has been doing. */
export interface ProgramFigures {
  /** The last thirty days in UTC, the oldest first: `2026-11-28`. */
  days: string[];
  clicks: number[];
  signups: number[];
  conversions: number[];
  /** What was earned each day, in minor units, by currency; the busiest currencies first. */
  commissions: { currency: string; amounts: number[] }[];
  /** Of the last runs, the oldest first, in minor units. */
  payouts: { period: string; currency: string; paid: number; pending: number; failed: number }[];
}
