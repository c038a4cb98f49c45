import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostScope } from '../../auth/access.js';
import { type DecisionDto, type DecisionPageDto, DecisionsQuery } from './attribution.dto.js';
import { DecisionsService } from './decisions.service.js';

@ApiTags('Referrals')
@HostScope()
@Controller('v1/attribution-decisions')
export class DecisionsController {
  constructor(private readonly decisions: DecisionsService) {}

  /** Decisions about signups, newest first. */
  @Get()
  list(@Query() query: DecisionsQuery): Promise<DecisionPageDto> {
    return this.decisions.list(query);
  }

  /** Why a signup was credited or not: inputs, every rule with its finding, and the outcome in a sentence. */
  @Get(':id')
  get(@Param('id') id: string): Promise<DecisionDto> {
    return this.decisions.get(id);
  }
}
