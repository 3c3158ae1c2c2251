/** What tests that join rare bins leave unseen. */

import { largestChangePValue } from "./largest-change.ts";
import { canCompare, rowsOf } from "./shares.ts";

/** Several divergences are asked about the same two lists in turn. */
const known = new WeakMap<readonly number[], { readonly reference: readonly number[]; readonly pValue: number | null }>();

function ofLargestChange(reference: readonly number[], current: readonly number[]): number | null {
  let found = known.get(current);
  if (found?.reference !== reference) known.set(current, (found = { reference, pValue: largestChangePValue(reference, current) }));
  return found.pValue;
}

/** The tests of this room join bins that expect fewer rows than this on the smaller side. */
const LEAST_EXPECTED = 5;

/**
 * A p-value that also sees a change between rare bins: 2·min(p, P), P that of the largest change of one bin
 * (`largestChangePValue`), which joins nothing. `pValue` is that of a test which joins rare bins; null where joining left it
 * nothing to test, and then P alone answers.
 *
 * A category that no row of the reference held expects 100 times fewer rows than it has, when the window is a hundredth of the
 * reference. It is joined with the next rare one, and where it took that one's place (a category renamed) nothing
 * seems to have changed. Where no bin expects fewer than 5 rows on the smaller side, `pValue` comes back as it is: totals
 * alone decide which, so false alarms stay within those of the two tests. Two looks cost a factor of two.
 *
 * Misleads: a change spread over many rare bins stays unseen by both. Returns 1 where all rows of both sides lie in one bin:
 * nothing else could have come. Null when either side has no rows or there are fewer than two bins.
 * Throws a RangeError for unequal lengths and counts that are not whole. Cost: as `largestChangePValue`,
 * once for the same lists, which the caller keeps as they are.
 */
export function orRareChange(pValue: number | null, reference: readonly number[], current: readonly number[]): number | null {
  if (!canCompare(reference, current)) return null;
  const n = rowsOf(reference);
  const m = rowsOf(current);
  const totals = reference.map((count, bin) => count + current[bin]!).filter((total) => total > 0);
  if (totals.length < 2) return 1;
  if (pValue !== null && totals.every((total) => (total * Math.min(n, m)) / (n + m) >= LEAST_EXPECTED)) return pValue;
  const largest = ofLargestChange(reference, current);
  if (pValue === null || largest === null) return largest;
  return Math.min(1, 2 * Math.min(pValue, largest));
}
