import type { Transporter } from 'nodemailer';
import type { MailSettings } from '../../config/mail-settings.js';

/** One server may speak to so many of our connections at once; the rate is kept beside. */
const CONNECTIONS_MAX = 5;
const CONNECT_TIMEOUT_MS = 15_000;
const SILENCE_TIMEOUT_MS = 30_000;
/** A server that trickles its answers is never silent. Far shorter than a claim lasts. */
const SEND_TIMEOUT_MS = 90_000;

export interface OutgoingEmail {
  messageId: string;
  to: string;
  subject: string;
  html: string;
  text: string;
  date: Date;
  /** For what can be switched off: by one POST of the mail program (RFC 8058). */
  unsubscribeUrl: string | null;
}

/** Hands e-mails to the mail server. It tries once: what is tried again, and when, is the log's business. */
export class SmtpTransport {
  private transporter: Promise<Transporter> | null = null;

  constructor(private readonly settings: Pick<MailSettings, 'smtp' | 'from'>) {}

  /** Resolves once the server has taken the e-mail. @throws NodemailerError; see describeFailure. */
  async send({ unsubscribeUrl, ...email }: OutgoingEmail): Promise<void> {
    const transporter = await (this.transporter ??= openTransporter(this.settings.smtp));
    await transporter.sendMail({
      ...email,
      from: this.settings.from.name === undefined ? this.settings.from.address : { ...this.settings.from },
      headers: {
        // Out-of-office answers leave such e-mails alone (RFC 3834).
        'Auto-Submitted': 'auto-generated',
        ...(unsubscribeUrl !== null && {
          'List-Unsubscribe': `<${unsubscribeUrl}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        }),
      },
      signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    });
  }

  /** Idle connections end; what is being sent is waited for by whoever sends. */
  async close(): Promise<void> {
    (await this.transporter)?.close();
  }
}

async function openTransporter(smtp: MailSettings['smtp']): Promise<Transporter> {
  const { host, port, implicitTls, requireTls, isLocal, user, password } = smtp;
  // Loaded by the first e-mail: where e-mails are off there is none, and it takes some 10 MB.
  const { createTransport } = await import('nodemailer');
  return createTransport({
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    // A connection that drops may have delivered: whether to send again is decided once, and written down.
    maxRequeues: 0,
    host,
    port,
    secure: implicitTls,
    requireTLS: requireTls,
    // A relay on this machine has a certificate of its own making, and nobody in between.
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !isLocal },
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  });
}
