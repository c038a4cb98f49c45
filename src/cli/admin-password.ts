import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { INestApplicationContext } from '@nestjs/common';
import { OPERATOR } from '../audit/audit-log.js';
import { StaffModule } from '../staff/staff.module.js';
import { StaffUsers } from '../staff/staff-users.service.js';
import { readOptions, UsageError } from './command-options.js';
import { runCommand } from './run-command.js';

const USAGE = `
Usage: npm run admin:password -- --email admin@example.com [--reset-totp]

Sets a new password for a staff user, ends their sessions and forgives what was tried on the account before. Asks for the
password twice on a terminal; otherwise reads it from the first line of the standard input.
  --email       whose
  --reset-totp  also forgets their authenticator: no code is asked any more`;

const ACT = { staffUserId: OPERATOR, reason: 'npm run admin:password' };

await runCommand(USAGE, setPassword, [StaffModule]);

async function setPassword(app: INestApplicationContext): Promise<boolean> {
  const { email, resetTotp } = readGiven();
  const users = app.get(StaffUsers);
  const { id, deactivatedAt } = await users.getByEmail(email);
  await users.setPassword(id, process.stdin.isTTY ? await askTwice() : await firstLine(), ACT);
  if (resetTotp) await users.resetTotp(id, ACT);
  console.log(`The password of ${email} is set.${resetTotp ? ' Their authenticator is forgotten.' : ''}`);
  if (deactivatedAt) console.log('They are deactivated: an admin has to reactivate them before they can log in.');
  return true;
}

function readGiven(): { email: string; resetTotp: boolean } {
  const values = readOptions({ email: { type: 'string' }, 'reset-totp': { type: 'boolean', default: false } });
  if (!values.email) throw new UsageError('--email must name the staff user.');
  return { email: values.email, resetTotp: values['reset-totp'] };
}

async function askTwice(): Promise<string> {
  const password = await ask('New password: ');
  if ((await ask('Once more: ')) !== password) throw new UsageError('The two are not the same; nothing is changed.');
  return password;
}

/** Asks on the terminal, without showing what is typed. */
function ask(question: string): Promise<string> {
  process.stdout.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  return new Promise<string>((resolve, reject) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    // By Ctrl-C or the end of the input; after a line it comes too late to matter.
    lines.once('close', () => reject(new UsageError('No password was given; nothing is changed.')));
  }).finally(() => process.stdout.write('\n'));
}

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) return line;
  throw new UsageError('No password was given; nothing is changed.');
}
