/**
 * Works off batches in several lanes at once: while this process prepares the statements of one, the database works on
 * another. Ends when there is no further batch, when `work` answers false, or with the first error; then the batches that are
 * under way are waited for.
 *
 * @param next the next batch, each handed out once; null at the end.
 */
export async function workInLanes<T>(
  lanes: number,
  next: () => Promise<T | null>,
  work: (batch: T) => Promise<boolean>,
): Promise<void> {
  let isOver = false;
  const lane = async (): Promise<void> => {
    for (let batch = await next(); batch !== null && !isOver; batch = await next()) {
      try {
        if (!(await work(batch))) isOver = true;
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
