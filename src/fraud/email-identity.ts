import emailProviders from 'email-providers';
import { disposableEmailBlocklistSet } from 'disposable-email-domains-js';

/** Read once: some ten thousand domains each. */
const publicDomains = new Set<string>(emailProviders);
const disposableDomains = disposableEmailBlocklistSet();

/**
 * The strictest form of a normalised address: dots dropped everywhere, not only where the provider ignores them. Two
 * people may share it, so it is a reason to ask and none to refuse.
 */
export function strictEmail(emailNormalized: string): string {
  const at = emailNormalized.lastIndexOf('@');
  return `${emailNormalized.slice(0, at).replaceAll('.', '')}${emailNormalized.slice(at)}`;
}

export function domainOf(emailNormalized: string): string {
  return emailNormalized.slice(emailNormalized.lastIndexOf('@') + 1);
}

/** Whether everybody may have an address there, so that sharing the domain says nothing. */
export function isPublicDomain(domain: string): boolean {
  return publicDomains.has(domain) || findDisposableDomain(domain) !== null;
}

/** The listed provider of throw-away addresses that the domain is, or is a subdomain of. */
export function findDisposableDomain(domain: string): string | null {
  const labels = domain.split('.');
  for (let first = 0; first < labels.length - 1; first++) {
    const candidate = labels.slice(first).join('.');
    if (disposableDomains.has(candidate)) return candidate;
  }
  return null;
}
