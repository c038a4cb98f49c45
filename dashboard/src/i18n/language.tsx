import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { readChoice, writeChoice } from '../app/choices';
import { en, type Texts } from './en';
import { Formats } from './formats';

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

const CHOICE = 'language';

interface Spoken {
  language: Language;
  texts: Texts;
  formats: Formats;
}

interface LanguageContext extends Spoken {
  /** Ahead of `language` while its texts are on their way. */
  chosen: Language;
  choose: (language: Language) => void;
}

const Context = createContext<LanguageContext | null>(null);

/** The chosen language, else the first of the browser's that the page speaks. */
export function preferredLanguage(): Language {
  const wanted = [readChoice(CHOICE), ...navigator.languages.map((tag) => tag.split('-')[0])];
  return wanted.find(isLanguage) ?? 'en';
}

/** English comes with the page, the others when they are wanted. */
export async function loadLanguage(language: Language): Promise<Spoken> {
  const texts = language === 'de' ? (await import('./de')).de : en;
  return { language, texts, formats: new Formats(localeOf(language)) };
}

export function LanguageProvider({ initial, children }: { initial: Spoken; children: ReactNode }) {
  const [spoken, setSpoken] = useState(initial);
  const [chosen, setChosen] = useState(initial.language);
  const choose = useCallback((language: Language) => {
    writeChoice(CHOICE, language);
    setChosen(language);
    void loadLanguage(language).then(setSpoken);
  }, []);
  useEffect(() => {
    document.documentElement.lang = spoken.language;
  }, [spoken.language]);
  const value = useMemo(() => ({ ...spoken, chosen, choose }), [spoken, chosen, choose]);
  return <Context value={value}>{children}</Context>;
}

export function useLanguage(): LanguageContext {
  const context = useContext(Context);
  if (!context) throw new Error('There is no LanguageProvider around this component.');
  return context;
}

function isLanguage(tag: string | null | undefined): tag is Language {
  return tag !== null && tag !== undefined && tag in LANGUAGES;
}

/** The browser's own region of the language where it has one: `en-GB` writes dates as its reader expects them. */
function localeOf(language: Language): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language && isLocale(tag)) ?? language;
}

/** Browsers without a proper locale of the system call theirs `en-US@posix`, which no format takes. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
