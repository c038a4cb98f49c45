import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLanguage } from '../i18n/language';

const SHOWN_MS = 2500;

export function CopyButton({ text, primary = false }: { text: string; primary?: boolean }) {
  const { texts } = useLanguage();
  const [result, setResult] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (result !== 'copied') return;
    const timer = window.setTimeout(() => setResult(null), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [result]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setResult('copied'),
      () => setResult('refused'),
    );
  };
  return (
    <>
      <button type="button" className={`button ${primary ? 'button-primary' : ''}`} onClick={copy}>
        {result === 'copied' ? <Check aria-hidden="true" size={16} /> : <Copy aria-hidden="true" size={16} />}
        {result === 'copied' ? texts.common.copied : texts.common.copy}
      </button>
      <span role="status" className={result === 'refused' ? 'field-error' : 'visually-hidden'}>
        {result === 'copied' && texts.common.copied}
        {result === 'refused' && texts.common.copyFailed}
      </span>
    </>
  );
}
