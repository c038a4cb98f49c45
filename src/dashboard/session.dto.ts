import { ApiProperty } from '@nestjs/swagger';

export class SessionDto {
  /** What the caller is known by: the dashboard's cookie, or a token of the host. */
  @ApiProperty({ enum: ['cookie', 'token'] })
  kind!: 'cookie' | 'token';
  /** Until when. A new link, or a new token, begins anew.
   * @example '2026-12-01T14:00:00.000Z' */
  expiresAt!: string;
}
