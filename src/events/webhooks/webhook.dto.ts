import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsIn, IsOptional, IsUrl, Matches, MaxLength, ValidateIf } from 'class-validator';
import { PageQuery } from '../../http/page-query.dto.js';
import { DOMAIN_EVENT_TYPES, type DomainEventType } from '../event-types.js';

/** Stands for all events, also those that later versions add. */
export const ALL_EVENTS = '*';
const FILTER = [ALL_EVENTS, ...DOMAIN_EVENT_TYPES] as const;
export type EventFilter = (typeof FILTER)[number];

export const WEBHOOK_ENDPOINT_STATUSES = ['enabled', 'disabled'] as const;
export type WebhookEndpointStatus = (typeof WEBHOOK_ENDPOINT_STATUSES)[number];

export const WEBHOOK_DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
export type WebhookDeliveryStatus = (typeof WEBHOOK_DELIVERY_STATUSES)[number];

const URL_OPTIONS = {
  protocols: ['http', 'https'],
  require_protocol: true,
  require_tld: false,
  disallow_auth: true,
  allow_fragments: false,
};
const URL_MESSAGE = { message: 'must be an http or https URL without user, password and fragment' };
const URL_LENGTH_MAX = 2_048;

/** A field may be missing from a patch, but not null. */
const IfGiven = () => ValidateIf((_body: object, value: unknown) => value !== undefined);

const NO_LIST = 'events must be a list of event types';

/** What is no list is told that, and nothing else. */
const ofList = (sentence: (list: unknown[]) => string) => ({
  message: ({ value }: { value: unknown }): string => (Array.isArray(value) ? sentence(value) : NO_LIST),
});
const NOT_EMPTY = ofList(() => 'events must name at least one type');
const NOT_TOO_MANY = ofList(() => `events must name ${FILTER.length} types at most`);
const UNKNOWN_EVENTS = {
  each: true,
  ...ofList((list) => {
    const unknown = list.filter((type) => !FILTER.some((known) => known === type));
    return `events names unknown types: ${unknown.map(inWords).join(', ')}. There are ${FILTER.join(', ')}`;
  }),
};

/** As it was sent: a list in the list must not read like a type that there is. */
function inWords(type: unknown): string {
  return typeof type === 'string' ? type : JSON.stringify(type);
}

export class CreateWebhookEndpointDto {
  /** @example 'https://app.example.com/webhooks/fairshare' */
  @MaxLength(URL_LENGTH_MAX)
  @IsUrl(URL_OPTIONS, URL_MESSAGE)
  url!: string;

  @ApiPropertyOptional({ enum: FILTER, isArray: true, description: 'What to send; everything when not given.' })
  @IsOptional()
  @ArrayNotEmpty(NOT_EMPTY)
  @ArrayMaxSize(FILTER.length, NOT_TOO_MANY)
  @IsIn(FILTER, UNKNOWN_EVENTS)
  events?: EventFilter[] | null;
}

export class UpdateWebhookEndpointDto {
  @IfGiven()
  @MaxLength(URL_LENGTH_MAX)
  @IsUrl(URL_OPTIONS, URL_MESSAGE)
  url?: string;

  @ApiPropertyOptional({ enum: FILTER, isArray: true, description: 'Counts for events from now on.' })
  @IfGiven()
  @ArrayNotEmpty(NOT_EMPTY)
  @ArrayMaxSize(FILTER.length, NOT_TOO_MANY)
  @IsIn(FILTER, UNKNOWN_EVENTS)
  events?: EventFilter[];

  @ApiPropertyOptional({
    enum: WEBHOOK_ENDPOINT_STATUSES,
    description: 'A disabled endpoint gets nothing; once it is enabled, it gets everything that it missed.',
  })
  @IfGiven()
  @IsIn(WEBHOOK_ENDPOINT_STATUSES)
  status?: WebhookEndpointStatus;

  @ApiPropertyOptional({
    enum: [true],
    description: 'Makes a new secret, which the answer shows once. For 24 hours the one before signs, too.',
  })
  @IfGiven()
  @IsIn([true])
  rotateSecret?: true;
}

export class WebhookEndpointDto {
  id!: string;
  url!: string;
  @ApiProperty({ enum: FILTER, isArray: true })
  events!: EventFilter[];
  @ApiProperty({ enum: WEBHOOK_ENDPOINT_STATUSES })
  status!: WebhookEndpointStatus;
  /** Since when every try has failed; null while it works. After five days the endpoint is disabled. */
  failingSince!: string | null;
  disabledAt!: string | null;
  /** Why it is disabled; null when the host did it. */
  disabledReason!: string | null;
  /** Until when the secret before the present one signs, too. */
  previousSecretUntil!: string | null;
  createdAt!: string;
  /** What deliveries are signed with. Shown once: when the endpoint is made and when the secret is rotated. */
  @ApiPropertyOptional({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret?: string;
}

export class WebhookEndpointPageDto {
  data!: WebhookEndpointDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}

export class WebhookDeliveriesQuery extends PageQuery {
  @IsOptional()
  @Matches(/^whe_[0-9a-z]{1,26}$/, { message: 'must be an id such as whe_01kb6xj3v5e0r8m2n4p6q8s0t2' })
  endpointId?: string;

  @IsOptional()
  @Matches(/^dev_[0-9a-z]{1,26}$/, { message: 'must be an id such as dev_01kb6xj3v5e0r8m2n4p6q8s0t2' })
  eventId?: string;

  @ApiPropertyOptional({ enum: WEBHOOK_DELIVERY_STATUSES })
  @IsOptional()
  @IsIn(WEBHOOK_DELIVERY_STATUSES)
  status?: WebhookDeliveryStatus;
}

/** One try to deliver. */
export class WebhookAttemptDto {
  number!: number;
  startedAt!: string;
  /** `unknown` while it is under way, and when the process died meanwhile. */
  @ApiProperty({ enum: ['unknown', 'delivered', 'failed'] })
  outcome!: 'unknown' | 'delivered' | 'failed';
  durationMs!: number | null;
  responseStatus!: number | null;
  /** How the answer began; 500 characters at most. */
  responseBody!: string | null;
  /** Why there was no answer, or what was wrong with it. */
  error!: string | null;
}

/** One event for one endpoint. */
export class WebhookDeliveryDto {
  id!: string;
  endpointId!: string;
  /** Sent as `webhook-id` with every try. */
  eventId!: string;
  @ApiProperty({ enum: DOMAIN_EVENT_TYPES })
  eventType!: DomainEventType;
  /** `failed` is tried no more: the endpoint took others for three days, and not this one. */
  @ApiProperty({ enum: WEBHOOK_DELIVERY_STATUSES })
  status!: WebhookDeliveryStatus;
  createdAt!: string;
  deliveredAt!: string | null;
  /** Of a pending one; the endpoint may be paused beyond it, or an earlier event of the same object be ahead. */
  nextTryAt!: string | null;
  /** How often it was tried. */
  attempts!: number;
  /** The last tries, newest first; ten at most. */
  log!: WebhookAttemptDto[];
}

export class WebhookDeliveryPageDto {
  data!: WebhookDeliveryDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}
