import type { MailLocale } from '../config/environment.js';
import { pageLanguage } from './page-language.js';

describe('the language of a page', () => {
  it.each<[string, string | undefined, MailLocale, MailLocale]>([
    ['is the usual one where the browser asks for none', undefined, 'de', 'de'],
    ['is what the browser asks for', 'de', 'en', 'de'],
    ['is German for Austria, too', 'de-AT,de;q=0.9,en;q=0.8', 'en', 'de'],
    ['is what the browser wants most, in whatever order it says so', 'de;q=0.5, en-GB;q=0.7', 'de', 'en'],
    ['is the first of equal ones', 'en,de', 'de', 'en'],
    ['is the next best where the best is not spoken here', 'fr-FR, de;q=0.4', 'en', 'de'],
    ['is none that the browser refuses', 'de;q=0', 'en', 'en'],
    ['is the usual one where none that is asked for is spoken here', 'fr,*;q=0.5', 'en', 'en'],
    ['is the usual one where what is asked for makes no sense', ';;q=x,,de;q=much', 'en', 'en'],
  ])('%s', (_title, acceptLanguage, usual, expected) => {
    expect(pageLanguage(acceptLanguage, usual)).toBe(expected);
  });
});
