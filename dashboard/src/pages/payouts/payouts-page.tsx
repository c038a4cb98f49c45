import { Link, Outlet, useLocation } from 'react-router';
import { api, bodyOf } from '../../api/client';
import { queryOf } from '../../api/download';
import type { Payout, PayoutStatus } from '../../api/types';
import { usePages } from '../../api/use-pages';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';
import { CurrencyFilter } from '../../ui/currency-filter';
import type { Column } from '../../ui/data-table';
import { DownloadButton } from '../../ui/download-button';
import { DateFilters, FilterBar, SelectFilter, useFilters } from '../../ui/filters';
import { Page } from '../../ui/page';
import { PagedList } from '../../ui/paged-list';
import { EmptyState } from '../../ui/states';
import { PayoutBadge } from './payout-badge';
import { StatementFiles } from './statement-files';

export function PayoutsPage() {
  const { texts } = useLanguage();
  const words = texts.payouts;
  const filters = useFilters('status', 'currency', 'from', 'to');
  const query = {
    status: filters.get('status') as PayoutStatus | undefined,
    currency: filters.get('currency'),
    from: filters.get('from'),
    to: filters.get('to'),
  };
  const pages = usePages(['payouts', query], async (cursor) =>
    bodyOf(await api.GET('/v1/me/payouts', { params: { query: { ...query, cursor } } })),
  );
  return (
    <Page title={words.title} intro={words.intro}>
      <FilterBar
        filters={filters}
        action={
          <DownloadButton
            path={`/v1/me/payouts${queryOf({ ...query, format: 'csv' })}`}
            text={texts.common.downloadCsv}
          />
        }
      >
        <SelectFilter
          filters={filters}
          name="status"
          label={words.status}
          options={Object.entries(words.statuses).map(([value, text]) => ({ value, text }))}
        />
        <CurrencyFilter filters={filters} />
        <DateFilters filters={filters} />
      </FilterBar>
      <Card bare>
        <PagedList
          label={words.title}
          pages={pages}
          columns={usePayoutColumns()}
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
      <Outlet />
    </Page>
  );
}

function usePayoutColumns(): Column<Payout>[] {
  const { texts, formats } = useLanguage();
  const { search } = useLocation();
  const words = texts.payouts;
  return [
    {
      key: 'period',
      header: words.period,
      lead: true,
      cell: ({ id, period, amount, currency }) => (
        <Link
          className="row-link"
          to={{ pathname: `/payouts/${id}`, search }}
          aria-label={words.open(formats.month(period), formats.money(amount, currency))}
        >
          {formats.month(period)}
        </Link>
      ),
    },
    { key: 'date', header: words.date, cell: ({ createdAt }) => formats.date(createdAt) },
    { key: 'status', header: words.status, cell: (payout) => <PayoutState payout={payout} /> },
    {
      key: 'amount',
      header: words.amount,
      numeric: true,
      sum: true,
      cell: ({ amount, amountReversed, currency }) => (
        <>
          <strong>{formats.money(amount, currency)}</strong>
          {amountReversed > 0 && (
            <span className="fine below">{words.cameBack(formats.money(amountReversed, currency))}</span>
          )}
        </>
      ),
    },
    { key: 'statement', header: words.statement, cell: (payout) => <StatementFiles payout={payout} /> },
  ];
}

function PayoutState({ payout: { status, paidAt } }: { payout: Payout }) {
  const { texts, formats } = useLanguage();
  return (
    <>
      <PayoutBadge status={status} />
      {status === 'paid' && paidAt && <span className="fine"> {texts.payouts.paidOn(formats.day(paidAt))}</span>}
      {(status === 'failed' || status === 'canceled') && <span className="fine below">{texts.payouts.failedText}</span>}
    </>
  );
}
