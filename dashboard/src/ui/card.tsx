import { useId, type ReactNode } from 'react';

/** A part of a page under a heading of its own; `bare` where its content brings its own distances. */
export function Card({
  title,
  aside,
  bare = false,
  className = '',
  children,
}: {
  title?: string;
  aside?: ReactNode;
  bare?: boolean;
  className?: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={`card ${bare ? 'card-bare' : ''} ${className}`} aria-labelledby={title ? id : undefined}>
      {title && (
        <header className="card-head">
          <h2 id={id}>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}
