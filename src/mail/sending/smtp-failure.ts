import type { NodemailerError } from 'nodemailer';

/**
 * What a failed try says. `refused`: this e-mail will never be taken. `deferred`: this one not now. `unreachable`: the
 * server, its certificate, our log-in or our sender; it would be the same with every other e-mail.
 */
export type SmtpFailureKind = 'refused' | 'deferred' | 'unreachable';

export interface SmtpFailure {
  kind: SmtpFailureKind;
  /** In codes: what servers write beside them often repeats the address. */
  text: string;
}

/** From here on the server speaks about this one e-mail, and no more about us. */
const OF_THE_EMAIL = new Set(['RCPT TO', 'DATA']);

/** `550 5.1.1 <anna@…> unknown` → 5.1.1 (RFC 3463). */
const ENHANCED_CODE = /^\d{3}[ -](?<code>[245]\.\d{1,3}\.\d{1,3})\b/;

/** What nodemailer's error means for the e-mail, by the command that was under way and the server's reply code. */
export function describeFailure(error: NodemailerError): SmtpFailure {
  const { code, command, responseCode, response, permanent, originalCode, timeoutType } = error;
  const replied = responseCode === undefined ? '' : ` answered ${responseCode}`;
  const enhanced = ENHANCED_CODE.exec(response ?? '')?.groups?.['code'];
  const reason = originalCode ?? timeoutType ?? code ?? 'unknown';
  const text = `${command ?? 'CONN'}${replied}${enhanced ? ` ${enhanced}` : ''} (${reason})`;
  // An address that the client itself finds unusable never reaches the server.
  if (code === 'EENVELOPE' && command === 'API') return { kind: 'refused', text };
  if (responseCode === undefined || command === undefined || !OF_THE_EMAIL.has(command))
    return { kind: 'unreachable', text };
  return { kind: permanent ? 'refused' : 'deferred', text };
}
