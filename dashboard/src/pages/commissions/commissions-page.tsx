import { Outlet } from 'react-router';
import { api, bodyOf } from '../../api/client';
import { queryOf } from '../../api/download';
import { usePages } from '../../api/use-pages';
import type { CommissionState } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';
import { CurrencyFilter } from '../../ui/currency-filter';
import { DownloadButton } from '../../ui/download-button';
import { DateFilters, FilterBar, SelectFilter, useFilters } from '../../ui/filters';
import { Page } from '../../ui/page';
import { PagedList } from '../../ui/paged-list';
import { EmptyState } from '../../ui/states';
import { useCommissionColumns } from './commission-columns';

export function CommissionsPage() {
  const { texts } = useLanguage();
  const words = texts.commissions;
  const filters = useFilters('state', 'currency', 'from', 'to');
  const query = {
    state: filters.get('state') as CommissionState | undefined,
    currency: filters.get('currency'),
    from: filters.get('from'),
    to: filters.get('to'),
  };
  const pages = usePages(['commissions', query], async (cursor) =>
    bodyOf(await api.GET('/v1/me/commissions', { params: { query: { ...query, cursor } } })),
  );
  return (
    <Page title={words.title} intro={words.intro}>
      <FilterBar
        filters={filters}
        action={
          <DownloadButton
            path={`/v1/me/commissions${queryOf({ ...query, format: 'csv' })}`}
            text={texts.common.downloadCsv}
          />
        }
      >
        <SelectFilter
          filters={filters}
          name="state"
          label={words.state}
          options={Object.entries(words.states).map(([value, text]) => ({ value, text }))}
        />
        <CurrencyFilter filters={filters} />
        <DateFilters filters={filters} />
      </FilterBar>
      <Card bare>
        <PagedList
          label={words.title}
          pages={pages}
          columns={useCommissionColumns(true)}
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
