import { useLanguage } from '../i18n/language';

/** The server did not even say who it is. */
export function StartFailed() {
  const { texts } = useLanguage();
  return (
    <main className="alone">
      <div className="card" role="alert">
        <h1>{texts.problem.title}</h1>
        <p>{texts.problem.server}</p>
        <button type="button" className="button button-primary" onClick={() => window.location.reload()}>
          {texts.common.retry}
        </button>
      </div>
    </main>
  );
}

/** While the page around this one is asked for a token. */
export function Starting({ text }: { text: string }) {
  return (
    <main className="alone">
      <p role="status">{text}</p>
    </main>
  );
}
