/**
 * Something under way that is waited for later, or by nobody if whoever wanted it has gone: its error is told to whoever
 * waits. Until then nobody would hear it, and an error that nobody hears ends the process.
 */
export function heardLater<T>(underWay: Promise<T>): Promise<T> {
  underWay.catch(() => {
    // Told to whoever waits for it.
  });
  return underWay;
}
