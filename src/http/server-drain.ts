import type { Server } from 'node:http';
import { Injectable } from '@nestjs/common';

const IDLE_CHECK_MS = 50;

/** Lets the HTTP server finish what it is doing before anything behind it is closed. */
@Injectable()
export class ServerDrain {
  private draining = false;

  /** Readiness is refused from the first moment of the shutdown on. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Stops accepting, waits for the answers under way, and closes each kept-alive connection once it is idle. */
  async drain(server: Server): Promise<void> {
    this.draining = true;
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const closeIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    await closed;
    clearInterval(closeIdle);
  }
}
