/** The two-sample Kolmogorov-Smirnov distance, from bins and from samples. Its p-values are in `ks-p-value.ts`. */

import { requirePairedCounts } from "./argument-domain.ts";
import { rowsOf } from "./shares.ts";

export { ksCritical, ksPValue } from "./ks-p-value.ts";

/** What bins reveal of the Kolmogorov-Smirnov distance D: lower <= D <= upper. */
export interface KsBracket {
  /** The largest distance at a bin's upper end: the D of the binned variable. */
  lower: number;
  /** The largest distance that any arrangement of the rows inside the bins could produce. */
  upper: number;
  /** The bin, counted from 0, at whose upper end `lower` is reached; the first one when several are. */
  bin: number;
}

/**
 * The bracket around the Kolmogorov-Smirnov distance D = max |F(x) - G(x)| of two samples known only as counts in K
 * ordered bins, F the reference's and G the current sample's cumulative share.
 *
 * lower = max_j |F_j - G_j|. upper adds, for each bin where D could peak inside, |F_j - G_{j-1}| and |F_{j-1} - G_j|:
 * all rows of one side first, or last. A bin cannot hide a peak when one side has no rows in it (then F - G moves one
 * way across it) or when it holds a single distinct value (`isSingleton[j]`), so both contribute their ends only. The
 * bracket is tight: some samples with these counts reach each end.
 *
 * Shapes: two lists of K counts in ascending bin order; `isSingleton`, if given, K flags. Ties across the two samples
 * always share a bin and need no care. Test `lower` with `ksPValue` to stay conservative.
 * Misleads: with few bins, lower is blind to changes inside a bin; watch upper - lower.
 *
 * Returns null when either side has no rows. A single row per side works. One bin gives lower 0 and upper 1 (0 if a
 * singleton). Throws a RangeError for unequal lengths and for negative or non-finite counts. Cost: linear in K.
 */
export function ksFromBins(reference: readonly number[], current: readonly number[], isSingleton?: readonly boolean[]): KsBracket | null {
  requirePairedCounts(reference, current);
  if (isSingleton !== undefined && isSingleton.length !== reference.length) {
    throw new RangeError(`isSingleton has ${isSingleton.length} flags for ${reference.length} bins`);
  }
  const n = rowsOf(reference);
  const m = rowsOf(current);
  if (n === 0 || m === 0) return null;
  // Distances as |a·m - b·n|, exact for whole counts while n·m stays below 2^53; divided by n·m at the end.
  let [referenceBelow, currentBelow] = [0, 0];
  let lower = 0;
  let upper = 0;
  let bin = 0;
  for (let j = 0; j < reference.length; j++) {
    const here = reference[j]!;
    const now = current[j]!;
    const referenceUpTo = referenceBelow + here;
    const currentUpTo = currentBelow + now;
    const atEnd = Math.abs(referenceUpTo * m - currentUpTo * n);
    if (atEnd > lower) {
      lower = atEnd;
      bin = j;
    }
    if (here > 0 && now > 0 && isSingleton?.[j] !== true) {
      const referenceFirst = Math.abs(referenceUpTo * m - currentBelow * n);
      const currentFirst = Math.abs(referenceBelow * m - currentUpTo * n);
      upper = Math.max(upper, referenceFirst, currentFirst);
    }
    referenceBelow = referenceUpTo;
    currentBelow = currentUpTo;
  }
  return { lower: asDistance(lower, n, m), upper: asDistance(Math.max(lower, upper), n, m), bin };
}

function asDistance(scaled: number, n: number, m: number): number {
  return Math.min(1, scaled / (n * m));
}

function sorted(values: readonly number[]): Float64Array {
  const copy = Float64Array.from(values);
  if (copy.some(Number.isNaN)) throw new RangeError("a sample must not contain NaN");
  return copy.sort();
}

/** The index of the first entry above `value`, searching onwards from `from`. */
function skipUpTo(values: Float64Array, from: number, value: number): number {
  let index = from;
  while (index < values.length && values[index]! <= value) index++;
  return index;
}

/**
 * The exact Kolmogorov-Smirnov distance max |F(x) - G(x)| of two samples.
 *
 * Ties, within and across the samples, are honoured by passing all equal values on both sides before comparing;
 * equality is that of doubles, with no tolerance. -0 equals 0; -∞ and ∞ are ordinary values. The inputs are not
 * changed. The distance is |i·m - j·n|/(n·m) for whole i and j, so exact up to one division.
 *
 * Returns null when either sample is empty; one value each gives 0 or 1; constants likewise. Throws a RangeError for
 * NaN: count missing values apart. Cost: two sorts and one pass.
 * Example: ksFromSamples([1.01, 2.01], [1, 2, 3]) = { distance: 1/3 }.
 */
export function ksFromSamples(xs: readonly number[], ys: readonly number[]): { distance: number } | null {
  const n = xs.length;
  const m = ys.length;
  if (n === 0 || m === 0) return null;
  const first = sorted(xs);
  const second = sorted(ys);
  let i = 0;
  let j = 0;
  let largest = 0;
  while (i < n && j < m) {
    const value = Math.min(first[i]!, second[j]!);
    i = skipUpTo(first, i, value);
    j = skipUpTo(second, j, value);
    largest = Math.max(largest, Math.abs(i * m - j * n));
  }
  return { distance: asDistance(largest, n, m) };
}
