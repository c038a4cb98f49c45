import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** What the file says below its docstring. */
async function codeOf(file: string): Promise<string> {
  const text = await readFile(join(ROOT, file), 'utf8');
  return text.slice(text.indexOf('\n'));
}

describe('why a bank sent a payout back, in German', () => {
  it('is told in e-mails as on the dashboard, which imports nothing of the server', async () => {
    const inMails = await codeOf('src/mail/texts/de-bank-reasons.ts');
    expect(inMails).toContain('account_closed');
    expect(inMails).toBe(await codeOf('dashboard/src/i18n/de-bank-reasons.ts'));
  });
});
