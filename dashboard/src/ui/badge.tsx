import type { ReactNode } from 'react';

export type Tone = 'neutral' | 'good' | 'wait' | 'bad' | 'info';

/** A state in a word; the word tells it, the colour only helps. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`badge badge-${tone}`}>
      <span className="badge-dot" aria-hidden="true" />
      {children}
    </span>
  );
}
