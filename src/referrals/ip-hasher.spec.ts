import { canonicalIp } from './ip-hasher.js';

describe('canonicalIp', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1', 'IPv4 stays as it is'],
    ['::ffff:192.0.2.1', '192.0.2.1', 'IPv4 written as IPv6 is IPv4'],
    ['::FFFF:c000:201', '192.0.2.1', 'also in hexadecimal'],
    ['2001:db8:1:2:3:4:5:6', '20010db800010002/64', 'IPv6 counts by its /64'],
    ['2001:DB8:1:2::', '20010db800010002/64', 'in any spelling'],
    ['::1', '0000000000000000/64', 'the loopback too'],
    ['fe80::1%eth0', 'fe80000000000000/64', 'a zone says nothing about the address'],
  ])('%s → %s: %s', (ip, expected) => {
    expect(canonicalIp(ip)).toBe(expected);
  });

  it('tells neighbouring /64s apart', () => {
    expect(canonicalIp('2001:db8:1:2::1')).not.toBe(canonicalIp('2001:db8:1:3::1'));
  });

  it('throws on what is no address', () => {
    expect(() => canonicalIp('not an address')).toThrow();
  });
});
