// class-transformer asks for the types that decorators left; where Nest is not loaded before, nobody else provides this.
import 'reflect-metadata';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsByteLength,
  IsEmail,
  IsIn,
  IsInt,
  IsISO31661Alpha2,
  IsOptional,
  IsString,
  IsTimeZone,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateBy,
} from 'class-validator';

/** What decides where a user came by the link of one affiliate and used the promotion code of another. */
export const ATTRIBUTION_PRECEDENCES = ['promotion_code', 'link'] as const;
export type AttributionPrecedence = (typeof ATTRIBUTION_PRECEDENCES)[number];

export const URL_OPTIONS = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };
const commaList = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value,
  );
/** Digits alone: `Number` would take 0x10, 1e3 and an empty string as well. */
const wholeNumber = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value,
  );
/** It must be readable as a URL: a password with a `#` or a `/` that is not percent-encoded would end it early. */
const isDatabaseUrl = () =>
  ValidateBy({
    name: 'isDatabaseUrl',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && /^postgres(ql)?:\/\/\S+$/.test(value) && URL.canParse(value),
      defaultMessage: () => 'must be a postgresql:// URL, with user and password percent-encoded',
    },
  });
/** What paths are put after: whatever stood behind a `?` or `#` would swallow them. */
const isBaseUrl = () =>
  ValidateBy({
    name: 'isBaseUrl',
    validator: {
      validate: (value: unknown) => {
        if (typeof value !== 'string' || !URL.canParse(value)) return false;
        const { username, password } = new URL(value);
        return username === '' && password === '' && !/[?#]/.test(value);
      },
      defaultMessage: () => 'must end after host, port and path, and name no user',
    },
  });
const flag = () =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

/** The languages that there are texts in (src/mail/texts). */
export const MAIL_LOCALES = ['en', 'de'] as const;
export type MailLocale = (typeof MAIL_LOCALES)[number];

/**
 * The environment variables one by one, as the operator writes them; what they mean together is worked out in
 * config.ts. Names and defaults are a contract: see the table in README.md.
 */
export class Environment {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @IsOptional()
  @isDatabaseUrl()
  DATABASE_URL?: string;

  @IsOptional()
  @isDatabaseUrl()
  MIGRATION_DATABASE_URL?: string;

  @IsOptional()
  @isDatabaseUrl()
  DATABASE_REPLICA_URL?: string;

  @wholeNumber()
  @IsInt()
  @Min(0)
  @Max(65535)
  PORT = 3000;

  @IsOptional()
  @Matches(/^[0-9A-Za-z.:_-]+$/, { message: 'must be a host name or an IP address' })
  HOST?: string;

  @IsOptional()
  @IsUrl(URL_OPTIONS)
  @isBaseUrl()
  PUBLIC_URL?: string;

  @IsOptional()
  @IsUrl(URL_OPTIONS)
  SITE_URL?: string;

  @IsOptional()
  @commaList()
  @Matches(/^[0-9a-z.-]+(:\d+)?$/i, {
    each: true,
    message: 'must be a comma list of host names, with :port where it is not the default',
  })
  ALLOWED_REDIRECT_HOSTS?: string[];

  @IsOptional()
  @commaList()
  @IsUrl(URL_OPTIONS, { each: true, message: 'must be a comma list of origins such as https://example.com' })
  ALLOWED_ORIGINS?: string[];

  @IsOptional()
  @commaList()
  @IsUrl(URL_OPTIONS, { each: true, message: 'must be a comma list of origins such as https://example.com' })
  DASHBOARD_EMBED_ORIGINS?: string[];

  @IsOptional()
  @IsByteLength(32, undefined, { message: 'must have at least 32 bytes' })
  JWT_SECRET?: string;

  @IsOptional()
  @IsByteLength(32, undefined, { message: 'must have at least 32 bytes' })
  JWT_SECRET_PREVIOUS?: string;

  @IsOptional()
  @IsString()
  JWT_PUBLIC_KEY?: string;

  @IsOptional()
  @IsString()
  JWT_JWKS_URL?: string;

  @MinLength(1)
  JWT_AUDIENCE = 'fairshare';

  @IsOptional()
  @MinLength(1)
  JWT_ISSUER?: string;

  @IsOptional()
  @Matches(/^(sk|rk)_(test|live)_\w+$/, { message: 'must be a Stripe secret key (sk_test_… or sk_live_…)' })
  STRIPE_SECRET_KEY?: string;

  @IsOptional()
  @IsUrl(URL_OPTIONS)
  STRIPE_API_BASE?: string;

  @IsOptional()
  @commaList()
  @MinLength(1, { each: true, message: 'has an empty entry: an empty secret would accept forged events' })
  STRIPE_WEBHOOK_SECRETS?: string[];

  @Matches(/^[\w-]{1,40}$/, { message: 'must be a metadata key: up to 40 letters, digits, _ or -' })
  REFERRED_USER_METADATA_KEY = 'userId';

  @wholeNumber()
  @IsInt()
  @Min(1)
  @Max(365)
  COOKIE_WINDOW_DAYS = 30;

  @wholeNumber()
  @IsInt()
  @Min(31)
  @Max(36_500)
  CLICK_RETENTION_DAYS = 400;

  @Matches(/^\S+( \S+){4,5}$/, { message: 'must be a cron expression such as 0 6 1 * *' })
  PAYOUT_CRON = '0 6 1 * *';

  @IsTimeZone()
  PAYOUT_TIMEZONE = 'UTC';

  @IsIn(['auto', 'manual'])
  PAYOUT_APPROVAL: 'auto' | 'manual' = 'auto';

  @wholeNumber()
  @IsInt()
  @Min(1)
  @Max(500)
  PAYOUT_REQUESTS_PER_SECOND = 20;

  @flag()
  @IsBoolean()
  CLAWBACK_REVERSE_TRANSFERS = false;

  @IsIn(['v1', 'v2'])
  STRIPE_ACCOUNTS_API: 'v1' | 'v2' = 'v2';

  @IsISO31661Alpha2()
  DEFAULT_COUNTRY = 'US';

  @commaList()
  @Matches(/^[a-z]{3}:\d{1,15}$/, { each: true, message: 'must be a comma list such as usd:2500,jpy:3000' })
  MIN_PAYOUT: string[] = ['usd:2500'];

  @IsOptional()
  @IsEmail({ require_tld: false })
  ADMIN_EMAIL?: string;

  @IsOptional()
  @MinLength(8)
  ADMIN_PASSWORD?: string;

  @flag()
  @IsBoolean()
  ADMIN_ENABLED = true;

  @IsOptional()
  @IsByteLength(32, undefined, { message: 'must have at least 32 bytes' })
  SESSION_SECRET?: string;

  @IsOptional()
  @IsByteLength(32, undefined, { message: 'must have at least 32 bytes' })
  SESSION_SECRET_PREVIOUS?: string;

  @wholeNumber()
  @IsInt()
  @Min(1)
  RATE_LIMIT_HOST = 6000;

  @wholeNumber()
  @IsInt()
  @Min(1)
  RATE_LIMIT_PUBLIC = 300;

  @Matches(/^(false|\d{1,2}|[0-9a-f.:/]+(\s*,\s*[0-9a-f.:/]+)*)$/i, {
    message: 'must be false, a number of hops, or a comma list of addresses and CIDR ranges',
  })
  TRUST_PROXY = 'false';

  @flag()
  @IsOptional()
  @IsBoolean()
  WEBHOOK_ALLOW_PRIVATE_ADDRESSES?: boolean;

  @IsIn(['off', 'flag', 'refuse'])
  CLICK_IP_RULE: IpRuleMode = 'off';

  @IsIn(['off', 'flag', 'refuse'])
  AFFILIATE_IP_RULE: IpRuleMode = 'refuse';

  @IsOptional()
  @IsString()
  SMTP_URL?: string;

  @IsOptional()
  @IsString()
  MAIL_FROM?: string;

  @IsIn(MAIL_LOCALES)
  MAIL_LOCALE: MailLocale = 'en';

  @wholeNumber()
  @IsInt()
  @Min(1)
  @Max(500)
  MAIL_PER_SECOND = 10;

  @IsOptional()
  @IsUrl(URL_OPTIONS)
  AFFILIATE_PORTAL_URL?: string;

  @IsIn(ATTRIBUTION_PRECEDENCES)
  ATTRIBUTION_PRECEDENCE: AttributionPrecedence = 'promotion_code';
}

export type IpRuleMode = 'off' | 'flag' | 'refuse';
