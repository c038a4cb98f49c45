import { printable } from './printable.js';

describe('what a document prints', () => {
  it.each([
    ['keeps Latin with its accents', 'Zoë Łódź Nguyễn Şahin', 'Zoë Łódź Nguyễn Şahin'],
    ['keeps Greek and Cyrillic', 'Ελένη Иван', 'Ελένη Иван'],
    ['writes Chinese in Latin letters', '王小明', 'Wang Xiao Ming'],
    ['writes Japanese in Latin letters', 'カタカナ', 'katakana'],
    ['writes Arabic in Latin letters', 'محمد', 'mHmd'],
    ['keeps the rest of a mixed name', 'Ana 王', 'Ana Wang'],
    ['joins an accent with its letter', 'Zoe\u0308', 'Zoë'],
    ['leaves out what has no width, such as marks of direction', 'a\u200F\u202Eb\u200B', 'ab'],
    ['makes one line of several', 'a\n\tb', 'a b'],
    ['keeps a space that does not break', '1\u202F234,50\u00A0€', '1\u00A0234,50\u00A0€'],
    ['marks what it cannot write', 'a😀', 'a?'],
  ])('%s', (_title, text, printed) => {
    expect(printable(text)).toBe(printed);
  });
});
