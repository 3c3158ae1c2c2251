/** How likely rows are to be all alike. */

import { requireInteger } from "./argument-domain.ts";

/**
 * The chance that `rows` independent draws from a reference all fall in the same bin: Σ_b p_b^rows, p_b = count_b / N.
 *
 * Made for the question whether a constant feature is news. Where a bin holds several values it is an upper bound on the
 * chance that all rows hold one value, so never too sure. Misleads where rows depend on each other (a value that changes once
 * a month is constant on most days): ask the reference's own windows then.
 *
 * Returns 1 for `rows` of 0 or 1 and for an empty reference: nothing can be said. Throws a RangeError when `rows` is no
 * whole number of at least 0. Cost: linear in bins. Example: allAlikeChance([50, 50], 3) = 0.25.
 */
export function allAlikeChance(reference: readonly number[], rows: number): number {
  requireInteger("rows", rows, 0);
  const total = reference.reduce((sum, count) => sum + count, 0);
  if (total === 0 || rows <= 1) return 1;
  return Math.min(
    1,
    reference.reduce((sum, count) => sum + (count / total) ** rows, 0),
  );
}
