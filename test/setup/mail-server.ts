import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';

/** At which command a mail server says no. */
export type MailStage = 'AUTH' | 'MAIL FROM' | 'RCPT TO' | 'DATA';

export interface TestMailServer {
  port: number;
  /** What it has taken, in order. */
  emails: ParsedMail[];
  /** What it was logged in with. */
  logins: string[];
  /** Has it answer a command like this, so many times; to everybody, or to one reader. */
  refuse(stage: MailStage, reply: string, options?: { times?: number; of?: string }): void;
  /** Takes the next e-mail and drops the connection instead of saying so. */
  dropAfterData(): void;
  close(): Promise<void>;
}

interface Refusal {
  stage: MailStage;
  reply: string;
  times: number;
  of: string | undefined;
}

/** A real mail server on this machine. Where `password` is given, it wants a log-in. */
export async function startMailServer(
  options: { port?: number; password?: string; offersTls?: boolean } = {},
): Promise<TestMailServer> {
  const { port = 0, password, offersTls = false } = options;
  const emails: ParsedMail[] = [];
  const logins: string[] = [];
  const refusals: Refusal[] = [];
  let drops = 0;
  const refusal = (stage: MailStage, address?: string): Error | null => {
    const found = refusals.find((each) => each.stage === stage && each.times > 0 && (each.of ?? address) === address);
    if (!found) return null;
    found.times -= 1;
    return Object.assign(new Error(found.reply.slice(4)), { responseCode: Number(found.reply.slice(0, 3)) });
  };
  const server: SMTPServer = new SMTPServer({
    hideSTARTTLS: !offersTls,
    disabledCommands: offersTls ? [] : ['STARTTLS'],
    authOptional: password === undefined,
    allowInsecureAuth: true,
    closeTimeout: 100,
    onAuth({ username, password: given }, _session, done) {
      logins.push(`${username}:${given}`);
      if (given === password) done(null, { user: username });
      else done(Object.assign(new Error('5.7.8 wrong password'), { responseCode: 535 }));
    },
    onMailFrom: (_address, _session, done) => done(refusal('MAIL FROM')),
    onRcptTo: ({ address }, _session, done) => done(refusal('RCPT TO', address)),
    onData(stream, session, done) {
      void receive(stream).then((email) => {
        const refused = refusal('DATA', session.envelope.rcptTo[0]?.address);
        if (!refused) emails.push(email);
        if (drops > 0) {
          drops -= 1;
          for (const connection of server.connections) connection._socket.destroy();
        } else done(refused);
      });
    },
  });
  // A client that goes away in the middle is what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    emails,
    logins,
    refuse: (stage, reply, { times = Infinity, of } = {}) => refusals.push({ stage, reply, times, of }),
    dropAfterData: () => {
      drops += 1;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function receive(stream: SMTPServerDataStream): Promise<ParsedMail> {
  return simpleParser(await buffer(stream));
}
