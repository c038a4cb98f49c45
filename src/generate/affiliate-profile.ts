import type { Affiliate, AffiliateRate } from '@prisma/client';
import { newsOf } from '../affiliates/affiliate-events.js';
import { presentAffiliate } from '../affiliates/affiliate-presenter.js';
import { SUFFIX_ALPHABET } from '../affiliates/codes/affiliate-code.js';
import type { Chronicle } from './chronicle.js';
import { DAY_MS, later, type PlanWithVersions } from './world.js';

/** Who an affiliate is, and what became of them. */
export interface Profile {
  affiliate: Affiliate;
  code: string;
  plan: PlanWithVersions;
  ownRates: AffiliateRate[];
  /** What most of their customers pay in. */
  currency: string;
  /** When onboarding was finished; null while it is not. */
  onboardedAt: Date | null;
  /** Null for those who were never suspended. */
  suspendedAt: Date | null;
  /** When nothing is attributed to them any more. */
  activeUntil: Date;
}

const FIRST_NAMES =
  'Anna Ben Carla David Emma Felix Grace Hugo Ines Jonas Kenji Lena María Noah Olga Paul Quinn Rosa Sven Tara Uwe Vera Wim Yara Zoe'.split(
    ' ',
  );
const LAST_NAMES =
  'Adams Becker Costa Dubois Eriksen Fischer Garcia Hansen Ito Jansen Keller Lopez Meyer Novak Olsen Perez Rossi Silva Tanaka Weber'.split(
    ' ',
  );
const COUNTRIES = ['US', 'US', 'US', 'DE', 'GB', 'FR', 'ES', 'NL', 'JP', 'CA', 'AU', 'BR'];

/** No multiple of the alphabet's length, so that neighbours get codes that look unlike each other. */
const CODE_STRIDE = 7_919_131;
const CODE_SUFFIX_LENGTH = 5;

/** Draws the affiliate with this number. The first ones come at the beginning: the largest take time to grow. */
export function drawProfile(chronicle: Chronicle, index: number): Profile {
  const { world, random, ids } = chronicle;
  const spanMs = world.now.getTime() - world.start.getTime() - 2 * DAY_MS;
  const createdAt = later(world.start, index < 3 ? index * DAY_MS : random.fraction() ** 1.5 * spanMs);
  const [firstName, lastName] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)];
  const email = `${firstName}.${lastName}.${index}@partner${index % 977}.example`.toLowerCase();
  const plan = random.weighted(world.plans);
  const status = random.weighted([
    { weight: 93, value: 'active' },
    { weight: 3, value: 'pending' },
    { weight: 4, value: index < 3 ? 'active' : 'suspended' },
  ]);
  const isPending = status === 'pending';
  const leftMs = world.now.getTime() - createdAt.getTime();
  const suspendedAt = status === 'suspended' ? later(createdAt, leftMs * (0.2 + 0.8 * random.fraction())) : null;
  const connectedAt = later(createdAt, random.int(1, 40) * DAY_MS * random.fraction());
  const isConnected = !isPending && random.chance(0.92) && connectedAt < world.now;
  const finishedAt = later(connectedAt, random.int(5, 90) * 60_000);
  const onboardedAt = isConnected && random.chance(0.97) && finishedAt < world.now ? finishedAt : null;
  const userId = `gen${world.seed}-partner-${index}`;
  const affiliate: Affiliate = {
    id: ids.next('affiliate', createdAt),
    userId,
    name: `${firstName} ${lastName}`,
    email,
    emailNormalized: email,
    country: random.pick(COUNTRIES),
    status,
    planId: plan.id,
    stripeAccountId: isConnected ? `acct_gen${world.seed}x${index}` : null,
    stripeAccountRequestedAt: isConnected ? connectedAt : null,
    stripeAccountSeenAt: isConnected ? (onboardedAt ?? connectedAt) : null,
    detailsSubmitted: onboardedAt !== null,
    payoutsEnabled: onboardedAt !== null,
    erasedAt: null,
    createdAt,
  };
  return {
    affiliate,
    code: codeOf(world.seed, index, firstName),
    plan,
    ownRates: drawOwnRates(chronicle, affiliate),
    currency: random.weighted(world.currencies),
    onboardedAt,
    suspendedAt,
    activeUntil: isPending ? createdAt : (suspendedAt ?? world.now),
  };
}

