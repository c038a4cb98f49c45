import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HttpException } from '@nestjs/common';
import { toErrorResponse } from './error-response.js';

/** By Node's word for it; anything else is no HTTP. */
const STATUS_OF: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** Answers what never became a request with the envelope of every error, and closes the connection: nobody knows what follows. */
export function answerUnreadable({ code }: NodeJS.ErrnoException, socket: Socket, requestId: string): void {
  if (socket.destroyed || code === 'ECONNRESET') return;
  const { status, body } = toErrorResponse(new HttpException('', STATUS_OF[code ?? ''] ?? 400), requestId);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Content-Type: application/json; charset=utf-8',
    `X-Request-Id: ${requestId}`,
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${text}`);
  socket.destroy();
}
