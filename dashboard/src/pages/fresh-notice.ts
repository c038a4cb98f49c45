import { useLatestNotices } from '../api/queries';
import type { Notice } from '../api/types';
import { useNow } from '../app/use-now';

const FRESH_MS = 14 * 24 * 60 * 60 * 1000;

/** The last notice, while it is news. All of them stand on their own page. */
export function useFreshNotice(): Notice | null {
  const now = useNow();
  const [latest] = useLatestNotices().data ?? [];
  return latest && now.getTime() - new Date(latest.occurredAt).getTime() < FRESH_MS ? latest : null;
}
