import type { AttributionFacts, Finding, RefusalReason, SignupFacts } from './attribution-rule.js';
import { decide, decideSignup } from './decide.js';

const CLICKED_AT = new Date('2026-12-01T12:00:00.000Z');
const WINDOW_MS = 30 * 24 * 60 * 60 * 1000;

const HONEST: AttributionFacts = {
  referredUserId: 'user_42',
  occurredAt: new Date('2026-12-02T12:00:00.000Z'),
  windowMs: WINDOW_MS,
  promotion: null,
  clickId: 'clk_1',
  code: 'JOHN-X7K2',
  click: { code: 'JOHN-X7K2', occurredAt: CLICKED_AT, ipHash: 'aa' },
  removedClickAt: null,
  affiliate: {
    id: 'aff_1',
    userId: 'john',
    status: 'active',
    planId: 'pln_default',
    planVersionId: 'plv_default',
    emailNormalized: 'john@example.com',
  },
  existingReferral: null,
  emailNormalized: 'mary@example.com',
  ipHashes: ['bb'],
  affiliateSeenAtIp: null,
  affiliateIpRule: 'refuse',
  clickIpRule: 'refuse',
  screened: [],
};

const SAME_IP = { ipHashes: ['00', 'aa'] };
const OTHER_REFERRAL = { existingReferral: { id: 'ref_1', affiliateId: 'aff_2' } };
const EXPIRED = { occurredAt: new Date(CLICKED_AT.getTime() + WINDOW_MS + 1) };
const REMOVED = { click: null, removedClickAt: CLICKED_AT, ...EXPIRED };
const SUSPENDED = { affiliate: { ...HONEST.affiliate!, status: 'suspended' } };

const findingOf = (facts: Partial<AttributionFacts>, rule: RefusalReason): Finding | undefined =>
  decide({ ...HONEST, ...facts }).rules.find((verdict) => verdict.rule === rule)?.finding;

