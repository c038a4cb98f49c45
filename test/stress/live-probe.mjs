/**
 * Asks a server whether it lives, as those who decide about restarts do: from a process of its own, since the one that
 * sends the load is as busy as the server, and over a new connection each time. Tells its parent how long each took.
 */
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const [, , url] = process.argv;

for (;;) {
  const askedAtMs = performance.now();
  const status = await ask();
  process.send({ ms: Math.round(performance.now() - askedAtMs), status });
  await pause(200);
}

function ask() {
  return new Promise((resolve) => {
    get(`${url}/health/live`, { agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    }).once('error', (error) => resolve(error.code));
  });
}