/** The rows that say who the affiliate is now. */
export function writeProfile(
  chronicle: Chronicle,
  { affiliate, code, ownRates, suspendedAt, onboardedAt }: Profile,
): void {
  const { copy, world, random } = chronicle;
  const { id: affiliateId, createdAt, stripeAccountId: accountId, stripeAccountRequestedAt: connectedAt } = affiliate;
  copy.add('affiliates', affiliate);
  copy.add('affiliate_codes', { code, affiliateId, isCurrent: true, createdAt });
  for (const rate of ownRates) copy.add('affiliate_rates', rate);
  if (accountId !== null && connectedAt !== null) {
    copy.add('affiliate_accounts', {
      accountId,
      affiliateId,
      connectedAt,
      replacedAt: null,
      goneAt: null,
      requirements: '[]',
      disabledReason: null,
    });
    if (onboardedAt !== null) {
      const fingerprint = `bank_${random.hex(3)}`;
      copy.add('account_payout_methods', { accountId, fingerprint, kind: 'bank_account', firstSeenAt: onboardedAt });
    }
  }
  const present = (as: Affiliate, at: Date) =>
    presentAffiliate(
      {
        ...as,
        codes: [{ code, affiliateId, isCurrent: true, createdAt }],
        rates: ownRates.filter(({ effectiveFrom }) => effectiveFrom <= at).slice(-1),
      },
      world.publicUrl,
    );
  const unconnected = { ...affiliate, stripeAccountId: null, payoutsEnabled: false };
  const first = affiliate.status === 'pending' ? 'pending' : 'active';
  chronicle.tell(newsOf('affiliate.created', present({ ...unconnected, status: first }, createdAt)), createdAt);
  if (onboardedAt !== null) {
    chronicle.tell(newsOf('affiliate.updated', present({ ...affiliate, status: 'active' }, onboardedAt)), onboardedAt);
  }
  if (suspendedAt !== null) {
    chronicle.tell(newsOf('affiliate.updated', present(affiliate, suspendedAt)), suspendedAt);
    chronicle.audit(
      {
        actorId: world.staffUserId,
        action: 'affiliate.suspended',
        subjectType: 'affiliate',
        subjectId: affiliateId,
        before: { status: 'active' },
        after: { status: 'suspended' },
        reason: 'Advertises on our own brand name, against the partner terms.',
      },
      suspendedAt,
    );
  }
}

/** Few have a rate of their own, and of those some lose or better it. */
function drawOwnRates({ random }: Chronicle, { id: affiliateId, createdAt }: Affiliate): AffiliateRate[] {
  if (!random.chance(0.06)) return [];
  const rates = [{ affiliateId, effectiveFrom: createdAt, rateBps: random.pick([2500, 3000, 3500]) }];
  if (!random.chance(0.3)) return rates;
  const effectiveFrom = later(createdAt, random.int(20, 200) * DAY_MS);
  return [...rates, { affiliateId, effectiveFrom, rateBps: random.pick([2250, 4000]) }];
}

/** No two numbers of a seed get the same one, as the stride and the number of possibilities have no common divisor. */
function codeOf(seed: number, index: number, firstName: string): string {
  const base = SUFFIX_ALPHABET.length;
  const possibilities = base ** CODE_SUFFIX_LENGTH;
  let left = (index * CODE_STRIDE + seed * 104_729) % possibilities;
  let suffix = '';
  for (let place = 0; place < CODE_SUFFIX_LENGTH; place++, left = Math.floor(left / base)) {
    suffix += SUFFIX_ALPHABET.charAt(left % base);
  }
  const ascii = firstName.normalize('NFKD').replace(/[^A-Za-z]/g, '');
  return `${ascii.slice(0, 4).toUpperCase()}-${suffix}`;
}
