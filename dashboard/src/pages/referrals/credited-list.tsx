import { api, bodyOf } from '../../api/client';
import type { Referral, ReferralStatus } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Badge, type Tone } from '../../ui/badge';
import type { Column } from '../../ui/data-table';
import { FilteredList } from '../../ui/filtered-list';

const PATH = '/v1/me/referrals';
const TONES: Record<ReferralStatus, Tone> = { trial: 'wait', paid: 'good', churned: 'neutral' };

export function CreditedList() {
  const { texts } = useLanguage();
  const words = texts.referrals;
  return (
    <FilteredList
      path={PATH}
      label={words.credited}
      states={{ name: 'status', label: texts.common.status, words: words.statuses }}
      words={words}
      columns={useReferralColumns()}
      fetchPage={async (query) => bodyOf(await api.GET(PATH, { params: { query } }))}
    />
  );
}

function useReferralColumns(): Column<Referral>[] {
  const { texts, formats } = useLanguage();
  const words = texts.referrals;
  const money = (amount: number, currency: string | null): string =>
    currency === null ? texts.common.none : formats.money(amount, currency);
  return [
    { key: 'customer', header: words.customer, lead: true, cell: ({ referredUserId }) => referredUserId },
    { key: 'signedUp', header: words.signedUp, cell: ({ createdAt }) => formats.date(createdAt) },
    {
      key: 'status',
      header: texts.common.status,
      cell: ({ status }) => <Badge tone={TONES[status]}>{words.statuses[status]}</Badge>,
    },
    {
      key: 'converted',
      header: words.converted,
      cell: ({ convertedAt }) => (convertedAt ? formats.date(convertedAt) : texts.common.none),
    },
    {
      key: 'mrr',
      header: words.mrr,
      numeric: true,
      cell: ({ mrr, currency }) => money(mrr, mrr > 0 ? currency : null),
    },
    {
      key: 'earned',
      header: words.earned,
      numeric: true,
      sum: true,
      cell: ({ lifetimeEarned, currency }) => <strong>{money(lifetimeEarned, currency)}</strong>,
    },
  ];
}
