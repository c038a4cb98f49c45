import type { Environment } from './environment.js';

/** How e-mails to affiliates leave the house. */
export interface MailSettings {
  smtp: {
    host: string;
    port: number;
    /** TLS from the first byte (`smtps:`), or by STARTTLS. */
    implicitTls: boolean;
    /** Whether a connection that STARTTLS cannot protect is given up instead of used. */
    requireTls: boolean;
    /** Whether it is on this very machine. */
    isLocal: boolean;
    user: string | undefined;
    password: string | undefined;
  };
  from: { name: string | undefined; address: string };
  messagesPerSecond: number;
}

const SMTP_PORT = 587;
const SMTPS_PORT = 465;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** `Acme Partners <partners@acme.com>`, `"Acme, Inc." <…>`, or the address alone. */
const SENDER = /^(?:"?(?<name>[^"<>\r\n]*?)"?\s*<(?<inner>[^<>\s]+)>|(?<bare>[^<>\s]+))$/;
const ADDRESS = /^[^\s@"<>()[\]:;,\\]+@[a-z0-9-]+(\.[a-z0-9-]+)*$/i;

/**
 * What SMTP_URL and MAIL_FROM come to; null when neither is set: then nothing is sent.
 * @param problems gets a sentence for each that is wrong; none of them repeats a value, since SMTP_URL holds a password.
 */
export function parseMailSettings(env: Environment, problems: string[]): MailSettings | null {
  if (env.SMTP_URL === undefined && env.MAIL_FROM === undefined) return null;
  if (env.SMTP_URL === undefined) problems.push('SMTP_URL is required where MAIL_FROM is set: nothing could be sent');
  if (env.MAIL_FROM === undefined) problems.push('MAIL_FROM is required where SMTP_URL is set: e-mails need a sender');
  const smtp = env.SMTP_URL === undefined ? null : parseSmtpUrl(env.SMTP_URL, problems);
  const from = env.MAIL_FROM === undefined ? null : parseSender(env.MAIL_FROM, problems);
  return smtp && from && { smtp, from, messagesPerSecond: env.MAIL_PER_SECOND };
}

/** A password never travels in clear, but to this machine itself; without one, TLS is used where the server offers it. */
function parseSmtpUrl(value: string, problems: string[]): MailSettings['smtp'] | null {
  if (!URL.canParse(value)) {
    problems.push(
      'SMTP_URL must be like smtp://user:password@mail.example.com:587, special characters percent-encoded',
    );
    return null;
  }
  const url = new URL(value);
  const implicitTls = url.protocol === 'smtps:';
  if ((!implicitTls && url.protocol !== 'smtp:') || url.hostname === '') {
    problems.push('SMTP_URL must begin with smtp:// (STARTTLS) or smtps:// (TLS) and name a host');
    return null;
  }
  if (url.pathname.length > 1 || url.search !== '' || url.hash !== '') {
    problems.push('SMTP_URL must end after host and port');
    return null;
  }
  const credentials = decodeCredentials(url);
  if (credentials === null || (credentials.user === undefined) !== (credentials.password === undefined)) {
    problems.push('SMTP_URL must have both user and password, percent-encoded, or neither');
    return null;
  }
  const isLocal = LOOPBACK.has(url.hostname);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (implicitTls ? SMTPS_PORT : SMTP_PORT) : Number(url.port),
    implicitTls,
    requireTls: credentials.password !== undefined && !isLocal,
    isLocal,
    ...credentials,
  };
}

function decodeCredentials({ username, password }: URL): Pick<MailSettings['smtp'], 'user' | 'password'> | null {
  try {
    return {
      user: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password) || undefined,
    };
  } catch {
    // A stray % is no escape: the operator forgot to encode it.
    return null;
  }
}

function parseSender(value: string, problems: string[]): MailSettings['from'] | null {
  const groups = SENDER.exec(value.trim())?.groups;
  const address = groups?.['inner'] ?? groups?.['bare'];
  if (address === undefined || !ADDRESS.test(address)) {
    problems.push('MAIL_FROM must be an address such as partners@example.com, or Name <partners@example.com>');
    return null;
  }
  return { name: groups?.['name']?.trim() || undefined, address };
}
