import { useEffect, useState } from 'react';

/** The present, as of when the reader last came to the page: it need not tick. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const look = (): void => setNow(new Date());
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, []);
  return now;
}
