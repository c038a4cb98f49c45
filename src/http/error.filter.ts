import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toErrorResponse } from './error-response.js';

/** Answers every error of every route with the same envelope; logs those that are our fault, with their stack. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const response = toErrorResponse(error, request.id);
    if (response.status >= 500) {
      this.logger.error({
        err: error,
        requestId: request.id,
        code: response.body.error.code,
        message: 'request failed',
      });
    }
    if (reply.sent) return;
    void reply
      .headers(response.headers)
      .status(response.status)
      .type('application/json; charset=utf-8')
      .send(response.body);
  }
}
