import { ChevronLeft, ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Pages } from '../api/use-pages';
import { useLanguage } from '../i18n/language';
import { DataTable, type Column } from './data-table';
import { ErrorState, Skeleton } from './states';

/** A list of the API: its rows, the way to the next ones, and what there is instead of them. */
export function PagedList<T extends { id: string }>({
  label,
  pages,
  columns,
  empty,
}: {
  label: string;
  pages: Pages<T>;
  columns: Column<T>[];
  /** When there is no row at all. */
  empty: ReactNode;
}) {
  const { texts, formats } = useLanguage();
  const { rows, page, error, retry, isLoading, showNext, showPrevious } = pages;
  if (rows === undefined) return error ? <ErrorState error={error} retry={retry} /> : <Skeleton lines={6} />;
  if (rows.length === 0) return empty;
  return (
    <>
      <DataTable label={label} columns={columns} rows={rows} />
      {error && <ErrorState error={error} retry={retry} />}
      {(showNext ?? showPrevious) && (
        <nav className="pager" aria-label={`${label}: ${texts.common.page('').trim()}`}>
          <button
            type="button"
            className="button"
            disabled={!showPrevious || isLoading}
            onClick={() => showPrevious?.()}
          >
            <ChevronLeft aria-hidden="true" size={16} />
            {texts.common.previous}
          </button>
          <span role="status">{texts.common.page(formats.count(page))}</span>
          <button type="button" className="button" disabled={!showNext || isLoading} onClick={() => showNext?.()}>
            {texts.common.next}
            <ChevronRight aria-hidden="true" size={16} />
          </button>
        </nav>
      )}
    </>
  );
}
