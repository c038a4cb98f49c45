/**
 * How much is measured: `quick` only shows that everything runs, `usual` is what `npm run bench` does in less than 20
 * minutes, `full` measures the largest sizes that the goals name, for hours.
 */
export type Size = 'quick' | 'usual' | 'full';
