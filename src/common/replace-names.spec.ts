import { replaceNames } from './replace-names.js';

const NAMES = new Map([
  ['user_1234', 'erased_x'],
  ['anna@example.com', '[erased]'],
  ['Anna Smith', 'Erased'],
  ['7', 'erased_y'],
]);

describe('replaceNames', () => {
  it.each([
    ['user_1234', 'erased_x'],
    ['USER_1234', 'erased_x'],
    ['user_12345', 'user_12345'],
    ['my_user_1234', 'my_user_1234'],
    ['Nobody was credited with user_1234 before.', 'Nobody was credited with erased_x before.'],
    ['mail to Anna@example.com, please', 'mail to [erased], please'],
    ['anna@example.community', 'anna@example.community'],
    ['{"name":"Anna Smith"}', '{"name":"Erased"}'],
    ['Anna Smithson', 'Anna Smithson'],
    ['7', 'erased_y'],
    ['within 7 days', 'within 7 days'],
  ])('%j → %j', (text, expected) => {
    expect(replaceNames(text, NAMES)).toBe(expected);
  });

  it('goes through objects and lists, and leaves the names of fields and all other values', () => {
    const value = { user_1234: ['user_1234', 7, true, null, { of: 'user_1234' }] };
    expect(replaceNames(value, NAMES)).toEqual({ user_1234: ['erased_x', 7, true, null, { of: 'erased_x' }] });
  });
});
