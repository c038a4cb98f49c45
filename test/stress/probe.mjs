/**
 * Asks a server for these addresses, one after the other and again, as those who decide about restarts ask whether it lives:
 * from a process of its own, since the one that sends the load is as busy as the server, and over a new connection each
 * time. Tells its parent how long each took.
 */
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const [, , cookie, ...urls] = process.argv;

for (let n = 0; ; n++) {
  const askedAtMs = performance.now();
  const status = await ask(urls[n % urls.length]);
  process.send({ ms: Math.round(performance.now() - askedAtMs), status });
  await pause(200);
}

function ask(url) {
  return new Promise((resolve) => {
    get(url, { agent: false, headers: { cookie } }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    }).once('error', (error) => resolve(error.code));
  });
}
