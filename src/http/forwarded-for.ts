import { isIP } from 'node:net';

/** As some proxies write where a connection comes from: `203.0.113.9:49152`, `[2001:db8::9]:49152`. */
const ADDRESS_WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/;

/**
 * An X-Forwarded-For as a list of plain addresses, since those are what clicks, signups and limits go by: with another port
 * for each connection, nobody would be recognised, and guessing would never meet its limit. Ports are taken off. An entry
 * that is no address ends the list, which is read from its end: what stands before it was told by nobody that is known.
 */
export function plainAddresses(forwardedFor: string): string {
  if (isIP(forwardedFor) !== 0) return forwardedFor;
  const addresses = forwardedFor.split(',').map(withoutPort);
  const lastUnreadable = addresses.lastIndexOf(null);
  return addresses.slice(lastUnreadable + 1).join(', ');
}

function withoutPort(entry: string): string | null {
  const text = entry.trim();
  const [, bracketed, plain] = ADDRESS_WITH_PORT.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  return isIP(address) === 0 ? null : address;
}
