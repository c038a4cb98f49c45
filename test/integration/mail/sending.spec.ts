/** E-mails on their way to a real mail server, and what happens when it says no. */
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { EmailLog } from '../../../src/mail/log/email-log.js';
import { MailScheduler } from '../../../src/mail/mail-scheduler.js';
import { createLogger } from '../../../src/http/logging.js';
import { MailSender } from '../../../src/mail/sending/mail-sender.js';
import { describeFailure } from '../../../src/mail/sending/smtp-failure.js';
import { SmtpTransport } from '../../../src/mail/sending/smtp-transport.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { startMailServer, type TestMailServer } from '../../setup/mail-server.js';

const MINUTE_MS = 60_000;

let api: TestApp;
let server: TestMailServer;
let lines: string[];

async function start(options: Parameters<typeof startMailServer>[0] & { url?: string } = {}): Promise<void> {
  lines = [];
  server = await startMailServer(options);
  const url = options.url ?? `smtp://127.0.0.1:${server.port}`;
  api = await startTestApp({
    env: { SMTP_URL: url, MAIL_FROM: 'Acme Partners <partners@acme.example>', MAIL_PER_SECOND: '500' },
    logger: createLogger('info', { write: (line: string) => lines.push(line) }),
  });
}

afterEach(async () => {
  await api.close();
  await server.close();
  // Whatever happened, no line names a reader, the sender or the password.
  expect(lines.filter((line) => /@|secret|wilma/i.test(line))).toEqual([]);
});

/** A new affiliate, and its welcome written down. */
async function welcome(name = 'Wilma', email: string | null = `${name.toLowerCase()}@example.com`): Promise<string> {
  const { body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
    body: { userId: `user-${name}`, name, email },
  });
  await write(body.id);
  return body.id;
}

async function write(affiliateId: string): Promise<void> {
  await api.database.transaction((tx) =>
    api.app.get(EmailLog).write(tx, 'welcome', [{ affiliateId, subjectId: affiliateId }]),
  );
}

const emailsOf = (affiliateId: string) =>
  api.database.prisma.email.findMany({ where: { affiliateId }, orderBy: { id: 'asc' } });

function becomes(affiliateId: string, expected: Record<string, unknown>) {
  return eventually(async () => {
    const emails = await emailsOf(affiliateId);
    expect(emails).toMatchObject([expected]);
    return emails[0];
  });
}

/** Lets time pass, and has what is due by then tried. */
async function after(minutes: number): Promise<void> {
  api.clock.advance(minutes * MINUTE_MS);
  await api.app.get(MailScheduler).tick();
}

describe('an e-mail', () => {
  it('arrives as HTML and as text, under the id that the log names, and is sent once', async () => {
    await start();
    const id = await welcome();
    const logged = await becomes(id, { status: 'sent', attempts: 1, lastError: null });
    await Promise.all([write(id), write(id)]);
    await after(5);
    expect(await emailsOf(id)).toHaveLength(1);
    expect(server.emails).toHaveLength(1);
    const [email] = server.emails;
    expect(email).toMatchObject({
      messageId: logged?.messageId,
      subject: 'Welcome to the affiliate programme of Acme Partners',
      from: { text: '"Acme Partners" <partners@acme.example>' },
      to: { text: 'wilma@example.com' },
      date: new Date('2026-12-01T12:00:00Z'),
    });
    expect(logged?.messageId).toBe(`<${logged?.id}@acme.example>`);
    for (const body of [email?.text, email?.html]) {
      expect(body).toContain('Welcome, Wilma');
      expect(body).toContain('http://localhost:3000/r/WILM-');
      expect(body).toContain('http://localhost:3000/dashboard');
    }
    expect(email?.headers.get('auto-submitted')).toBe('auto-generated');
    // It is about the account: there is nothing to switch off.
    expect(email?.headers.has('list')).toBe(false);
  });

  it.each<['RCPT TO' | 'DATA' | 'MAIL FROM', string, string]>([
    ['RCPT TO', '450 4.2.1 wilma@example.com is over quota', 'RCPT TO answered 450 4.2.1 (EENVELOPE)'],
    ['DATA', '451 4.3.0 try later', 'DATA answered 451 4.3.0 (EMESSAGE)'],
    // What the server has against the sender is the operator's to mend, and would be the same with every e-mail.
    ['MAIL FROM', '550 5.7.1 partners@acme.example may not send', 'MAIL FROM answered 550 5.7.1 (EENVELOPE)'],
  ])('that meets %s %s is tried again, and is the same then', async (stage, reply, lastError) => {
    await start();
    server.refuse(stage, reply, { times: 1 });
    const id = await welcome();
    const first = await becomes(id, { status: 'queued', attempts: 1, lastError });
    expect(first?.nextTryAt).toEqual(new Date('2026-12-01T12:01:00Z'));
    await after(1);
    await becomes(id, { status: 'sent', attempts: 2, messageId: first?.messageId });
    expect(server.emails.map(({ messageId }) => messageId)).toEqual([first?.messageId]);
  });

  it.each<['RCPT TO' | 'DATA', string, string]>([
    ['RCPT TO', '550 5.1.1 <wilma@example.com> unknown', 'RCPT TO answered 550 5.1.1 (EENVELOPE)'],
    ['DATA', '554 5.7.1 not wanted', 'DATA answered 554 5.7.1 (EMESSAGE)'],
  ])(
    'that meets %s %s is given up, without the address in the record, and others go on',
    async (stage, reply, error) => {
      await start();
      server.refuse(stage, reply, { of: 'wilma@example.com' });
      const id = await welcome();
      const other = await welcome('Fred');
      await becomes(id, { status: 'failed', attempts: 1, lastError: error });
      await becomes(other, { status: 'sent' });
      await after(24 * 60);
      await becomes(id, { status: 'failed', attempts: 1 });
      expect(lines.join('')).toContain('an e-mail was refused for good');
    },
  );

  it('whose connection drops after the server took it is sent again, with the same Message-ID', async () => {
    await start();
    server.dropAfterData();
    const id = await welcome();
    const first = await becomes(id, { status: 'queued', attempts: 1, lastError: 'CONN (ECONNECTION)' });
    await after(1);
    await becomes(id, { status: 'sent', attempts: 2 });
    expect(server.emails.map(({ messageId }) => messageId)).toEqual([first?.messageId, first?.messageId]);
  });

  it('that is deferred for a day is given up', async () => {
    await start();
    server.refuse('RCPT TO', '451 greylisted');
    const id = await welcome();
    for (const [index, minutes] of [1, 5, 15, 60, 180, 360, 720].entries()) {
      await becomes(id, { status: 'queued', attempts: index + 1 });
      await after(minutes);
    }
    await becomes(id, { status: 'failed', attempts: 8, lastError: 'RCPT TO answered 451 (EENVELOPE)' });
  });

  it('that a process took up and never finished is sent by another one', async () => {
    await start();
    server.refuse('RCPT TO', '451 later', { times: 1 });
    const id = await welcome();
    await becomes(id, { status: 'queued', attempts: 1 });
    // Who has just tried in vain looks once more for what is due, and must not find what will be so in a minute.
    await api.app.get(MailSender).sendDue();
    api.clock.advance(MINUTE_MS);
    expect(await api.app.get(EmailLog).claim(10)).toHaveLength(1);
    await after(5);
    expect(server.emails).toEqual([]);
    await after(5);
    await becomes(id, { status: 'sent', attempts: 3 });
  });
});

