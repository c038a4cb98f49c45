import { buffer, text } from 'node:stream/consumers';
import { csvStream, Figure, majorAmount, minorAmount, type CsvCell } from './csv.js';

const written = async (cell: CsvCell): Promise<string> => {
  const csv = await text(csvStream({ cell: ({ cell }) => cell }, [{ cell }]));
  return csv.slice('cell\n'.length, -1);
};

describe('a CSV cell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['＝1', "'＝1"],
    ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
    ['a = b', 'a = b'],
    ['Zoë, "Z"', '"Zoë, ""Z"""'],
    ['two\nlines', '"two\nlines"'],
  ])('of text %j is written %j: no spreadsheet runs it', async (cell, expected) => {
    expect(await written(cell)).toBe(expected);
  });

  it.each([
    [majorAmount(-1999n, 'usd'), '-19.99'],
    [majorAmount(-10n, 'kwd'), '-0.010'],
    [majorAmount(-7n, 'jpy'), '-7'],
    [minorAmount(-9007199254740993n), '-9007199254740993'],
    [new Figure('0'), '0'],
    [0, '0'],
    [-5, '-5'],
    [null, ''],
  ])('with the figure %j is written %s, so that a spreadsheet can add it up', async (cell, expected) => {
    expect(await written(cell)).toBe(expected);
  });
});

describe('a CSV stream', () => {
  it('begins with what Excel knows UTF-8 by, and names its columns even where it has no rows', async () => {
    const csv = await buffer(csvStream({ 'a "name"': () => '', other: () => '' }, []));
    expect(csv.toString()).toBe('\uFEFF"a ""name""",other\n');
  });

  it('fails when its rows do, and does not end as if it were complete', async () => {
    async function* rows(): AsyncGenerator<{ n: number }> {
      yield { n: 1 };
      await Promise.resolve();
      throw new Error('the database is away');
    }
    await expect(text(csvStream({ n: ({ n }) => n }, rows()))).rejects.toThrow('the database is away');
  });

  it('reads no more than it writes: a million rows that nobody fetches are not read', async () => {
    let read = 0;
    function* rows(): Generator<{ n: number }> {
      for (; read < 1_000_000; read++) yield { n: read };
    }
    const csv = csvStream({ n: ({ n }) => n }, rows());
    await new Promise((resolve) => csv.once('readable', resolve));
    expect(read).toBeLessThan(20_000);
    csv.destroy();
  });
});
