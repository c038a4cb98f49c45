import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  /** Head and body as they came, one byte a character. */
  text: string;
}

/** The bytes of the next request, or null when there is none left. */
export type NextRequest = () => Buffer | null;

const HEAD_END = '\r\n\r\n';

/**
 * Sends requests over this many connections that are kept open, one at a time on each, until `next` has no more. It
 * speaks as much HTTP/1.1 as is needed for answers that say how long they are, so that it takes little of the machine
 * that is being measured.
 *
 * @returns how often a connection broke; what was asked on it then has no answer.
 */
export async function sendOver(
  port: number,
  connections: number,
  next: NextRequest,
  onAnswer: (answer: Answer, request: Buffer, milliseconds: number) => void,
): Promise<number> {
  const broken = await Promise.all(Array.from({ length: connections }, () => sendOverOne(port, next, onAnswer)));
  return broken.filter(Boolean).length;
}

/** @returns whether the connection broke. */
async function sendOverOne(
  port: number,
  next: NextRequest,
  onAnswer: (answer: Answer, request: Buffer, milliseconds: number) => void,
): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  return new Promise((resolve) => {
    let request: Buffer | null = null;
    let sentMs = 0;
    let received = '';
    const sendNext = (): void => {
      request = next();
      sentMs = performance.now();
      if (request) socket.write(request);
      else end(socket, false);
    };
    const end = (one: Socket, isBroken: boolean): void => {
      one.destroy();
      resolve(isBroken);
    };
    socket.on('connect', sendNext);
    socket.on('error', () => end(socket, true));
    socket.on('close', () => end(socket, request !== null));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (request === null || !isWhole(received)) return;
      const answer = { status: Number(received.slice(9, 12)), text: received };
      received = '';
      onAnswer(answer, request, performance.now() - sentMs);
      sendNext();
    });
  });
}

const LENGTH = /\r\ncontent-length: ?(\d+)/i;

function isWhole(received: string): boolean {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd === -1) return false;
  const [, length] = LENGTH.exec(received) ?? [];
  if (length === undefined) throw new Error(`an answer without a length:\n${received}`);
  return received.length >= headEnd + HEAD_END.length + Number(length);
}
