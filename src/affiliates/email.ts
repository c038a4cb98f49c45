/** Providers that deliver `j.doe@` and `jdoe@` to the same person. */
const DOTLESS_DOMAINS = new Set(['gmail.com', 'googlemail.com']);

/**
 * The form in which two addresses of one person are equal: trimmed, in lower case, without a plus tag, and at Gmail
 * without dots and under one domain. For comparing only; mail is sent to what was given.
 */
export function normaliseEmail(email: string): string {
  const trimmed = email.trim().toLowerCase();
  const at = trimmed.lastIndexOf('@');
  if (at < 0) return trimmed;
  const local = trimmed.slice(0, at).replace(/\+.*$/s, '');
  const domain = trimmed.slice(at + 1);
  return DOTLESS_DOMAINS.has(domain) ? `${local.replaceAll('.', '')}@gmail.com` : `${local}@${domain}`;
}
