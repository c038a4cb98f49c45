import { CUSTOM_CODE_FORM, isReservedCode, normaliseCode, SUFFIX_ALPHABET } from './affiliate-code.js';

describe('codes', () => {
  it.each(['ADMIN', 'API', 'LOGIN', 'NULL', 'ROOT', 'SUPPORT', 'SYSTEM', 'WWW', '-ADMIN-', 'A-PI'])(
    'reserves %s',
    (code) => {
      expect(isReservedCode(code)).toBe(true);
    },
  );

  it.each(['JOHN-X7K2', 'ADMIN7', 'SUPPORTER'])('does not reserve %s', (code) => {
    expect(isReservedCode(code)).toBe(false);
  });

  it.each([
    ['abc', true],
    ['A-1', true],
    ['A'.repeat(32), true],
    ['ab', false],
    ['A'.repeat(33), false],
    ['john smith', false],
    ['JÖHN', false],
    ['a_b', false],
    ['abc\n', false],
  ])('%j may be asked for: %s', (code, allowed) => {
    expect(CUSTOM_CODE_FORM.test(code)).toBe(allowed);
  });

  it('ignores case and white space around a code', () => {
    expect(normaliseCode(' john-x7k2 ')).toBe('JOHN-X7K2');
  });

  it('makes suffixes without look-alikes', () => {
    expect(SUFFIX_ALPHABET).not.toMatch(/[0O1IL]/);
    expect(new Set(SUFFIX_ALPHABET).size).toBe(SUFFIX_ALPHABET.length);
  });
});
