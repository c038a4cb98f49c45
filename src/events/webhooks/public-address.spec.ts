import { isPublicAddress, refusalOf } from './public-address.js';

describe('an address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    'is public: %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '192.0.2.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    'fd00::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    'not an address',
  ])('is not public: %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a name', () => {
  it.each([
    ['a public address', ['8.8.8.8'], true],
    ['public ones only', ['8.8.8.8', '2606:4700:4700::1111'], true],
    ['a private address behind a public one', ['8.8.8.8', '10.1.2.3'], false],
    ['a private address before a public one', ['169.254.169.254', '8.8.8.8'], false],
    ['none', [], false],
  ])('that leads to %s (%j) may be sent to: %s', (_what, addresses, isAllowed) => {
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    expect(refusalOf('hooks.example.com', found) === null).toBe(isAllowed);
  });
});
