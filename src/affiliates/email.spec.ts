import { normaliseEmail } from './email.js';

describe('normaliseEmail', () => {
  it.each([
    ['john@example.com', 'john@example.com', 'leaves a plain address alone'],
    ['  John@Example.COM ', 'john@example.com', 'trims and lower-cases'],
    ['john+news@example.com', 'john@example.com', 'drops the plus tag'],
    ['john+a+b@example.com', 'john@example.com', 'drops everything from the first plus on'],
    ['j.o.h.n@gmail.com', 'john@gmail.com', 'drops dots at Gmail'],
    ['j.ohn+x@googlemail.com', 'john@gmail.com', 'knows that googlemail.com is Gmail'],
    ['j.ohn@example.com', 'j.ohn@example.com', 'keeps dots elsewhere'],
    ['"a@b"@example.com', '"a@b"@example.com', 'splits at the last at sign'],
    ['no-at-sign', 'no-at-sign', 'lets what is no address pass unharmed'],
  ])('%j → %j: %s', (email, expected) => {
    expect(normaliseEmail(email)).toBe(expected);
  });
});
