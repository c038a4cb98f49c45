import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { compose } from '../content/compose.js';
import type { MailContent } from '../content/mail-content.js';
import { MailFactsService } from '../facts/mail-facts.service.js';
import type { ClaimedEmail } from '../log/email-log.js';
import { isOptional } from '../occasions.js';
import { UnsubscribeLinks } from '../preferences/unsubscribe-links.js';

export interface ComposedEmail {
  content: MailContent;
  /** Null for what cannot be switched off. */
  unsubscribeUrl: string | null;
}

/** Makes the text of an e-mail from what the database says now. */
@Injectable()
export class MailComposer {
  constructor(
    private readonly config: Config,
    private readonly facts: MailFactsService,
    private readonly links: UnsubscribeLinks,
  ) {}

  /** @returns null when what the e-mail was to tell is no longer so. */
  async compose({ occasion, affiliateId, subjectId, locale }: ClaimedEmail): Promise<ComposedEmail | null> {
    const facts = await this.facts.find(occasion, affiliateId, subjectId);
    if (facts === null) return null;
    const unsubscribeUrl = isOptional(occasion) ? this.links.urlFor(affiliateId, occasion) : null;
    const content = compose(occasion, facts, {
      locale: locale ?? this.config.mailLocale,
      timeZone: this.config.payoutTimezone,
      brand: this.config.mail?.from.name ?? this.site,
      site: this.site,
      portalUrl: this.config.affiliatePortalUrl,
      unsubscribeUrl,
    });
    return { content, unsubscribeUrl };
  }

  private get site(): string {
    return new URL(this.config.siteUrl).host;
  }
}
