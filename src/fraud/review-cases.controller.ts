import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostScope } from '../auth/access.js';
import { ReviewCaseQueries } from './review-case-queries.js';
import { ReviewCaseDto, ReviewCasePageDto, ReviewCasesQuery } from './review-case.dto.js';

@ApiTags('Review cases')
@HostScope()
@Controller('v1/review-cases')
export class ReviewCasesController {
  constructor(private readonly reviewCases: ReviewCaseQueries) {}

  /** What fraud rules found and staff were or are asked about, newest first. */
  @Get()
  list(@Query() query: ReviewCasesQuery): Promise<ReviewCasePageDto> {
    return this.reviewCases.list(query);
  }

  @Get(':id')
  get(@Param('id') id: string): Promise<ReviewCaseDto> {
    return this.reviewCases.get(id);
  }
}
