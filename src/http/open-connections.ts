import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Counter, Gauge } from 'prom-client';
import type { Metrics } from './metrics.js';

interface ConnectionBounds {
  /** How many may be open. */
  max: number;
  /** From here on a newcomer takes the place of who has asked nothing for longest. */
  crowded: number;
}

/** Some 10 KB each. A browser that was redirected keeps its own for a minute, in case it comes again. */
const CONNECTIONS_MAX = 10_000;
/** The others are connections to the database, to Stripe and to hosts: without room for these, nobody is served. */
const SHARE_OF_FILES = 0.75;
const CROWDED_SHARE = 0.9;

/** @param filesMax how many files, connections among them, this process may open. */
export function connectionBounds(filesMax: number): ConnectionBounds {
  const max = Math.min(CONNECTIONS_MAX, Math.floor(filesMax * SHARE_OF_FILES));
  return { max, crowded: Math.floor(max * CROWDED_SHARE) };
}

/** What `ulimit -n` says; Node has raised it to the hard limit when it started. */
export function openFilesMax(): number {
  // Or it would look up by which name each of our connections is known. Node's types lack it.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files: { soft: number | 'unlimited' } } };
  const soft = userLimits?.open_files.soft;
  return typeof soft === 'number' ? soft : Infinity;
}

/**
 * Who is connected, with how many answers each still waits for, and how many may be. What is asked is bounded elsewhere (see
 * RequestLimit); a connection takes memory also while it asks nothing.
 */
export class OpenConnections {
  /**
   * Who has asked nothing for longest comes first.
   *
   * Node counts one that has not said anything yet as busy, and browsers open such ones ahead: its own
   * `closeIdleConnections` would leave them open for ever.
   */
  private readonly answersUnderWay = new Map<Socket, number>();
  private readonly closed: Counter;

  constructor(
    { registry }: Metrics,
    private readonly bounds: ConnectionBounds,
  ) {
    const open: Gauge = new Gauge({
      name: 'fairshare_http_connections',
      help: 'Connections that are open, also those that ask nothing.',
      registers: [registry],
      collect: () => open.set(this.answersUnderWay.size),
    });
    this.closed = new Counter({
      name: 'fairshare_http_connections_closed_total',
      help: 'Connections that were closed because too many are open: idle ones for newcomers, or newcomers where none is.',
      labelNames: ['which'],
      registers: [registry],
    });
  }

  /** Notes from now on who is connected to this server, and bounds how many are. */
  watch(server: Server): void {
    server.maxConnections = this.bounds.max;
    server.on('drop', () => this.closed.inc({ which: 'newcomer' }));
    server.on('connection', (socket: Socket) => {
      if (this.answersUnderWay.size >= this.bounds.crowded) this.closeOneIdle();
      this.answersUnderWay.set(socket, 0);
      socket.once('close', () => this.answersUnderWay.delete(socket));
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.count(socket, 1);
      response.once('close', () => this.count(socket, -1));
    });
  }

  /** Closes each that waits for no answer. */
  closeIdle(): void {
    for (const socket of this.idle()) socket.destroy();
  }

  private closeOneIdle(): void {
    for (const socket of this.idle()) {
      socket.destroy();
      // Its close is told later, when the next one may have come already.
      this.answersUnderWay.delete(socket);
      this.closed.inc({ which: 'idle' });
      return;
    }
  }

  private *idle(): Generator<Socket> {
    for (const [socket, answers] of this.answersUnderWay) if (answers === 0) yield socket;
  }

  private count(socket: Socket, change: 1 | -1): void {
    const before = this.answersUnderWay.get(socket);
    if (before === undefined) return;
    // So that it comes last.
    this.answersUnderWay.delete(socket);
    this.answersUnderWay.set(socket, before + change);
  }
}
