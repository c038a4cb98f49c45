import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A statement as a program sent it to the database. */
export interface TappedStatement {
  text: string;
  /** As they were sent: texts, or bytes; null for NULL. */
  values: (string | Buffer | null)[];
  /** Its transaction asked for plans by index before (`planByIndex`). */
  isByIndex: boolean;
  /** Its transaction said before that it goes through everything there is (`liftTimeLimit`): a job or a file, no page. */
  takesItsTime: boolean;
}

const SSL_REQUEST = 80877103;

const ASKS_FOR_INDEXES = /set_config\('enable_seqscan', 'off', TRUE\)|SET LOCAL enable_seqscan = off/;
const LIFTS_TIME_LIMIT = /SET LOCAL statement_timeout = 0|set_config\('statement_timeout', '0', TRUE\)/;
const ENDS_TRANSACTION = /^\s*(COMMIT|ROLLBACK)\b/i;

/**
 * Stands between a program and PostgreSQL, passes everything on as it is, and notes the statements with their values. So
 * it hears what a real process asks, whatever it asks with.
 */
export class StatementTap {
  private heard: TappedStatement[] = [];

  private constructor(
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
    /** How the program reaches the database through this. */
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<StatementTap> {
    const target = new URL(databaseUrl);
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const database = connect(Number(target.port || 5432), target.hostname);
      const listener = new FrontendListener((statement) => tap.heard.push(statement));
      for (const [from, to] of [
        [client, database],
        [database, client],
      ] as const) {
        sockets.add(from);
        from.on('data', (data: Buffer) => {
          if (from === client) listener.hear(data);
          to.write(data);
        });
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
        // Whoever is at the other end hears of it by the close.
        from.on('error', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(databaseUrl);
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    const tap = new StatementTap(server, sockets, url.href);
    return tap;
  }

  /** What was heard since the last time. */
  take(): TappedStatement[] {
    const heard = this.heard;
    this.heard = [];
    return heard;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Reads what a client says in PostgreSQL's protocol: Parse, Bind and Query messages. */
class FrontendListener {
  private pending = Buffer.alloc(0);
  private isStarted = false;
  private isByIndex = false;
  private takesItsTime = false;
  private readonly prepared = new Map<string, string>();

  constructor(private readonly onStatement: (statement: TappedStatement) => void) {}

  hear(data: Buffer): void {
    this.pending = Buffer.concat([this.pending, data]);
    for (;;) {
      const header = this.isStarted ? 1 : 0;
      if (this.pending.length < header + 4) return;
      const length = header + this.pending.readInt32BE(header);
      if (this.pending.length < length) return;
      const message = this.pending.subarray(0, length);
      this.pending = this.pending.subarray(length);
      if (this.isStarted) this.read(String.fromCharCode(message[0] ?? 0), message.subarray(5));
      else this.isStarted = message.readInt32BE(4) !== SSL_REQUEST;
    }
  }

  private read(type: string, body: Buffer): void {
    if (type === 'Q') this.tell(textAt(body, 0).text, []);
    if (type === 'P') {
      const name = textAt(body, 0);
      this.prepared.set(name.text, textAt(body, name.end).text);
    }
    if (type === 'B') {
      const portal = textAt(body, 0);
      const name = textAt(body, portal.end);
      this.tell(this.prepared.get(name.text) ?? '', valuesAt(body, name.end));
    }
  }

  private tell(text: string, values: TappedStatement['values']): void {
    this.onStatement({ text, values, isByIndex: this.isByIndex, takesItsTime: this.takesItsTime });
    if (ENDS_TRANSACTION.test(text)) this.isByIndex = this.takesItsTime = false;
    this.isByIndex ||= ASKS_FOR_INDEXES.test(text);
    this.takesItsTime ||= LIFTS_TIME_LIMIT.test(text);
  }
}

function textAt(body: Buffer, start: number): { text: string; end: number } {
  const end = body.indexOf(0, start);
  return { text: body.toString('utf8', start, end), end: end + 1 };
}

/** The part of a Bind message behind the names: formats, then values with their lengths. */
function valuesAt(body: Buffer, start: number): (string | Buffer | null)[] {
  const formatCount = body.readInt16BE(start);
  const formats = Array.from({ length: formatCount }, (_, index) => body.readInt16BE(start + 2 + 2 * index));
  let at = start + 2 + 2 * formatCount;
  const count = body.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, (_, index) => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    const value = body.subarray(at, at + length);
    at += length;
    const isBinary = (formats.length === 1 ? formats[0] : formats[index]) === 1;
    return isBinary ? Buffer.from(value) : value.toString('utf8');
  });
}
