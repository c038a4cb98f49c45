import { LogOut } from 'lucide-react';
import { api } from '../api/client';
import { endSession, isLetInByHost } from '../api/session';
import { LANGUAGES, useLanguage, type Language } from '../i18n/language';
import { Segmented } from '../ui/segmented';
import { THEMES, useTheme } from './theme';

/** Language, light or dark, and the way out. A popover of the browser's: Escape and a click beside it close it. */
export function Preferences({ id }: { id: string }) {
  const { texts, chosen, choose } = useLanguage();
  const [theme, setTheme] = useTheme();
  const words = texts.preferences;
  return (
    <div id={id} popover="auto" className="preferences" role="dialog" aria-label={words.title}>
      <p className="label">{words.language}</p>
      <Segmented
        label={words.language}
        value={chosen}
        onChange={choose}
        options={Object.entries(LANGUAGES).map(([value, text]) => ({ value: value as Language, text }))}
      />
      <p className="label">{words.theme}</p>
      <Segmented
        label={words.theme}
        value={theme}
        onChange={setTheme}
        options={THEMES.map((value) => ({ value, text: words[value] }))}
      />
      {!isLetInByHost() && <SignOut />}
    </div>
  );
}

function SignOut() {
  const { texts } = useLanguage();
  const signOut = async (): Promise<void> => {
    await api.DELETE('/v1/me/session');
    endSession({ kind: 'signed_out' });
  };
  return (
    <button type="button" className="button" onClick={() => void signOut()}>
      <LogOut aria-hidden="true" size={16} />
      {texts.preferences.signOut}
    </button>
  );
}
