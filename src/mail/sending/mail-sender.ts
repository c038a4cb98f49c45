import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { NodemailerError } from 'nodemailer';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { runAlone } from '../../database/run-alone.js';
import { scrub } from '../../http/logging.js';
import { RequestPacer } from '../../payouts/sending/request-pacer.js';
import { renderHtml } from '../content/html.js';
import { renderPlainText } from '../content/plain-text.js';
import { EmailLog, type ClaimedEmail, type DroppedReason } from '../log/email-log.js';
import { MailComposer } from './mail-composer.js';
import { describeFailure } from './smtp-failure.js';
import { SmtpTransport } from './smtp-transport.js';

/** Few, so that a process that dies leaves few of which nobody knows whether they were sent. */
const CLAIM_SIZE = 20;

/** A queue's job ends well before it is handed to another worker. */
const WORK_MS = 60_000;

/** While the server cannot be reached, one e-mail at a time finds out whether it can, at most this often. */
const UNREACHABLE_PAUSE_MS = 45_000;

/** What was not sent by then (e-mails were off meanwhile, or the queue was long) would only confuse. */
const OUTDATED_AFTER_MS = 3 * 24 * 60 * 60_000;

/** Sends what is due, one process at a time, at the rate that MAIL_PER_SECOND allows. */
@Injectable()
export class MailSender implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Mail');
  private readonly transport: SmtpTransport | null;
  private readonly pacer: RequestPacer;
  private busy: Promise<boolean> | null = null;
  private stopping = false;
  /** Since when the last try found the server out of reach; null when it was reached. */
  private unreachableAt: Date | null = null;

  constructor(
    config: Config,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly log: EmailLog,
    private readonly composer: MailComposer,
  ) {
    this.transport = config.mail && new SmtpTransport(config.mail);
    this.pacer = new RequestPacer(config.mail?.messagesPerSecond ?? 1);
  }

  /**
   * Sends until nothing is due, the server cannot be reached, or a minute has passed. A second call while one is under way
   * joins it; while another process sends, nothing is done here. An e-mail may go out twice where a connection or a process
   * ended between the server's taking it and our knowing; both have the same Message-ID.
   *
   * @returns whether there is more to send now.
   */
  async sendDue(): Promise<boolean> {
    const transport = this.transport;
    if (transport === null || this.stopping || this.isPausing()) return false;
    this.busy ??= this.workAlone(transport).finally(() => {
      this.busy = null;
    });
    return this.busy;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    // Whoever asked for it hears how it ended.
    await Promise.allSettled([this.busy]);
    await this.transport?.close();
  }

  private async workAlone(transport: SmtpTransport): Promise<boolean> {
    let mayBeMore = false;
    await runAlone(this.database, 'mail', async (lost) => {
      mayBeMore = await this.work(transport, lost);
    });
    return mayBeMore;
  }

  private async work(transport: SmtpTransport, lost: AbortSignal): Promise<boolean> {
    const endsAtMs = performance.now() + WORK_MS;
    while (performance.now() < endsAtMs && !this.stopping && !lost.aborted) {
      const emails = await this.log.claim(this.unreachableAt === null ? CLAIM_SIZE : 1);
      if (emails.length === 0 || !(await this.sendAll(transport, emails))) return false;
    }
    return !this.stopping;
  }

  /** @returns false when the server could not be reached: what was not tried yet is given back. */
  private async sendAll(transport: SmtpTransport, emails: ClaimedEmail[]): Promise<boolean> {
    const server = { isReached: true };
    const untried: string[] = [];
    const attempts = emails.map(async (email) => {
      await this.pacer.turn();
      if (!server.isReached || this.stopping) untried.push(email.id);
      else if (!(await this.sendOne(transport, email))) server.isReached = false;
    });
    await Promise.all(attempts);
    await this.log.release(untried, server.isReached ? 0 : UNREACHABLE_PAUSE_MS);
    return server.isReached;
  }

  /** @returns false when the server could not be reached. */
  private async sendOne(transport: SmtpTransport, email: ClaimedEmail): Promise<boolean> {
    const { id, address } = email;
    const reason = this.reasonAgainst(email);
    if (reason !== null || address === null) {
      await this.log.markDropped(id, reason ?? 'no_address');
      return true;
    }
    const composed = await this.compose(email);
    if (composed === null) return true;
    const { content, unsubscribeUrl } = composed;
    try {
      await transport.send({
        messageId: email.messageId,
        to: address,
        subject: content.subject,
        html: renderHtml(content),
        text: renderPlainText(content),
        date: this.clock.now(),
        unsubscribeUrl,
      });
    } catch (error) {
      return this.recordFailure(email, error as NodemailerError);
    }
    await this.log.markSent(id);
    this.reached();
    return true;
  }

  private reasonAgainst(email: ClaimedEmail): DroppedReason | null {
    const { address, affiliateStatus, occasion, switchedOff, createdAt } = email;
    if (address === null) return 'no_address';
    if (affiliateStatus !== 'active' && occasion !== 'payout_paid') return 'not_active';
    if (switchedOff.includes(occasion)) return 'switched_off';
    return createdAt.getTime() < this.clock.now().getTime() - OUTDATED_AFTER_MS ? 'outdated' : null;
  }

  /** Null when there is nothing to send: what it was to tell is no longer so, or it could not be written. */
  private async compose(email: ClaimedEmail) {
    try {
      const composed = await this.composer.compose(email);
      if (composed === null) await this.log.markDropped(email.id, 'outdated');
      return composed;
    } catch (error) {
      await this.giveUpOrRetry(email, `not written: ${scrub(String(error))}`);
      return null;
    }
  }

  /** @returns whether the server was reached. */
  private async recordFailure(email: ClaimedEmail, error: NodemailerError): Promise<boolean> {
    const { kind, text } = describeFailure(error);
    if (kind !== 'unreachable') this.reached();
    if (kind === 'refused') {
      await this.log.markFailed(email.id, text);
      this.warn(email, text, 'an e-mail was refused for good');
      return true;
    }
    await this.giveUpOrRetry(email, text);
    if (kind === 'deferred') return true;
    this.unreachable(text);
    return false;
  }

  private async giveUpOrRetry(email: ClaimedEmail, text: string): Promise<void> {
    if (await this.log.markTried(email, text)) this.warn(email, text, 'an e-mail was given up');
  }

  private warn({ id, affiliateId, occasion }: ClaimedEmail, detail: string, message: string): void {
    this.logger.warn({ message, emailId: id, affiliateId, occasion, detail });
  }

  private isPausing(): boolean {
    const { unreachableAt } = this;
    return unreachableAt !== null && this.clock.now().getTime() < unreachableAt.getTime() + UNREACHABLE_PAUSE_MS;
  }

  /** Told once, not with each try. */
  private unreachable(detail: string): void {
    if (this.unreachableAt === null) {
      const message = 'e-mails wait: the mail server cannot be reached, or does not take ours';
      this.logger.error({ code: 'mail_server_unreachable', message, detail });
    }
    this.unreachableAt = this.clock.now();
  }

  private reached(): void {
    if (this.unreachableAt !== null) this.logger.log({ message: 'the mail server takes e-mails again' });
    this.unreachableAt = null;
  }
}
