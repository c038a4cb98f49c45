import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The host is, or resolves to, an address that is not on the internet. */
class PrivateAddressError extends Error {
  constructor(host: string) {
    super(`${host} leads to an address that is not public; see WEBHOOK_ALLOW_PRIVATE_ADDRESSES`);
  }
}

/**
 * Whether an address is on the internet: neither of this machine, nor of a private network, nor of a cloud's metadata
 * service, nor reserved, in whatever form it is written. An IPv4 address inside an IPv6 one counts as what it is; ranges
 * that lead to IPv4 by a translation on the way are refused.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/** @throws PrivateAddressError when the URL names an address that is not public; a name is looked up when connecting. */
export function refusePrivateLiteral({ hostname }: URL): void {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new PrivateAddressError(host);
}

/**
 * Looks a name up for a connection that is made to exactly the addresses which were checked here: another look-up, which
 * might give another answer, does not come between. One address that is not public refuses all.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (failure, addresses: LookupAddress[]) => {
    const error = failure ?? refusalOf(hostname, addresses);
    if (error) callback(error, '', 0);
    else if (options.all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  });
};

/** Why nothing may be sent to a name that leads to these addresses; null where each of them is on the internet. */
export function refusalOf(hostname: string, addresses: readonly LookupAddress[]): Error | null {
  const isPublic = addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address));
  return isPublic ? null : new PrivateAddressError(hostname);
}
