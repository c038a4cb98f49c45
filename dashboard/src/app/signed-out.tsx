import { useEffect } from 'react';
import type { SessionState } from '../api/session';
import { useLanguage } from '../i18n/language';

/** There is no form to log in with: whoever has the host app open gets a new link from it. */
export function SignedOut({ session, siteUrl }: { session: Exclude<SessionState, { kind: 'open' }>; siteUrl: string }) {
  const { texts } = useLanguage();
  const words = texts.signedOut;
  const isSuspended = session.kind === 'ended' && session.reason === 'affiliate_suspended';
  const title = isSuspended ? words.suspendedTitle : session.kind === 'ended' ? words.ended : words.title;
  useEffect(() => {
    document.title = title;
  }, [title]);
  const site = new URL(siteUrl);
  return (
    <main className="alone">
      <div className="card">
        <h1>{title}</h1>
        <p>{isSuspended ? words.suspendedText : words.text}</p>
        <a className="button button-primary" href={site.href} target="_top">
          {words.toSite(site.host)}
        </a>
      </div>
    </main>
  );
}
