/** What the reader has set, kept in this browser. One that keeps nothing (private, or embedded elsewhere) still works. */
const PREFIX = 'fairshare.';

export function readChoice(name: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + name);
  } catch {
    // Storage is refused: as if nothing had been chosen.
    return null;
  }
}

/** Null forgets it. */
export function writeChoice(name: string, value: string | null): void {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + name);
    else window.localStorage.setItem(PREFIX + name, value);
  } catch {
    // Storage is refused: the choice holds until the page is closed.
  }
}
