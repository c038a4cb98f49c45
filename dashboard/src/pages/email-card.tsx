import { useChangeEmailPreferences, useEmailPreferences, usePendingEmailChanges } from '../api/queries';
import type { EmailPreferences } from '../api/types';
import { LANGUAGES, useLanguage, type Language } from '../i18n/language';
import { Card } from '../ui/card';
import { Segmented } from '../ui/segmented';
import { Loaded } from '../ui/states';

const OCCASIONS = ['firstConversion', 'payoutPaid', 'monthlyStatement'] as const;

/** Which e-mails the affiliate wants. Each choice holds at once; there is nothing to save. */
export function EmailCard() {
  const { texts } = useLanguage();
  const query = useEmailPreferences();
  // Where the operator sends none there is nothing to choose.
  if (query.data?.enabled === false) return null;
  return (
    <Card title={texts.emails.title}>
      <Loaded query={query}>{(preferences) => <Choices preferences={preferences} />}</Loaded>
    </Card>
  );
}

function Choices({ preferences }: { preferences: EmailPreferences }) {
  const { texts } = useLanguage();
  const { mutate, isError } = useChangeEmailPreferences();
  const pending = usePendingEmailChanges();
  const words = texts.emails;
  const shown = pending.reduce((now, change) => ({ ...now, ...change }), preferences);
  return (
    <div className="choices">
      <p className="page-intro">{preferences.email === null ? words.noAddress : words.to(preferences.email)}</p>
      {OCCASIONS.map((occasion) => (
        <label key={occasion} className="choice">
          <input
            type="checkbox"
            checked={shown[occasion]}
            onChange={({ target }) => mutate({ [occasion]: target.checked })}
          />
          {words[occasion]}
        </label>
      ))}
      <p className="label">{words.language}</p>
      <Segmented
        label={words.language}
        value={shown.locale ?? ''}
        onChange={(locale) => mutate({ locale: locale === '' ? null : locale })}
        options={[
          { value: '' as const, text: words.usualLanguage },
          ...Object.entries(LANGUAGES).map(([value, text]) => ({ value: value as Language, text })),
        ]}
      />
      <p role="status" className="field-error">
        {isError && words.failed}
      </p>
      <p className="fine">{words.always}</p>
    </div>
  );
}
