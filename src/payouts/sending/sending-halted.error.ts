/** Credentials or keys are wrong: nothing more is sent until somebody looked. Nothing is returned or failed then. */
export class SendingHaltedError extends Error {
  /** @param payoutId the payout whose request met it, null when it was none's. */
  constructor(
    readonly detail: string,
    readonly payoutId: string | null,
  ) {
    super(`sending payouts was stopped: ${detail}`);
    this.name = 'SendingHaltedError';
  }
}
