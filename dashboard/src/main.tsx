import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startSession } from './api/session';
import { App } from './app/app';
import { loadConfig } from './app/config';
import { StartFailed, Starting } from './app/start';
import { applyTheme } from './app/theme';
import { LanguageProvider, loadLanguage, preferredLanguage } from './i18n/language';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/pages.css';

applyTheme();
const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');
const root = createRoot(element);
void start();

async function start(): Promise<void> {
  const [config, language] = await Promise.allSettled([loadConfig(), loadLanguage(preferredLanguage())]);
  const spoken = language.status === 'fulfilled' ? language.value : await loadLanguage('en');
  root.render(<Starting text={spoken.texts.common.loading} />);
  if (config.status === 'fulfilled') await startSession(config.value.embedOrigins);
  root.render(
    <StrictMode>
      <LanguageProvider initial={spoken}>
        {config.status === 'fulfilled' ? <App config={config.value} /> : <StartFailed />}
      </LanguageProvider>
    </StrictMode>,
  );
}
