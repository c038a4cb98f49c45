import { queryOf } from '../api/download';
import { usePages, type Page } from '../api/use-pages';
import { useLanguage } from '../i18n/language';
import { Card } from './card';
import { CurrencyFilter } from './currency-filter';
import type { Column } from './data-table';
import { DownloadButton } from './download-button';
import { DateFilters, FilterBar, SelectFilter, useFilters } from './filters';
import { PagedList } from './paged-list';
import { EmptyState } from './states';

/** What the lists of the API are filtered by, beside the states of what is in them. */
interface ListQuery {
  currency?: string;
  from?: string;
  to?: string;
  cursor?: string;
}

/**
 * A list of the affiliate's own with its filters, its file and its empty states.
 * @param path where it and its file are.
 * @param states the filter by state: its name in the API, its label, and the words for each state.
 * @param words what there is to say when nothing is in it yet.
 * @param fetchPage must ask `path`, with what the filters say.
 */
export function FilteredList<T extends { id: string }, Name extends string, State extends string>({
  path,
  label,
  states,
  words,
  columns,
  fetchPage,
}: {
  path: string;
  label: string;
  states: { name: Name; label: string; words: Record<State, string> };
  words: { emptyTitle: string; emptyText: string };
  columns: Column<T>[];
  fetchPage: (query: ListQuery & { [name in Name]?: State }) => Promise<Page<T>>;
}) {
  const { texts } = useLanguage();
  const names = [states.name, 'currency', 'from', 'to'];
  const filters = useFilters(...names);
  const query = Object.fromEntries(names.map((name) => [name, filters.get(name)])) as { [name in Name]?: State };
  const pages = usePages([path, query], (cursor) => fetchPage({ ...query, cursor }));
  return (
    <>
      <FilterBar
        filters={filters}
        action={<DownloadButton path={path + queryOf({ ...query, format: 'csv' })} text={texts.common.downloadCsv} />}
      >
        <SelectFilter
          filters={filters}
          name={states.name}
          label={states.label}
          options={Object.entries<string>(states.words).map(([value, text]) => ({ value, text }))}
        />
        <CurrencyFilter filters={filters} />
        <DateFilters filters={filters} />
      </FilterBar>
      <Card bare>
        <PagedList
          label={label}
          pages={pages}
          columns={columns}
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
