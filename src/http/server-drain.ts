import type { Server } from 'node:http';
import { Injectable } from '@nestjs/common';
import { OpenConnections } from './open-connections.js';

const IDLE_CHECK_MS = 50;

/** Lets the HTTP server finish what it is doing before anything behind it is closed. */
@Injectable()
export class ServerDrain {
  private draining = false;
  private server: Server | null = null;

  constructor(private readonly connections: OpenConnections) {}

  /** Readiness is refused from the first moment of the shutdown on. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Notes from now on who is connected to the server that `drain` will end. */
  watch(server: Server): void {
    this.server = server;
    this.connections.watch(server);
  }

  /** Stops accepting, waits for the answers under way, and closes each connection once it waits for none. */
  async drain(): Promise<void> {
    this.draining = true;
    const { server } = this;
    if (!server?.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const closeIdle = setInterval(() => this.connections.closeIdle(), IDLE_CHECK_MS);
    await closed;
    clearInterval(closeIdle);
  }
}
