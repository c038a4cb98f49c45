import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A connection to a database that a test can cut, stall and mend, as a network or a restart would. */
export interface DatabaseLine {
  url: string;
  /** Connections break, new ones are refused. */
  cut(): void;
  /** Nothing arrives any more, and nobody says so. */
  stall(): void;
  mend(): Promise<void>;
}

export async function openLine(target: URL): Promise<DatabaseLine> {
  const pairs = new Set<[near: Socket, far: Socket]>();
  let stalled = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    const close = (): void => {
      near.destroy();
      far.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.on('error', close).on('close', close);
    near.on('data', (data) => stalled || far.write(data));
    far.on('data', (data) => stalled || near.write(data));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;
  const breakAll = (): void => {
    for (const [near] of pairs) near.destroy();
  };
  return {
    url: url.href,
    cut: () => {
      server.close();
      breakAll();
    },
    stall: () => (stalled = true),
    mend: async () => {
      // What was lost on the way makes the old connections useless.
      if (stalled) breakAll();
      stalled = false;
      if (!server.listening) await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
  };
}
