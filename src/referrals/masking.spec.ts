import { maskEmail, maskId } from './masking.js';

describe('maskEmail', () => {
  it.each([
    ['john@gmail.com', 'j***@g***.com'],
    ['a@b.co.uk', 'a***@b***.uk'],
    ['john@localhost', 'j***@l***'],
    ['"a@b"@example.org', '"***@e***.org'],
    ['no address', '***'],
    ['@example.com', '***'],
  ])('%s → %s', (email, masked) => {
    expect(maskEmail(email)).toBe(masked);
  });
});

describe('maskId', () => {
  it.each([
    ['user_42', 'us***42'],
    ['cus_NffrFeUfNV2Hib', 'cu***ib'],
    ['12345', '1***'],
    ['7', '7***'],
    ['john@gmail.com', 'j***@g***.com'],
    ['👩‍🚀-astronaut', '👩\u200d***ut'],
  ])('%s → %s', (id, masked) => {
    expect(maskId(id)).toBe(masked);
  });
});
