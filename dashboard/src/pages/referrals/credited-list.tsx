import { api, bodyOf } from '../../api/client';
import { queryOf } from '../../api/download';
import type { Referral, ReferralStatus } from '../../api/types';
import { usePages } from '../../api/use-pages';
import { useLanguage } from '../../i18n/language';
import { Badge, type Tone } from '../../ui/badge';
import { Card } from '../../ui/card';
import { CurrencyFilter } from '../../ui/currency-filter';
import type { Column } from '../../ui/data-table';
import { DownloadButton } from '../../ui/download-button';
import { DateFilters, FilterBar, SelectFilter, useFilters } from '../../ui/filters';
import { PagedList } from '../../ui/paged-list';
import { EmptyState } from '../../ui/states';

const TONES: Record<ReferralStatus, Tone> = { trial: 'wait', paid: 'good', churned: 'neutral' };

export function CreditedList() {
  const { texts } = useLanguage();
  const words = texts.referrals;
  const filters = useFilters('status', 'currency', 'from', 'to');
  const query = {
    status: filters.get('status') as ReferralStatus | undefined,
    currency: filters.get('currency'),
    from: filters.get('from'),
    to: filters.get('to'),
  };
  const pages = usePages(['referrals', query], async (cursor) =>
    bodyOf(await api.GET('/v1/me/referrals', { params: { query: { ...query, cursor } } })),
  );
  return (
    <>
      <FilterBar
        filters={filters}
        action={
          <DownloadButton
            path={`/v1/me/referrals${queryOf({ ...query, format: 'csv' })}`}
            text={texts.common.downloadCsv}
          />
        }
      >
        <SelectFilter
          filters={filters}
          name="status"
          label={texts.common.status}
          options={Object.entries(words.statuses).map(([value, text]) => ({ value, text }))}
        />
        <CurrencyFilter filters={filters} />
        <DateFilters filters={filters} />
      </FilterBar>
      <Card bare>
        <PagedList
          label={words.credited}
          pages={pages}
          columns={useReferralColumns()}
          empty={
            filters.isSet ? (
              <EmptyState title={texts.common.nothingMatches} />
            ) : (
              <EmptyState title={words.emptyTitle}>
                <p>{words.emptyText}</p>
              </EmptyState>
            )
          }
        />
      </Card>
    </>
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
