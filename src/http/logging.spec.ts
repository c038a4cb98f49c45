import { createLogger, NestLogger, printableError, scrub } from './logging.js';

describe('scrub', () => {
  it.each([
    ['mail to Jo.Hn+x@mail.example.co.uk failed', 'mail to [email] failed'],
    ['open https://x.example/d?token=abc now', 'open [link] now'],
    ['postgresql://user:pw@host:5432/db refused', '[link] refused'],
    ['Bearer eyJhbGciOi.eyJzdWIi.c2ln rejected', 'Bearer [token] rejected'],
    ['key sk_test_4eC39HqLyjWD and whsec_abc', 'key [secret] and [secret]'],
    ['affiliate aff_01kb6 at src/a.ts:1', 'affiliate aff_01kb6 at src/a.ts:1'],
  ])('%j → %j', (text, clean) => {
    expect(scrub(text)).toBe(clean);
  });
});

describe('printableError', () => {
  it('shows where an error and its cause come from, and nothing else of them', () => {
    const cause = Object.assign(new Error('no mail to eve@example.com'), { config: { password: 'pw' } });
    const error = Object.assign(new Error('https://x.example/?token=1 failed', { cause }), { parameters: ['secret'] });
    const text = printableError(error);
    expect(text).toMatch(
      /Error: \[link\] failed\n +at [^]*logging\.spec[^]*because of Error: no mail to \[email\]\n +at /,
    );
    expect(text).not.toMatch(/secret|pw|eve@/);
    expect(printableError('eve@example.com')).toBe('[email]');
  });
});

describe('a log line', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = new NestLogger(
    createLogger('info', { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
  );
  const written = (): string => JSON.stringify(lines.splice(0));

  it('is a sentence with ids beside it', () => {
    logger.warn({ message: 'nothing came', affiliateId: 'aff_1' }, 'Onboarding');
    expect(lines.pop()).toMatchObject({
      level: 'warn',
      msg: 'nothing came',
      affiliateId: 'aff_1',
      context: 'Onboarding',
    });
  });

  it('of an error holds its kind and stack, but neither parameters nor whom it was about', () => {
    const error = Object.assign(new Error('duplicate key for eve@example.com'), {
      code: '23505',
      detail: 'Key (email)=(eve@example.com)',
      parameters: ['secret'],
    });
    logger.error({ err: error, message: 'failed', url: 'https://x.example/?token=1' });
    logger.error(error, 'Context');
    logger.error('failed for eve@example.com', error.stack, 'Context');
    const text = written();
    expect(text).toContain('23505');
    expect(text).toContain('logging.spec');
    expect(text).not.toMatch(/eve@|secret|token=/);
  });

  it('never holds a credential header', () => {
    logger.log({ message: 'request', headers: { authorization: 'Bearer abc', cookie: 'sid=abc' } });
    expect(written()).not.toContain('abc');
  });

  it('is not spent on the names of modules and routes', () => {
    logger.log('Mapped {/v1, GET} route', 'RouterExplorer');
    expect(written()).toBe('[]');
  });
});
