/** How fast the shares fall from the largest affiliate to the smallest. */
const EXPONENT = 0.85;

/**
 * How much of an average share each affiliate has, the largest first: a few have most, half of them next to nothing
 * (Zipf's law). They sum to their number.
 */
export function sharesOf(affiliates: number): number[] {
  const weights = Array.from({ length: affiliates }, (_, index) => 1 / (index + 1) ** EXPONENT);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (weight * affiliates) / sum);
}
