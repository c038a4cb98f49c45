import { RedirectTargets } from './redirect-target.js';

const SITE = 'https://shop.example';
const targets = new RedirectTargets(SITE, new Set(['shop.example', 'blog.shop.example', 'dev.example:8443']));

describe('RedirectTargets', () => {
  it.each<[string | undefined, string, string]>([
    [undefined, 'https://shop.example/?ref=JOHN-X7K2&click_id=clk_1', 'the site itself'],
    ['/', 'https://shop.example/?ref=JOHN-X7K2&click_id=clk_1', 'the root path'],
    ['/pricing', 'https://shop.example/pricing?ref=JOHN-X7K2&click_id=clk_1', 'a path'],
    [
      '/pricing?plan=pro',
      'https://shop.example/pricing?plan=pro&ref=JOHN-X7K2&click_id=clk_1',
      'a path keeps its query',
    ],
    ['/pricing?a=1#faq', 'https://shop.example/pricing?a=1&ref=JOHN-X7K2&click_id=clk_1#faq', 'and its fragment'],
    ['/pricing#faq', 'https://shop.example/pricing?ref=JOHN-X7K2&click_id=clk_1#faq', 'a fragment without a query'],
    ['/pricing?', 'https://shop.example/pricing?ref=JOHN-X7K2&click_id=clk_1', 'an empty query'],
    ['/café', 'https://shop.example/caf%C3%A9?ref=JOHN-X7K2&click_id=clk_1', 'a path in any script is encoded'],
    ['/a//b', 'https://shop.example/a//b?ref=JOHN-X7K2&click_id=clk_1', 'two slashes inside a path'],
    ['/?ref=EVIL&click_id=clk_0', 'https://shop.example/?ref=JOHN-X7K2&click_id=clk_1', 'our parameters win'],
    ['https://shop.example/x', 'https://shop.example/x?ref=JOHN-X7K2&click_id=clk_1', 'the site as an absolute URL'],
    ['https://BLOG.shop.example', 'https://blog.shop.example/?ref=JOHN-X7K2&click_id=clk_1', 'another allowed host'],
    ['http://shop.example', 'http://shop.example/?ref=JOHN-X7K2&click_id=clk_1', 'http as well as https'],
    ['https://dev.example:8443/x', 'https://dev.example:8443/x?ref=JOHN-X7K2&click_id=clk_1', 'an allowed port'],
    [
      'https://shop.example:443/x',
      'https://shop.example/x?ref=JOHN-X7K2&click_id=clk_1',
      'the default port is no port',
    ],
  ])('%s → %s: %s', (to, expected) => {
    expect(targets.withCredit(to, 'JOHN-X7K2', 'clk_1')).toBe(expected);
  });

  it.each([
    ['//evil.example', 'two slashes'],
    ['///evil.example', 'three slashes'],
    ['/\\evil.example', 'slash and backslash'],
    ['\\\\evil.example', 'two backslashes'],
    ['\\/evil.example', 'backslash and slash'],
    ['/%2fevil.example', 'an encoded second slash'],
    ['/%5Cevil.example', 'an encoded backslash'],
    ['%2f%2fevil.example', 'encoded slashes'],
    ['/\t/evil.example', 'a tab that parsers drop'],
    ['/\n/evil.example', 'a line feed that parsers drop'],
    ['/x\r\nSet-Cookie: a=b', 'a header in the value'],
    [' //evil.example', 'a leading blank'],
    ['\u00a0//evil.example', 'a leading no-break space'],
    ['/\u0000', 'a null byte'],
    ['https://evil.example', 'another host'],
    ['https://evil.example/https://shop.example', 'the host inside the path'],
    ['https://shop.example.evil.example', 'the host as a prefix'],
    ['https://evilshop.example', 'the host as a suffix'],
    ['https://shop.example@evil.example', 'the host as user name'],
    ['https://user:secret@shop.example', 'user information'],
    ['https://shop.example%40evil.example', 'an encoded @'],
    ['https://evil.example\\@shop.example', 'a backslash before the @'],
    ['https://evil.example#@shop.example', 'the host in the fragment'],
    ['https://shop.example:8443', 'a port that is not allowed'],
    ['https://dev.example', 'an allowed host without its port'],
    ['https:evil.example', 'a scheme without slashes'],
    ['https:/evil.example', 'a scheme with one slash'],
    ['https:///evil.example', 'a scheme with three slashes'],
    ['HTTPS://EVIL.example', 'upper case'],
    ['https://ѕhop.example', 'a Cyrillic letter that looks the same'],
    ['https://xn--hop-5ld.example', 'the same in Punycode'],
    ['https://shop。example', 'an ideographic full stop'],
    ['https://ｓhop.example', 'a full-width letter'],
    ['https://shop.example.', 'a trailing dot'],
    ['javascript:alert(1)', 'a script'],
    ['JaVaScRiPt://shop.example/%0aalert(1)', 'a script with a host'],
    ['data:text/html,x', 'a data URL'],
    ['ftp://shop.example', 'another scheme'],
    ['file:///etc/passwd', 'a file'],
    ['shop.example', 'a host without a scheme'],
    ['pricing', 'a relative path'],
    ['../x', 'a path upwards'],
    ['?x=1', 'a query only'],
    ['', 'nothing'],
    ['https://[::1', 'a host that cannot be parsed'],
    [`/${'x'.repeat(2048)}`, 'an overlong path'],
  ])('ignores %j: %s', (to) => {
    expect(targets.withCredit(to, 'JOHN-X7K2', 'clk_1')).toBe('https://shop.example/?ref=JOHN-X7K2&click_id=clk_1');
  });

  it('leaves the click out when there is none', () => {
    expect(targets.withCredit('/x', 'JOHN-X7K2', null)).toBe('https://shop.example/x?ref=JOHN-X7K2');
  });

  it('keeps the path and query of the site itself', () => {
    const shop = new RedirectTargets('https://host.example/shop?lang=de', new Set(['host.example']));
    expect(shop.withCredit(undefined, 'ABC', 'clk_1')).toBe('https://host.example/shop?lang=de&ref=ABC&click_id=clk_1');
    expect(shop.withCredit('/other', 'ABC', null)).toBe('https://host.example/other?ref=ABC');
  });
});
