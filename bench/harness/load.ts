import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { LoadOrder, LoadResult } from '../workers/send-load.js';

export type { LoadResult };

/** A load that is ready to be sent: whatever must be made or signed before is made. */
export interface Load {
  run(): Promise<LoadResult>;
}

export async function prepareLoad(order: LoadOrder): Promise<Load> {
  const child = fork(join(import.meta.dirname, '..', 'workers', 'send-load.js'), { serialization: 'advanced' });
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      child.once('message', (message) => resolve(message as T));
      child.once('exit', (code) => reject(new Error(`the load generator ended with ${String(code)}`)));
    });
  const ready = next();
  child.send(order);
  await ready;
  return {
    run: () => {
      const result = next<LoadResult>();
      child.send('go');
      return result;
    },
  };
}

export async function sendLoad(order: LoadOrder): Promise<LoadResult> {
  return (await prepareLoad(order)).run();
}