describe('decide', () => {
  it('credits an honest signup, and every rule has looked', () => {
    const { refusal, rules } = decide(HONEST);
    expect(refusal).toBeNull();
    expect(rules.map(({ rule, finding }) => [rule, finding])).toEqual([
      ['click_unknown', 'pass'],
      ['code_unknown', 'not_evaluated'],
      ['already_referred', 'pass'],
      ['click_expired', 'pass'],
      ['affiliate_inactive', 'pass'],
      ['self_referral', 'pass'],
      ['affiliate_ip_match', 'pass'],
      ['click_ip_match', 'pass'],
    ]);
  });

  it.each<[string, Partial<AttributionFacts>, RefusalReason | null]>([
    ['an unknown click without a code', { click: null, affiliate: null, code: null }, 'click_unknown'],
    ['an unknown click falls back to the code', { click: null }, null],
    ['an unknown click falls back to an unknown code', { click: null, affiliate: null }, 'code_unknown'],
    ['a click that was removed, although the code is known', REMOVED, 'click_expired'],
    ['a click that was removed, without a code', { ...REMOVED, code: null, affiliate: null }, 'click_expired'],
    ['an unknown code', { clickId: null, click: null, affiliate: null }, 'code_unknown'],
    ['a code alone has no window', { clickId: null, click: null, occurredAt: new Date('2030-01-01') }, null],
    ['the referral of another', OTHER_REFERRAL, 'already_referred'],
    ['the last millisecond of the window', { occurredAt: new Date(CLICKED_AT.getTime() + WINDOW_MS) }, null],
    ['a millisecond later, although the code is known', EXPIRED, 'click_expired'],
    ['a suspended affiliate', SUSPENDED, 'affiliate_inactive'],
    ['a pending affiliate', { affiliate: { ...HONEST.affiliate!, status: 'pending' } }, 'affiliate_inactive'],
    ['the affiliate themself', { referredUserId: 'john' }, 'self_referral'],
    ["the affiliate's e-mail", { emailNormalized: 'john@example.com' }, 'self_referral'],
    [
      'no e-mail on either side',
      { emailNormalized: null, affiliate: { ...HONEST.affiliate!, emailNormalized: null } },
      null,
    ],
    ["the affiliate's address", { affiliateSeenAtIp: CLICKED_AT }, 'affiliate_ip_match'],
    ["the affiliate's address, flagged only", { affiliateSeenAtIp: CLICKED_AT, affiliateIpRule: 'flag' }, null],
    ["the affiliate's address, rule off", { affiliateSeenAtIp: CLICKED_AT, affiliateIpRule: 'off' }, null],
    ["the click's address", SAME_IP, 'click_ip_match'],
    ["the click's address, flagged only", { ...SAME_IP, clickIpRule: 'flag' }, null],
    ["the click's address, rule off", { ...SAME_IP, clickIpRule: 'off' }, null],
    ['a click without an address', { click: { ...HONEST.click!, ipHash: null } }, null],
    ['no address given', { ipHashes: null }, null],
    [
      'unknown code before an existing referral',
      { ...OTHER_REFERRAL, clickId: null, click: null, affiliate: null },
      'code_unknown',
    ],
    ['existing referral before expiry', { ...OTHER_REFERRAL, ...EXPIRED }, 'already_referred'],
    ['expiry before inactivity', { ...EXPIRED, ...SUSPENDED }, 'click_expired'],
    ['inactivity before self-referral', { ...SUSPENDED, referredUserId: 'john' }, 'affiliate_inactive'],
    ['self-referral before addresses', { referredUserId: 'john', affiliateSeenAtIp: CLICKED_AT }, 'self_referral'],
    ["the affiliate's address before the click's", { ...SAME_IP, affiliateSeenAtIp: CLICKED_AT }, 'affiliate_ip_match'],
  ])('%s', (_title, facts, refusal) => {
    expect(decide({ ...HONEST, ...facts }).refusal).toBe(refusal);
  });

  it('says flag, and not_evaluated where it could not look', () => {
    expect(findingOf({ affiliateSeenAtIp: CLICKED_AT, affiliateIpRule: 'flag' }, 'affiliate_ip_match')).toBe('flag');
    expect(findingOf({ ...SAME_IP, clickIpRule: 'flag' }, 'click_ip_match')).toBe('flag');
    expect(findingOf({ affiliateIpRule: 'off' }, 'affiliate_ip_match')).toBe('not_evaluated');
    expect(findingOf({ ipHashes: null }, 'affiliate_ip_match')).toBe('not_evaluated');
    expect(findingOf({ click: null }, 'click_ip_match')).toBe('not_evaluated');
    expect(findingOf({ click: null, affiliate: null }, 'self_referral')).toBe('not_evaluated');
  });

  it('goes on after the first refusal, so that the trace shows all that is wrong', () => {
    const { rules } = decide({ ...HONEST, ...EXPIRED, ...SUSPENDED, ...SAME_IP, affiliateSeenAtIp: CLICKED_AT });
    expect(rules.filter(({ finding }) => finding === 'refuse').map(({ rule }) => rule)).toEqual([
      'click_expired',
      'affiliate_inactive',
      'affiliate_ip_match',
      'click_ip_match',
    ]);
  });

  it('keeps neither e-mails nor addresses in the trace', () => {
    const trace = JSON.stringify(decide({ ...HONEST, emailNormalized: 'john@example.com', ...SAME_IP }));
    expect(trace).not.toContain('john@example.com');
    expect(trace).toContain('j***@e***.com');
    expect(trace).not.toMatch(/"(ip|hash)"/i);
  });

  it('says how far past the window a signup came', () => {
    const expired = decide({ ...HONEST, ...EXPIRED }).rules.find(({ rule }) => rule === 'click_expired');
    expect(expired?.sentence).toBe('The signup came 30.01 days after the click; the window is 30 days.');
  });
});

