import { useEffect, useRef, type ReactNode } from 'react';
import { useLocation } from 'react-router';

/** A page with its heading. After a move within the dashboard the heading is focused, so that it is read out. */
export function Page({ title, intro, children }: { title: string; intro?: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { key } = useLocation();
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    // `default` is the page that was opened first: there the browser has put the focus.
    if (key !== 'default') heading.current?.focus({ preventScroll: true });
    // Filters and dialogs change the address within a page, and leave the focus where it is.
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the page is a new one
  }, []);
  return (
    <>
      <header className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {intro && <p className="page-intro">{intro}</p>}
        </div>
      </header>
      {children}
    </>
  );
}
