/** Remembers which addresses an affiliate's own browser has used, for the rule that compares them with a signup's. */
export abstract class AffiliateIpRecorder {
  abstract remember(affiliateId: string, ip: string): Promise<void>;
}
