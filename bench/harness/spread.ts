/** The middle of the figures. */
export function medianOf(figures: number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** How far the figures lie apart: (largest − smallest) ÷ middle. */
export function spreadOf(figures: number[]): number {
  return (Math.max(...figures) - Math.min(...figures)) / medianOf(figures);
}

/**
 * The middle of what each round found, divided by what the same round found of another. The rounds of one run lie up to a
 * third apart where others use the same processors; what falls upon a round falls upon both.
 */
export function medianRatio(figures: number[], beside: number[]): number {
  return medianOf(figures.map((figure, round) => figure / (beside[round] ?? Number.NaN)));
}
