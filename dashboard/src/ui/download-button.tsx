import { Download } from 'lucide-react';
import { useState } from 'react';
import { download } from '../api/download';
import { useLanguage } from '../i18n/language';

/** Saves a file of the API. `name` says which, where several buttons have the same text. */
export function DownloadButton({ path, text, name }: { path: string; text: string; name?: string }) {
  const { texts } = useLanguage();
  const [phase, setPhase] = useState<'idle' | 'busy' | 'failed'>('idle');
  const start = async (): Promise<void> => {
    setPhase('busy');
    try {
      await download(path);
      setPhase('idle');
    } catch {
      // Said below; pressing again is the way to try again.
      setPhase('failed');
    }
  };
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={phase === 'busy'}
        aria-label={name}
        onClick={() => void start()}
      >
        <Download aria-hidden="true" size={16} />
        {text}
      </button>
      {phase === 'failed' && (
        <span role="alert" className="field-error">
          {texts.common.downloadFailed}
        </span>
      )}
    </>
  );
}
