import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';

const IDLE_CHECK_MS = 50;

/** Lets the HTTP server finish what it is doing before anything behind it is closed. */
@Injectable()
export class ServerDrain {
  private draining = false;
  private server: Server | null = null;
  /**
   * Each open connection, with the answers that it still waits for. Node counts one that has not said anything yet as
   * busy, and browsers open such ones ahead: its own `closeIdleConnections` would leave them open for ever.
   */
  private readonly answersUnderWay = new Map<Socket, number>();

  /** Readiness is refused from the first moment of the shutdown on. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Notes from now on who is connected to the server that `drain` will end. */
  watch(server: Server): void {
    this.server = server;
    server.on('connection', (socket: Socket) => {
      this.answersUnderWay.set(socket, 0);
      socket.once('close', () => this.answersUnderWay.delete(socket));
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.count(socket, 1);
      response.once('close', () => this.count(socket, -1));
    });
  }

  /** Stops accepting, waits for the answers under way, and closes each connection once it waits for none. */
  async drain(): Promise<void> {
    this.draining = true;
    const { server } = this;
    if (!server?.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const closeIdle = setInterval(() => this.closeIdle(), IDLE_CHECK_MS);
    await closed;
    clearInterval(closeIdle);
  }

  private count(socket: Socket, change: 1 | -1): void {
    const before = this.answersUnderWay.get(socket);
    if (before !== undefined) this.answersUnderWay.set(socket, before + change);
  }

  private closeIdle(): void {
    for (const [socket, answers] of this.answersUnderWay) if (answers === 0) socket.destroy();
  }
}
