import { execFileSync } from 'node:child_process';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Metrics } from '../../../src/http/metrics.js';
import { connectionBounds, OpenConnections, openFilesMax } from '../../../src/http/open-connections.js';
import { eventually } from '../../setup/eventually.js';

const BOUNDS = { crowded: 4, max: 6 };

describe('more connections than are good for the service', () => {
  let metrics: Metrics;
  let server: Server;
  let sockets: Socket[];
  /** Those who ask for `/slow` wait for as long as nobody ends these. */
  let slow: ServerResponse[];

  beforeEach(async () => {
    metrics = new Metrics();
    sockets = [];
    slow = [];
    server = createServer((request, response) => {
      if (request.url === '/slow') slow.push(response);
      else response.end('done');
    });
    new OpenConnections(metrics, BOUNDS).watch(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('cost those their place who have asked nothing for longest', async () => {
    const [first, second, ...others] = await Promise.all(Array.from({ length: BOUNDS.crowded }, open));
    await inOrder([first!, second!, ...others], ask);
    await ask(first!);
    const newcomers = [await open(), await open()];
    await inOrder(newcomers, ask);
    await eventually(async () => expect(await figure('closed_total{which="idle"}')).toBe(2));
    const closed = [second!, others[0]!];
    const indexes = (some: Socket[]): number[] => some.map((socket) => sockets.indexOf(socket));
    await eventually(async () =>
      expect(await Promise.resolve(indexes(sockets.filter(({ closed: isClosed }) => isClosed)))).toEqual(
        indexes(closed),
      ),
    );
    expect(await figure('connections')).toBe(BOUNDS.crowded);
  });

  it('are closed at once where everybody waits for an answer, and nobody who waits is', async () => {
    const busy = await inOrder(Array.from({ length: BOUNDS.max }), async () => {
      const before = slow.length;
      const socket = await open();
      socket.write('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n');
      await eventually(async () => expect(await Promise.resolve(slow.length)).toBe(before + 1));
      return socket;
    });
    const newcomer = await open();
    await new Promise((resolve) => newcomer.once('close', resolve));
    expect([await figure('closed_total{which="newcomer"}'), await figure('closed_total{which="idle"}')]).toEqual([
      1,
      NaN,
    ]);

    const answers = busy.map(answerTo);
    for (const response of slow) response.end('done');
    expect(await Promise.all(answers)).toEqual(busy.map(() => 'HTTP/1.1 200 OK'));
    expect(await figure('connections')).toBe(BOUNDS.max);
  });

  it.each([
    ['as many files as it likes', Infinity, { max: 10_000, crowded: 9_000 }],
    ['16,384 files', 16_384, { max: 10_000, crowded: 9_000 }],
    ['1,024 files, of which a quarter is left for everything else', 1_024, { max: 768, crowded: 691 }],
  ])('are fewer where the system lets the process open fewer files: %s', (_title, filesMax, bounds) => {
    expect(connectionBounds(filesMax)).toEqual(bounds);
  });

  it('are bounded by what the system says that this process may open', () => {
    // A shell that Node starts has Node's own limits.
    const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
    expect(String(openFilesMax())).toBe(limit === 'unlimited' ? 'Infinity' : limit);
  });

  async function open(): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket.on('error', () => undefined);
  }

  async function ask(socket: Socket): Promise<void> {
    const answer = answerTo(socket);
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    expect(await answer).toBe('HTTP/1.1 200 OK');
  }

  /** The first line. */
  function answerTo(socket: Socket): Promise<string | undefined> {
    return new Promise((resolve) =>
      socket.once('data', (data: Buffer) => resolve(data.toString().split('\r\n', 1)[0])),
    );
  }

  async function figure(name: string): Promise<number> {
    const text = await metrics.registry.metrics();
    const line = text
      .split('\n')
      .find(
        (one) => one.startsWith(`fairshare_http_connections_${name} `) || one.startsWith(`fairshare_http_${name} `),
      );
    return Number(line?.split(' ')[1] ?? NaN);
  }
});

async function inOrder<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