describe('a mail server', () => {
  it('that is away loses nothing: one e-mail at a time asks whether it is back', async () => {
    await start();
    const { port } = server;
    await server.close();
    const ids = [await welcome('Wilma')];
    await becomes(ids[0] ?? '', { status: 'queued', attempts: 1, lastError: 'CONN (ECONNREFUSED)' });
    for (const name of ['Fred', 'Barney', 'Betty']) ids.push(await welcome(name));
    await after(2);
    await eventually(async () => {
      const emails = await api.database.prisma.email.findMany();
      expect(emails.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued', 'queued']);
      expect(emails.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(2);
    });
    server = await startMailServer({ port });
    await after(5);
    for (const id of ids) await becomes(id, { status: 'sent' });
    expect(server.emails).toHaveLength(4);
    const told = lines.filter((line) => line.includes('mail_server_unreachable'));
    expect(told).toHaveLength(1);
  });

  it('that refuses the log-in gets nothing, and the e-mail waits', async () => {
    server = await startMailServer({ password: 'right' });
    await server.close();
    await start({ port: server.port, password: 'right', url: `smtp://me:secret@127.0.0.1:${server.port}` });
    const id = await welcome();
    await becomes(id, { status: 'queued', attempts: 1, lastError: 'AUTH PLAIN answered 535 5.7.8 (EAUTH)' });
    expect(server.logins).toEqual(['me:secret']);
  });

  it.each([
    ['does not offer STARTTLS', false, 'CONN'],
    ['has a certificate of its own making', true, 'CONN'],
  ])('elsewhere that %s never sees the password', async (_title, offersTls) => {
    await start({ password: 'secret', offersTls });
    const smtp = { host: '127.0.0.1', port: server.port, implicitTls: false, requireTls: true, isLocal: false };
    const transport = new SmtpTransport({
      smtp: { ...smtp, user: 'me', password: 'secret' },
      from: { name: undefined, address: 'partners@acme.example' },
    });
    const email = { messageId: '<1@acme.example>', to: 'wilma@example.com', subject: 's', html: 'h', text: 't' };
    const failure = await transport.send({ ...email, date: api.clock.now(), unsubscribeUrl: null }).then(
      () => null,
      (error: unknown) => describeFailure(error as Error),
    );
    expect(failure).toMatchObject({ kind: 'unreachable' });
    expect([server.logins, server.emails]).toEqual([[], []]);
    await transport.close();
  });

  it('on this machine may have a certificate of its own making', async () => {
    server = await startMailServer();
    await server.close();
    await start({
      port: server.port,
      password: 'secret',
      offersTls: true,
      url: `smtp://me:secret@127.0.0.1:${server.port}`,
    });
    const id = await welcome();
    await becomes(id, { status: 'sent' });
  });
});
