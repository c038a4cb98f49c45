import { Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { ActionFacts } from './facts/action-facts.js';
import { MailFactsService } from './facts/mail-facts.service.js';
import { NextPayout } from './facts/next-payout.js';
import { StatementFacts } from './facts/statement-facts.js';
import { EmailLog } from './log/email-log.js';
import { EmailSwitch } from './log/email-switch.js';
import { MailErasure } from './mail-erasure.js';
import { MailMetrics } from './mail-metrics.js';
import { MailScheduler } from './mail-scheduler.js';
import { EmailPreferencesController } from './preferences/email-preferences.controller.js';
import { EmailPreferencesService } from './preferences/email-preferences.service.js';
import { UnsubscribeLinks } from './preferences/unsubscribe-links.js';
import { UnsubscribeController } from './preferences/unsubscribe.controller.js';
import { MailComposer } from './sending/mail-composer.js';
import { MailSender } from './sending/mail-sender.js';
import { EventMails } from './sources/event-mails.js';
import { MailReasons } from './sources/mail-reasons.js';
import { NoticeMails } from './sources/notice-mails.js';
import { RunMails } from './sources/run-mails.js';

/** What affiliates get by e-mail. For the server: commands send nothing, what they do is told by the feed. */
@Module({
  imports: [AffiliatesModule],
  controllers: [EmailPreferencesController, UnsubscribeController],
  providers: [
    EmailLog,
    EmailSwitch,
    MailFactsService,
    StatementFacts,
    NextPayout,
    ActionFacts,
    MailComposer,
    MailSender,
    MailScheduler,
    MailMetrics,
    MailErasure,
    MailReasons,
    EventMails,
    RunMails,
    NoticeMails,
    EmailPreferencesService,
    UnsubscribeLinks,
  ],
  exports: [MailErasure],
})
export class MailModule {}
