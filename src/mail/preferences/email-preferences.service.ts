import { Injectable } from '@nestjs/common';
import type { Affiliate, EmailPreferences } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import type { MailLocale } from '../../config/environment.js';
import { Database, type Tx } from '../../database/database.js';
import type { OptionalOccasion } from '../occasions.js';
import type { EmailPreferencesDto, UpdateEmailPreferencesDto } from './email-preferences.dto.js';

/** The API's names of what can be switched off. */
const FIELDS = {
  first_conversion: 'firstConversion',
  monthly_statement: 'monthlyStatement',
  payout_paid: 'payoutPaid',
} as const satisfies Record<OptionalOccasion, keyof UpdateEmailPreferencesDto>;

const OCCASION_FIELDS = Object.entries(FIELDS) as [OptionalOccasion, (typeof FIELDS)[OptionalOccasion]][];

/** What affiliates want to be written about. Whatever is not switched off is on. */
@Injectable()
export class EmailPreferencesService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async get(affiliate: Affiliate): Promise<EmailPreferencesDto> {
    const stored = await this.database.prisma.emailPreferences.findUnique({ where: { affiliateId: affiliate.id } });
    return this.present(affiliate, stored);
  }

  /** Changes what is given. Takes effect for whatever has not been sent yet. Locks the preferences' row. */
  async update(affiliate: Affiliate, changes: UpdateEmailPreferencesDto): Promise<EmailPreferencesDto> {
    const stored = await this.database.transaction(async (tx) => {
      for (const [occasion, field] of OCCASION_FIELDS) {
        const isOn = changes[field];
        if (isOn !== undefined) await this.write(tx, affiliate.id, occasion, isOn);
      }
      if (changes.locale !== undefined) {
        await tx.emailPreferences.upsert({
          where: { affiliateId: affiliate.id },
          create: { affiliateId: affiliate.id, locale: changes.locale, updatedAt: this.clock.now() },
          update: { locale: changes.locale, updatedAt: this.clock.now() },
        });
      }
      return tx.emailPreferences.findUnique({ where: { affiliateId: affiliate.id } });
    });
    return this.present(affiliate, stored);
  }

  /** Switches one occasion off or on again, by a link from an e-mail. Idempotent; for somebody who was erased it is nothing. */
  async switch(affiliateId: string, occasion: OptionalOccasion, isOn: boolean): Promise<void> {
    await this.database.transaction((tx) => this.write(tx, affiliateId, occasion, isOn));
  }

  /** The language to speak to this affiliate in. */
  async localeOf(affiliateId: string): Promise<MailLocale> {
    const stored = await this.database.prisma.emailPreferences.findUnique({ where: { affiliateId } });
    return (stored?.locale as MailLocale | null | undefined) ?? this.config.mailLocale;
  }

  private async write(tx: Tx, affiliateId: string, occasion: OptionalOccasion, isOn: boolean): Promise<void> {
    const now = this.clock.now();
    // One statement, so that two switches at once both count.
    await tx.$executeRaw`
      INSERT INTO email_preferences AS p (affiliate_id, switched_off, updated_at)
      SELECT id, CASE WHEN ${isOn} THEN '{}' ELSE ARRAY[${occasion}] END::text[], ${now}
      FROM affiliates WHERE id = ${affiliateId} AND erased_at IS NULL
      ON CONFLICT (affiliate_id) DO UPDATE
      SET switched_off = array_remove(p.switched_off, ${occasion}) || EXCLUDED.switched_off, updated_at = ${now}`;
  }

  private present(affiliate: Affiliate, stored: EmailPreferences | null): EmailPreferencesDto {
    const isOn = (occasion: OptionalOccasion): boolean => !(stored?.switchedOff.includes(occasion) ?? false);
    return {
      enabled: this.config.mail !== null,
      email: affiliate.email,
      locale: (stored?.locale as MailLocale | null | undefined) ?? null,
      firstConversion: isOn('first_conversion'),
      monthlyStatement: isOn('monthly_statement'),
      payoutPaid: isOn('payout_paid'),
    };
  }
}
