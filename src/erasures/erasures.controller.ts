import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../auth/access.js';
import { JobQueue } from '../database/job-queue.js';
import { Idempotency } from '../http/idempotency.js';
import { CreateErasureDto, ErasureDto } from './erasure.dto.js';
import { ERASURE_QUEUE, ErasuresService } from './erasures.service.js';

@ApiTags('Erasures')
@HostScope()
@Controller('v1/erasures')
export class ErasuresController {
  constructor(
    private readonly erasures: ErasuresService,
    private readonly jobs: JobQueue,
    private readonly idempotency: Idempotency,
  ) {}

  /** Erases the personal data of a user, affiliate or referred; the ledger stays, under a pseudonym. */
  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async create(
    @Body() body: CreateErasureDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ErasureDto> {
    const erasure = await this.idempotency.run(request, reply, (tx) => this.erasures.request(tx, body.userId));
    this.jobs.wake(ERASURE_QUEUE);
    return erasure;
  }

  /** How far an erasure is. */
  @Get(':id')
  get(@Param('id') id: string): Promise<ErasureDto> {
    return this.erasures.get(id);
  }
}
