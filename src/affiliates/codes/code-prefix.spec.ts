import { codePrefixOf } from './code-prefix.js';

describe('codePrefixOf', () => {
  it.each([
    ['John Smith', 'JOHN'],
    ['Al', 'AL'],
    ['Jo Ann', 'JOAN'],
    ['José María', 'JOSE'],
    ['Łukasz', 'LUKA'],
    ['Straße 7', 'STRA'],
    ['Ωmega', 'OMEG'],
    ['李明', 'LIMI'],
    ['Ольга', 'OLGA'],
    ['50 Cent', '50CE'],
    ["O'Neill", 'ONEI'],
    ['🎉🎉', 'REF'],
    ['---', 'REF'],
  ])('%s → %s', (name, prefix) => {
    expect(codePrefixOf(name)).toBe(prefix);
  });
});
