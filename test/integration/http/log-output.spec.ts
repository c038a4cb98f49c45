import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findProjectRoot } from '../../../src/database/project-root.js';

const LOGGING = join(findProjectRoot(), 'dist', 'http', 'logging.js');

/** Runs a process that logs as a server does. */
function logAndThen(script: string) {
  const program = `
    import { createLogger, standardOutputInBlocks } from ${JSON.stringify(LOGGING)};
    const logger = createLogger('info', standardOutputInBlocks());
    logger.info('first');
    ${script}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['pipe', 'pipe', 'ignore'] });
}

describe("a server's log, which is written in blocks", () => {
  it.each([
    ['ends', ''],
    ['exits', 'process.exit(1);'],
    ['throws what nobody catches', "setTimeout(() => { logger.info('last'); throw new Error('on purpose'); }, 1);"],
  ])('loses no line when the process %s', async (_how, script) => {
    const output = await text(logAndThen(script).stdout);
    const lines = output.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
      script.includes('last') ? ['first', 'last'] : ['first'],
    );
  });

  it('shows a line while the process goes on', async () => {
    const running = logAndThen('setInterval(() => undefined, 1_000);');
    const [chunk] = (await once(running.stdout, 'data')) as [Buffer];
    expect(JSON.parse(chunk.toString())).toMatchObject({ level: 'info', msg: 'first' });
    running.kill();
  });
});
