/**
 * Stripe forgets a key after 24 hours at the earliest; from here on the same key might make a second transfer, so the
 * payout is looked up first. Four hours of room for clocks that differ.
 */
const KEY_TRUSTED_MS = 20 * 60 * 60 * 1000;

/** How long a request that left may still arrive and be carried out: many times the timeout of either side. */
const ARRIVAL_MS = 10 * 60 * 1000;

/** A request for a transfer that was sent and never answered: the transfer may exist. */
export interface UnresolvedRequest {
  firstSentAt: Date;
  lastSentAt: Date;
  credentialId: string;
}

/**
 * Whether the provider has to be asked for the transfer before anything else happens. Otherwise the request is simply
 * sent again: under the same key it can only have the effect that it had, or have it now.
 */
export function mustLookUp(
  request: UnresolvedRequest,
  present: { now: Date; credentialId: string; isEligible: boolean },
): boolean {
  const isKeyTrusted = present.now.getTime() - request.firstSentAt.getTime() < KEY_TRUSTED_MS;
  return !present.isEligible || !isKeyTrusted || request.credentialId !== present.credentialId;
}

/** From when on "there is no such transfer" means that there never will be one of this request. */
export function absenceCertainAt(request: UnresolvedRequest): Date {
  return new Date(request.lastSentAt.getTime() + ARRIVAL_MS);
}
