import { Presets, SingleBar } from 'cli-progress';
import { DataGenerator, type Generated, type OnProgress } from '../generate/data-generator.js';
import { GenerateModule } from '../generate/generate.module.js';
import type { GenerationOptions } from '../generate/generation-options.js';
import { GenerationRefusedError } from '../generate/generation-refused.error.js';
import { readOptions, UsageError } from './command-options.js';
import { runCommand } from './run-command.js';
import { textTable } from './text-table.js';

const USAGE = `
Usage: npm run db:generate [-- --affiliates 10000 --months 12 --sales 100 --clicks 1000]

Fills an empty database with a made-up business, as the application would have left it: for trying things out on many
rows. The ledger is sound by ledger:verify.
  --affiliates  how many (default 1000); a few have most of the sales
  --months      how long ago the first ones came (default 12)
  --sales       paid invoices that each affiliate's customers pay in all, on average (default 100)
  --clicks      on each affiliate's links in all, on average (default 1000)
  --currencies  what customers pay in, and how often it is each (default usd:80,eur:15,gbp:4,jpy:1)
  --seed        the same number makes the same data, up to the moment of generation (default 1)
  --anyway      also into a database that has affiliates, or with NODE_ENV=production; never with a live Stripe key`;

const OPTIONS = {
  affiliates: { type: 'string', default: '1000' },
  months: { type: 'string', default: '12' },
  sales: { type: 'string', default: '100' },
  clicks: { type: 'string', default: '1000' },
  currencies: { type: 'string', default: 'usd:80,eur:15,gbp:4,jpy:1' },
  seed: { type: 'string', default: '1' },
  anyway: { type: 'boolean', default: false },
} as const;

await runCommand(
  USAGE,
  async (app) => {
    const { options, anyway } = readArguments();
    const beganAt = performance.now();
    const generated = await generate(app.get(DataGenerator), options, anyway);
    report(generated, options, (performance.now() - beganAt) / 1000);
    return true;
  },
  [GenerateModule],
);

function readArguments(): { options: GenerationOptions; anyway: boolean } {
  const values = readOptions(OPTIONS);
  const options = {
    affiliates: wholeNumber('affiliates', values.affiliates, 1, 1_000_000),
    months: wholeNumber('months', values.months, 1, 120),
    salesPerAffiliate: wholeNumber('sales', values.sales, 0, 100_000),
    clicksPerAffiliate: wholeNumber('clicks', values.clicks, 0, 1_000_000),
    currencies: values.currencies.split(',').map(readCurrency),
    seed: wholeNumber('seed', values.seed, 0, 1_000_000),
  };
  return { options, anyway: values.anyway };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not "${text}".`);
}

function readCurrency(text: string): { weight: number; value: string } {
  const [, value, weight] = /^([a-z]{3}):(\d{1,6})$/.exec(text) ?? [];
  if (value && weight) return { weight: Number(weight), value };
  throw new UsageError(`--currencies must be a list like usd:80,eur:20, and "${text}" is no part of one.`);
}

async function generate(generator: DataGenerator, options: GenerationOptions, anyway: boolean): Promise<Generated> {
  try {
    return await withBar((onProgress) => generator.generate(options, { anyway, onProgress }));
  } catch (error) {
    if (error instanceof GenerationRefusedError) throw new UsageError(`Nothing was generated: ${error.message}`);
    throw error;
  }
}

/** A bar for each phase, on a terminal only. */
async function withBar<T>(work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work(() => undefined);
  const bar = new SingleBar(
    { format: '{phase} [{bar}] {value} of {total}', stream: process.stderr, hideCursor: true },
    Presets.shades_classic,
  );
  let current = '';
  try {
    return await work((phase, done, total) => {
      if (phase !== current) {
        if (current !== '') bar.stop();
        current = phase;
        bar.start(total, done, { phase });
      }
      bar.update(done);
    });
  } finally {
    bar.stop();
  }
}

function report({ sales, clicks, sealed }: Generated, { affiliates }: GenerationOptions, seconds: number): void {
  const rows = [
    ['affiliates', affiliates],
    ['sales', sales],
    ['clicks', clicks],
    ['entries sealed', sealed],
    ['seconds', Math.round(seconds)],
  ];
  console.log(textTable(['generated', ''], rows));
}
