import { figureText, type Row } from './harness/table.js';

/** The rows that each benchmark found, by its name. */
export type Results = Record<string, Row[] | undefined>;

interface Goal {
  what: string;
  goal: string;
  /** The benchmark that measures it. */
  by: string;
  /** NaN where the benchmark did not measure it. */
  figure: (rows: Row[]) => number;
  isMet: (figure: number) => boolean;
  unit?: string;
}

const atLeast = (least: number) => (figure: number) => figure >= least;
const below = (limit: number) => (figure: number) => figure < limit;
const atMost = (most: number) => (figure: number) => figure <= most;

/** What docs/performance.md promises, in its order. */
const GOALS: Goal[] = [
  {
    what: 'durable clicks ÷ ceiling',
    goal: '≥ 0.6, stretch 0.8',
    by: 'clicks',
    figure: (rows) => figureOf(rows, { who: 'Fairshare' }, '÷ ceiling'),
    isMet: atLeast(0.6),
  },
  {
    what: 'durable clicks ÷ tutorial build',
    goal: '≥ 15',
    by: 'clicks',
    figure: (rows) => figureOf(rows, { who: 'Fairshare' }, '÷ tutorial'),
    isMet: atLeast(15),
  },
  {
    what: 'clicks, one hot affiliate ÷ 1,000 affiliates',
    goal: '≥ 0.9',
    by: 'clicks',
    figure: (rows) => figureOf(rows, { who: 'Fairshare, one affiliate' }, '÷ Fairshare'),
    isMet: atLeast(0.9),
  },
  {
    what: 'answered clicks lost by `kill -9`',
    goal: '0',
    by: 'clicks',
    figure: (rows) => figureOf(rows, { who: 'Fairshare, killed in mid-load' }, 'lost'),
    isMet: atMost(0),
  },
  {
    what: 'webhooks stored and acknowledged ÷ the same insert bare',
    goal: '≥ 0.9',
    by: 'webhooks',
    figure: (rows) => figureOf(rows, { who: 'Fairshare' }, '÷ bare insert'),
    isMet: atLeast(0.9),
  },
  {
    what: 'webhooks until posted ÷ tutorial build',
    goal: '≥ 15',
    by: 'webhooks',
    figure: (rows) => figureOf(rows, { who: 'Fairshare' }, '÷ tutorial'),
    isMet: atLeast(15),
  },
  {
    what: 'ten concurrent deliveries of each event: postings an event, all answered 200',
    goal: '1',
    by: 'webhooks',
    figure: (rows) => figureOf(rows, { who: 'Fairshare, ten at once' }, 'postings an event'),
    isMet: (figure) => figure === 1,
  },
  {
    what: 'preparing payouts of 100,000 affiliates × 50, with 24 paid months behind them',
    goal: '≤ 15 s',
    by: 'payout-preparation',
    figure: (rows) => figureOf(rows, { affiliates: 100_000, 'paid months before': 24 }, 'reserve s'),
    isMet: atMost(15),
    unit: ' s',
  },
  {
    what: 'time for each affiliate, 100,000 ÷ 1,000',
    goal: '≤ 1.3',
    by: 'payout-preparation',
    figure: (rows) =>
      figureOf(rows, { affiliates: 100_000, 'paid months before': 24 }, 'µs per affiliate') /
      figureOf(rows, { affiliates: 1_000, 'paid months before': 24 }, 'µs per affiliate'),
    isMet: atMost(1.3),
  },
  {
    what: 'time for each affiliate of 10,000, with 24 paid months behind them ÷ without',
    goal: '≤ 1.3',
    by: 'payout-preparation',
    figure: (rows) =>
      figureOf(rows, { affiliates: 10_000, 'paid months before': 24 }, 'µs per affiliate') /
      figureOf(rows, { affiliates: 10_000, 'paid months before': 0 }, 'µs per affiliate'),
    isMet: atMost(1.3),
  },
  {
    what: 'memory of preparing, the most at any size',
    goal: '< 150 MB',
    by: 'payout-preparation',
    figure: (rows) => largestOf(rows, 'peak MB'),
    isMet: below(150),
    unit: ' MB',
  },
  {
    what: 'payouts sent ÷ rate limit, the least',
    goal: '≥ 0.95',
    by: 'payout-sending',
    figure: (rows) => smallestOf(rows, 'sent ÷ allowed'),
    isMet: atLeast(0.95),
  },
  {
    what: 'dashboard overview, p50 with many ÷ few commissions',
    goal: '≤ 1.3',
    by: 'dashboard-reads',
    figure: (rows) => figureOf(rows, { read: 'overview' }, 'p50 ÷'),
    isMet: atMost(1.3),
  },
  {
    what: 'the list of the affiliate’s page that suffers most, p50',
    goal: '≤ 1.3',
    by: 'dashboard-reads',
    figure: (rows) => largestOf(rows, 'p50 ÷'),
    isMet: atMost(1.3),
  },
  {
    what: 'overview and lists, the worst p99',
    goal: '≤ 1.5',
    by: 'dashboard-reads',
    figure: (rows) => largestOf(rows, 'p99 ÷'),
    isMet: atMost(1.5),
  },
  {
    what: '`ledger:verify`, postings a second, the least',
    goal: '≥ 50,000',
    by: 'ledger-verification',
    figure: (rows) => smallestOf(rows, 'postings per s'),
    isMet: atLeast(50_000),
  },
  {
    what: 'its memory with ten times the postings ÷ without',
    goal: 'constant (≤ 1.1)',
    by: 'ledger-verification',
    figure: (rows) => largestOf(rows, 'peak MB') / smallestOf(rows, 'peak MB'),
    isMet: atMost(1.1),
  },
  {
    what: 'attribution with its trace ÷ tutorial build',
    goal: '≥ 5',
    by: 'attribution',
    figure: (rows) => figureOf(rows, { who: 'Fairshare' }, '÷ tutorial'),
    isMet: atLeast(5),
  },
  {
    what: 'authentication, processor time',
    goal: '≤ 25 µs',
    by: 'authentication',
    figure: (rows) =>
      figureOf(rows, { who: 'Fairshare: passport-jwt with a KeyObject, and all claims checked' }, 'CPU µs'),
    isMet: atMost(25),
    unit: ' µs',
  },
  {
    what: 'two instances ÷ one, clicks',
    goal: 'not slower (≥ 0.95)',
    by: 'two-instances',
    figure: (rows) => figureOf(rows, { instances: 'two' }, '÷ one'),
    isMet: atLeast(0.95),
  },
  {
    what: 'clicks lost when one of two instances is killed',
    goal: '0',
    by: 'two-instances',
    figure: (rows) => figureOf(rows, { instances: 'two, one of them killed' }, 'lost'),
    isMet: atMost(0),
  },
  {
    what: 'idle memory with the admin panel',
    goal: '< 280 MB',
    by: 'idle-memory',
    figure: (rows) => figureOf(rows, { 'admin panel': 'loaded' }, 'idle MB'),
    isMet: below(280),
    unit: ' MB',
  },
  {
    what: 'idle memory without the admin panel',
    goal: '< 160 MB',
    by: 'idle-memory',
    figure: (rows) => figureOf(rows, { 'admin panel': 'not loaded' }, 'idle MB'),
    isMet: below(160),
    unit: ' MB',
  },
];

/** The table of goals as Markdown, the figures taken from what each benchmark found last. */
export function goalsTable(results: Results): string {
  const lines = GOALS.map(({ what, goal, by, figure, isMet, unit = '' }) => {
    const found = figure(results[by] ?? []);
    const isKnown = Number.isFinite(found);
    const state = !isKnown ? 'not measured' : isMet(found) ? 'met' : '**missed**';
    return `| ${what} | ${goal} | ${isKnown ? figureText(found) + unit : '–'} | ${state} | \`${by}\` |`;
  });
  return ['| what | goal | measured | state | by |', '|---|---|---|---|---|', ...lines].join('\n');
}

function figureOf(rows: Row[], of: Row, column: string): number {
  const row = rows.find((one) => Object.entries(of).every(([name, value]) => one[name] === value));
  return Number(row?.[column] ?? Number.NaN);
}

function figuresIn(rows: Row[], column: string): number[] {
  return rows.map((row) => Number(row[column] ?? Number.NaN)).filter((figure) => !Number.isNaN(figure));
}

function largestOf(rows: Row[], column: string): number {
  return Math.max(...figuresIn(rows, column));
}

function smallestOf(rows: Row[], column: string): number {
  return Math.min(...figuresIn(rows, column));
}
