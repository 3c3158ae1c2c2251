import { requireInteger } from "./argument-domain.ts";

/**
 * The quantile k/parts of an ascending sample by inverting its cumulative share: sorted[⌈k·n/parts⌉ - 1] (type 1 of
 * Hyndman and Fan, NumPy's "inverted_cdf"). Always a value of the sample, never an interpolation.
 *
 * The fraction is given as two whole numbers because k/parts as a double, times n, can land on the wrong side of an
 * integer; here the index is exact while k·n < 2⁵³. k = 0 gives the minimum, k = parts the maximum. The smallest value
 * with at least a share k/parts of the sample at or below it, so it is a right-closed bin edge.
 *
 * Shapes: `sorted` ascending and free of NaN, which is not checked. Returns null for an empty sample; one value is
 * every quantile of itself. Throws a RangeError unless 0 <= k <= parts, parts >= 1 are whole. Cost: constant.
 * Example: quantileInvertedCdf([10, 20, 30, 40], 1, 2) = 20.
 */
export function quantileInvertedCdf(sorted: ArrayLike<number>, k: number, parts: number): number | null {
  requireInteger("parts", parts, 1);
  requireInteger("k", k, 0);
  if (k > parts) throw new RangeError(`k must be at most parts, got ${k} of ${parts}`);
  if (sorted.length === 0) return null;
  const product = k * sorted.length;
  const remainder = product % parts;
  const rank = (product - remainder) / parts + (remainder > 0 ? 1 : 0);
  return sorted[Math.max(rank, 1) - 1]!;
}
