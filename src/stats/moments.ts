/** Means and co-moments of several quantities per row, which merge without cancellation. */

import { requireInteger, requireNonNegative, requireOpenProbability } from "./argument-domain.ts";
import { studentTQuantile } from "./student-t.ts";
import { effectiveRows, type Estimate } from "./weighted-rows.ts";

/** Rows of which K quantities are known each, summed up. */
export interface Moments {
  /** Σw: the number of rows, without weights. */
  readonly weight: number;
  /** Σw². */
  readonly squares: number;
  /** Σw·x_k/Σw of each quantity. */
  readonly means: readonly number[];
  /** K×K, symmetric: Σw·(x_j - mean_j)·(x_k - mean_k). */
  readonly comoments: readonly (readonly number[])[];
}

/** One row of weight w > 0. Cost: K². */
export function rowMoments(quantities: readonly number[], weight: number): Moments {
  return { weight, squares: weight * weight, means: quantities, comoments: quantities.map(() => quantities.map(() => 0)) };
}

/**
 * The moments of rows of which only sums are known: Σw·x_k and Σw·x_j·x_k.
 *
 * Subtracting loses about 2·log₁₀(|mean|/standard deviation) of 16 digits: take the sums of x less a fixed number near
 * its mean where that matters (and add it to the mean of the answer). Returns null for weight 0. Throws a RangeError
 * for a negative or non-finite weight.
 * Cost: K².
 */
export function momentsFromSums(
  weight: number,
  squares: number,
  sums: readonly number[],
  products: readonly (readonly number[])[],
): Moments | null {
  requireNonNegative("weight", weight);
  requireNonNegative("squares", squares);
  if (weight === 0) return null;
  const means = sums.map((sum) => sum / weight);
  const comoments = products.map((row, j) =>
    row.map((product, k) => {
      const rest = product - sums[j]! * means[k]!;
      return j === k ? Math.max(0, rest) : rest;
    }),
  );
  return { weight, squares, means, comoments };
}

/**
 * The moments of several disjoint sets of rows together (Chan, Golub and LeVeque 1979): co-moments add up, and the
 * distance of two means enters as w_a·w_b/(w_a + w_b)·δ_j·δ_k. Nothing is subtracted but means, so a spread of 1 around
 * 1e9 survives.
 *
 * The order of the parts changes the last digits only. Empty parts are skipped. Returns null without rows. Throws a
 * RangeError for parts of different K. Cost: parts·K².
 */
export function mergeMoments(parts: readonly Moments[]): Moments | null {
  return parts.filter(({ weight }) => weight > 0).reduce<Moments | null>((all, part) => (all === null ? part : mergeTwo(all, part)), null);
}

function mergeTwo(a: Moments, b: Moments): Moments {
  if (a.means.length !== b.means.length) throw new RangeError(`one part has ${a.means.length} quantities, another ${b.means.length}`);
  const weight = a.weight + b.weight;
  const shifts = b.means.map((mean, k) => mean - a.means[k]!);
  const between = a.weight * (b.weight / weight);
  return {
    weight,
    squares: a.squares + b.squares,
    means: a.means.map((mean, k) => mean + shifts[k]! * (b.weight / weight)),
    comoments: a.comoments.map((row, j) => row.map((comoment, k) => comoment + b.comoments[j]![k]! + between * shifts[j]! * shifts[k]!)),
  };
}

/**
 * The standard error of a function of the means, given its slopes in them (the delta method): √(gᵀCg/(Σw·(n - 1))),
 * with C the co-moments and n the effective rows (Kish, so weights are taken as unrelated to the quantities).
 *
 * Null when n < 2. Cost: K².
 */
export function slopeError(moments: Moments, slopes: readonly number[]): number | null {
  const rows = effectiveRows({ sum: moments.weight, square: moments.squares });
  if (rows < 2) return null;
  let form = 0;
  for (const [j, row] of moments.comoments.entries()) {
    for (const [k, comoment] of row.entries()) form += slopes[j]! * slopes[k]! * comoment;
  }
  return Math.sqrt(Math.max(0, form) / moments.weight / (rows - 1));
}

/** How many standard errors an interval reaches: Student's t with n - 1 degrees of freedom, n the effective rows, n >= 2. */
export function studentReach(moments: Moments, confidence: number): number {
  return -studentTQuantile((1 - confidence) / 2, effectiveRows({ sum: moments.weight, square: moments.squares }) - 1);
}

/**
 * The mean of quantity k: mean ± t·s/√n, n effective rows, n - 1 degrees of freedom. For any loss by its own moments:
 * pinball, Brier's (p - y)², |e|.
 *
 * Misleads for skewed losses: below some hundred rows the interval undercovers upwards. Standard error and interval are
 * null for fewer than 2 effective rows; equal values give width 0. Throws a RangeError unless k is one of the
 * quantities and 0 < confidence < 1. Cost: K² and one t quantile.
 */
export function meanEstimate(moments: Moments, k: number, confidence: number): Estimate {
  requireInteger("k", k, 0);
  if (k >= moments.means.length) throw new RangeError(`there are ${moments.means.length} quantities, no number ${k}`);
  requireOpenProbability("confidence", confidence);
  const value = moments.means[k]!;
  const standardError = slopeError(
    moments,
    moments.means.map((_, j) => (j === k ? 1 : 0)),
  );
  if (standardError === null) return { value, standardError: null, ci: null };
  const reach = studentReach(moments, confidence) * standardError;
  return { value, standardError, ci: [value - reach, value + reach] };
}
