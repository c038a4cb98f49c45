import { plainAddresses } from './forwarded-for.js';

describe('the addresses of an X-Forwarded-For', () => {
  it.each([
    ['one', '203.0.113.9', '203.0.113.9'],
    ['one of IPv6', '2001:db8::9', '2001:db8::9'],
    ['several', '6.6.6.6,203.0.113.9 , 2001:db8::9', '6.6.6.6, 203.0.113.9, 2001:db8::9'],
    ['one with its port', '203.0.113.9:49152', '203.0.113.9'],
    ['one of IPv6 with its port', '[2001:db8::9]:49152', '2001:db8::9'],
    ['one of IPv6 in brackets', '[2001:db8::9]', '2001:db8::9'],
    ['several with ports', '6.6.6.6:1, 203.0.113.9:49152', '6.6.6.6, 203.0.113.9'],
    ['none', '', ''],
    ['a word', 'unknown', ''],
    ['what stands behind a word', '6.6.6.6, unknown, 203.0.113.9', '203.0.113.9'],
    ['none but what was told to a hop that names nobody', '6.6.6.6, unknown', ''],
    ['nothing that only looks like one', '6.6.6.6, 203.0.113.999', ''],
    ['nothing in brackets but an address', '[6.6.6.6:1', ''],
  ])('are %s', (_title, forwardedFor, addresses) => {
    expect(plainAddresses(forwardedFor)).toBe(addresses);
  });
});
