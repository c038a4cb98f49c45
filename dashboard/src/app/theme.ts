import { useState } from 'react';
import { readChoice, writeChoice } from './choices';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const CHOICE = 'theme';

/** Light or dark as the system says, unless the reader has chosen; styles/tokens.css does the rest. */
export function applyTheme(theme: Theme = chosenTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(chosenTheme);
  return [
    theme,
    (next) => {
      writeChoice(CHOICE, next === 'system' ? null : next);
      applyTheme(next);
      setTheme(next);
    },
  ];
}

function chosenTheme(): Theme {
  const chosen = readChoice(CHOICE);
  return THEMES.find((theme) => theme === chosen) ?? 'system';
}
