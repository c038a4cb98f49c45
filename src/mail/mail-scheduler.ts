import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { SingleFlight } from '../common/single-flight.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { executorOf, JobQueue } from '../database/job-queue.js';
import { EMAIL_QUEUE, EmailLog } from './log/email-log.js';
import { MailSender } from './sending/mail-sender.js';
import { MailReasons } from './sources/mail-reasons.js';

/** Jobs say only that something is due, so any number of them is one piece of work. */
const JOBS_AT_ONCE = 100;

/**
 * Looks each minute for reasons to write, and for e-mails whose next try is due; sends them when a job says so. The log is
 * the truth about what is to be sent: a job that was lost only costs the rest of a minute.
 */
@Injectable()
export class MailScheduler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Mail');
  private readonly isOn: boolean;
  private readonly flight = new SingleFlight();

  constructor(
    config: Config,
    private readonly database: Database,
    private readonly jobs: JobQueue,
    private readonly log: EmailLog,
    private readonly sender: MailSender,
    private readonly reasons: MailReasons,
  ) {
    this.isOn = config.mail !== null;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.isOn) await this.openQueue();
    await this.reasons.listen();
  }

  /** Never rejects. A second call while one is under way joins it. */
  @Cron(CronExpression.EVERY_MINUTE)
  async tick(): Promise<void> {
    if (!this.isOn) return;
    await this.flight.join(() => this.work());
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flight.ended();
  }

  private async openQueue(): Promise<void> {
    await this.jobs.start([EMAIL_QUEUE], (error) =>
      this.logger.error({ message: 'the job queue reports an error', error: error.message }),
    );
    this.jobs.work(EMAIL_QUEUE, { batchSize: JOBS_AT_ONCE, handle: () => this.send() });
  }

  private async work(): Promise<void> {
    try {
      await this.reasons.lookAround();
      if (await this.log.isAnythingDue()) await this.askToSend();
    } catch (error) {
      this.logger.warn({ message: 'reasons for e-mails are looked for again in a minute', error: String(error) });
    }
  }

  private async send(): Promise<void> {
    if (await this.sender.sendDue()) await this.askToSend();
  }

  private async askToSend(): Promise<void> {
    await this.database.transaction((tx) => this.jobs.enqueue(executorOf(tx), EMAIL_QUEUE, [{}]));
    this.jobs.wake(EMAIL_QUEUE);
  }
}
