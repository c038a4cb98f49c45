import { ApiProperty } from '@nestjs/swagger';

class ApiError {
  @ApiProperty({ example: 'affiliate_not_found', description: 'Stable and machine-readable.' })
  code!: string;

  @ApiProperty({ example: 'There is no affiliate aff_01kb….', description: 'One sentence a developer can act on.' })
  message!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  details!: Record<string, unknown>;

  @ApiProperty({ example: 'req_5f3c9a1b2d4e_1a', description: 'Also in the header X-Request-Id and in the log.' })
  requestId!: string;
}

/** The envelope of every error. */
export class ApiErrorBody {
  @ApiProperty({ type: ApiError })
  error!: ApiError;
}
