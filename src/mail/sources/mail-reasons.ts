import { Injectable } from '@nestjs/common';
import { EventConsumers } from '../../events/event-consumers.js';
import { EmailSwitch } from '../log/email-switch.js';
import { EventMails } from './event-mails.js';
import { NoticeMails } from './notice-mails.js';
import { RunMails } from './run-mails.js';

/** Where reasons to write to affiliates come from: the feed of events, and what is not told there. */
@Injectable()
export class MailReasons {
  constructor(
    private readonly mailSwitch: EmailSwitch,
    private readonly consumers: EventConsumers,
    private readonly events: EventMails,
    private readonly runs: RunMails,
    private readonly notices: NoticeMails,
  ) {}

  /** Listens to the feed from now on; also while e-mails are off, so that what happens meanwhile goes by. */
  async listen(): Promise<void> {
    await this.mailSwitch.set();
    await this.consumers.add(this.events);
  }

  /** Writes down what follows completed runs and notices. Idempotent. */
  async lookAround(): Promise<void> {
    const onSince = await this.mailSwitch.onSince();
    if (onSince === null) return;
    await this.runs.writeDue(onSince);
    await this.notices.writeDue(onSince);
  }
}
