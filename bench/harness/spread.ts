/** The middle of the figures, and how far they lie apart: (largest − smallest) ÷ middle. */
export function medianOf(figures: number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function spreadOf(figures: number[]): number {
  return (Math.max(...figures) - Math.min(...figures)) / medianOf(figures);
}
