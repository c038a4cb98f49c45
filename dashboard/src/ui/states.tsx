import { RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client';
import type { Texts } from '../i18n/en';
import { useLanguage } from '../i18n/language';

/** Nothing to show, and that is all right. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** What went wrong, in words of the reader, and a way to try again. */
export function ErrorState({ error, retry }: { error: Error; retry: () => void }) {
  const { texts } = useLanguage();
  const requestId = error instanceof ApiError ? error.requestId : null;
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{texts.problem.title}</p>
      <p>{wordsFor(error, texts)}</p>
      {requestId && <p className="fine">{texts.problem.request(requestId)}</p>}
      <button type="button" className="button" onClick={retry}>
        <RotateCw aria-hidden="true" size={16} />
        {texts.common.retry}
      </button>
    </div>
  );
}

function wordsFor(error: Error, { problem }: Texts): string {
  const status = error instanceof ApiError ? error.status : 500;
  if (status === 0) return problem.offline;
  if (status === 404) return problem.notFound;
  return status === 429 ? problem.tooMany : problem.server;
}

/** Takes the place of what is on its way; said once, however many lines it has. */
export function Skeleton({ lines }: { lines: number }) {
  const { texts } = useLanguage();
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">{texts.common.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className="skeleton-line" aria-hidden="true" />
      ))}
    </div>
  );
}

interface Query<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

/** What a query brought, or in its place that it is on its way or failed. */
export function Loaded<T>({
  query,
  lines = 4,
  children,
}: {
  query: Query<T>;
  lines?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  return <Skeleton lines={lines} />;
}
