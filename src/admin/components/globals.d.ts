import type { ReactNode } from 'react';

declare global {
  interface Window {
    AdminJS: { UserComponents?: Record<string, (props: never) => ReactNode> };
    /** What the log-in page was rendered with. */
    __APP_STATE__?: { action: string; errorMessage: string | null; asksForCode?: boolean; next?: string };
  }
}
