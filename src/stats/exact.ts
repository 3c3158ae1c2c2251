/** Drift of raw rows, for audits of what the bins say. The exact Kolmogorov-Smirnov distance is `ksFromSamples`. */

import { requireFinite } from "./argument-domain.ts";
import { populationStabilityIndex, type PopulationStability } from "./psi.ts";

function sortedFinite(values: readonly number[], side: string): Float64Array {
  for (const value of values) requireFinite(`a value of ${side}`, value);
  return Float64Array.from(values).sort();
}

/**
 * The exact first Wasserstein distance of two samples, ∫ |F(x) - G(x)| dx, by one pass over both in sorted order.
 *
 * In the unit of the values. Ties within and across the samples are passed together and cost nothing. Between two
 * neighbouring values F - G is (i·m - j·n)/(n·m) for whole i and j, so only the sum rounds. Equals `wassersteinFromPoints`
 * with weights 1, in less memory. The inputs are not changed.
 *
 * Misleads: as `wassersteinFromPoints`; between finite samples it is positive without any drift.
 *
 * Returns null when either sample is empty; one value each gives their distance, equal constants 0. Throws a RangeError
 * for NaN and ±∞: count those apart. Cost: two sorts and one pass.
 * Example: wassersteinFromSamples([0, 1, 3], [5, 6, 8]) = 5.
 */
export function wassersteinFromSamples(xs: readonly number[], ys: readonly number[]): number | null {
  const first = sortedFinite(xs, "xs");
  const second = sortedFinite(ys, "ys");
  const n = first.length;
  const m = second.length;
  if (n === 0 || m === 0) return null;
  let i = 0;
  let j = 0;
  let at = Math.min(first[0]!, second[0]!);
  let sum = 0;
  while (i < n || j < m) {
    const next = j === m || (i < n && first[i]! <= second[j]!) ? first[i]! : second[j]!;
    sum += Math.abs(i * m - j * n) * (next - at);
    at = next;
    while (i < n && first[i] === at) i++;
    while (j < m && second[j] === at) j++;
  }
  return sum / n / m;
}

/**
 * Counts of values in right-closed bins: an edge belongs to the bin that ends at it. No values make zeros, no edges one bin.
 * Throws a RangeError for NaN. The caller sees to it that the edges ascend. Cost: ln K a value.
 */
export function countByEdges(values: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    if (Number.isNaN(value)) throw new RangeError("a sample must not contain NaN");
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (edges[middle]! >= value) high = middle;
      else low = middle + 1;
    }
    counts[low] = counts[low]! + 1;
  }
  return counts;
}

/**
 * The population stability index of two samples over the bins cut at `edges`: `populationStabilityIndex` of their counts.
 *
 * Bins are right-closed (a value equal to an edge counts below it), the outer two unbounded, so -∞ and ∞ land there.
 * Shapes: K - 1 strictly ascending edges make K bins. Take edges from the reference, never from both samples.
 *
 * Returns null when either sample is empty or there are no edges. Throws a RangeError for NaN in a sample, and for edges
 * that are not finite or not ascending. Cost: ln K a value.
 */
export function psiFromSamples(xs: readonly number[], ys: readonly number[], edges: readonly number[]): PopulationStability | null {
  for (const [i, edge] of edges.entries()) {
    requireFinite("an edge", edge);
    if (i > 0 && edge <= edges[i - 1]!) throw new RangeError("edges must be strictly ascending");
  }
  return populationStabilityIndex(countByEdges(xs, edges), countByEdges(ys, edges));
}
