import { Transform } from 'class-transformer';
import { IsIP, IsOptional, IsString, IsUrl, Length, MaxLength } from 'class-validator';

const MAX_URL_LENGTH = 2048;
const WEB_PAGE = { protocols: ['http', 'https'], require_protocol: true, require_tld: false };

/** A page without a referrer, say, reports an empty text. */
const EmptyIsNull = () => Transform(({ value }: { value: unknown }) => (value === '' ? null : value));

/** A visit that the host's page or server has seen. */
export class CreateClickDto {
  /** `ref` of the page's address. */
  @IsString()
  @Length(1, 255)
  code!: string;

  /** The page the visitor landed on. */
  @EmptyIsNull()
  @IsOptional()
  @MaxLength(MAX_URL_LENGTH)
  @IsUrl(WEB_PAGE)
  url?: string | null;

  /** Where the visitor came from. */
  @EmptyIsNull()
  @IsOptional()
  @MaxLength(MAX_URL_LENGTH)
  @IsUrl(WEB_PAGE)
  referrer?: string | null;

  /** The visitor's address. With a token only: the snippet's is taken from the connection. Stored as a keyed hash. */
  @EmptyIsNull()
  @IsOptional()
  @IsIP()
  ip?: string | null;

  /** The visitor's browser. With a token only: the snippet's is taken from the request. */
  @EmptyIsNull()
  @IsOptional()
  @IsString()
  @MaxLength(512)
  userAgent?: string | null;

  /** The affiliate's own note. */
  @EmptyIsNull()
  @IsOptional()
  @IsString()
  @MaxLength(255)
  subId?: string | null;
}

export class ClickDto {
  clickId!: string;
  /** A signup after this moment is not credited to the click. */
  expiresAt!: string;
}