describe('code against link', () => {
  const LINK = HONEST;
  const OWNER = { ...HONEST.affiliate!, id: 'aff_2', userId: 'jane', emailNormalized: 'jane@example.com' };
  const CODE: AttributionFacts = {
    ...HONEST,
    promotion: { promotionCodeId: 'prc_1', code: 'JANE20', customerId: 'cus_1', redeemedAt: CLICKED_AT },
    clickId: null,
    code: null,
    click: null,
    affiliate: OWNER,
  };
  const REFUSED = { status: 'suspended' };
  const refusedLink = { ...LINK, affiliate: { ...LINK.affiliate!, ...REFUSED } };
  const refusedCode = { ...CODE, affiliate: { ...OWNER, ...REFUSED } };

  it.each<
    [string, Pick<SignupFacts, 'link' | 'promotion' | 'precedence'>, string, RefusalReason | null, RegExp | null]
  >([
    ['a link alone', { link: LINK, promotion: null, precedence: 'promotion_code' }, 'aff_1', null, null],
    [
      'a code alone, whatever comes first',
      { link: null, promotion: CODE, precedence: 'link' },
      'aff_2',
      null,
      /^The promotion code JANE20 of aff_2 decides: no link was reported\.$/,
    ],
    [
      'both, the code first',
      { link: LINK, promotion: CODE, precedence: 'promotion_code' },
      'aff_2',
      null,
      /^The promotion code JANE20 of aff_2 decides over the click of aff_1, since ATTRIBUTION_PRECEDENCE is promotion_code\.$/,
    ],
    [
      'both, the link first',
      { link: LINK, promotion: CODE, precedence: 'link' },
      'aff_1',
      null,
      /^The click of aff_1 decides over the promotion code JANE20 of aff_2, since ATTRIBUTION_PRECEDENCE is link\.$/,
    ],
    [
      'the code first, but refused',
      { link: LINK, promotion: refusedCode, precedence: 'promotion_code' },
      'aff_1',
      null,
      /^The promotion code JANE20 of aff_2 comes first, .* but is refused \(affiliate_inactive\): the click of aff_1 decides\.$/,
    ],
    [
      'the link first, but refused',
      { link: { ...LINK, ...EXPIRED }, promotion: CODE, precedence: 'link' },
      'aff_2',
      null,
      /^The click of aff_1 comes first, .* but is refused \(click_expired\): the promotion code/,
    ],
    [
      'both refused: what was reported is told',
      { link: refusedLink, promotion: { ...refusedCode, ...OTHER_REFERRAL }, precedence: 'promotion_code' },
      'aff_1',
      'affiliate_inactive',
      /^Both the click of aff_1 and the promotion code JANE20 of aff_2 are refused\.$/,
    ],
    [
      'both of one affiliate: the link, which says more',
      { link: LINK, promotion: { ...CODE, affiliate: LINK.affiliate }, precedence: 'promotion_code' },
      'aff_1',
      null,
      /^The click of aff_1 decides; the promotion code JANE20 of aff_1 says the same\.$/,
    ],
    [
      'a code of their own',
      { link: null, promotion: { ...CODE, referredUserId: 'jane' }, precedence: 'promotion_code' },
      'aff_2',
      'self_referral',
      /no link was reported/,
    ],
  ])('%s', (_title, found, affiliateId, refusal, sentence) => {
    const outcome = decideSignup({ ...found, existingReferral: null });
    expect([outcome?.facts.affiliate?.id, outcome?.verdict.refusal]).toEqual([affiliateId, refusal]);
    if (sentence) expect(outcome?.precedence?.sentence).toMatch(sentence);
    else expect(outcome?.precedence).toBeNull();
  });

  it('is nothing to decide where neither is there', () => {
    const nothing = { link: null, promotion: null, existingReferral: null, precedence: 'link' as const };
    expect(decideSignup(nothing)).toBeNull();
  });
});
