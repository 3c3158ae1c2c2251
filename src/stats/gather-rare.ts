import { rowsOf } from "./shares.ts";

/** Two histograms over the same, gathered bins. */
export interface GatheredBins {
  readonly reference: readonly number[];
  readonly current: readonly number[];
}

/** Several divergences are asked about the same two lists in turn. */
const known = new WeakMap<readonly number[], { readonly reference: readonly number[]; readonly gathered: Map<number, GatheredBins> }>();

/**
 * Joins rare bins until each expects `leastExpected` rows on the smaller side, that is (a + b)·min(n, m)/(n + m).
 *
 * Bins are taken from the fullest to the rarest by a + b (equal ones in their order) and joined as long as the sum is too
 * small; what is left over joins the last sum. Bins empty on both sides vanish. Totals alone decide, never the
 * difference between the sides, so tests on the outcome stay valid. Unlike one pool for everything rare, it leaves
 * something to test when all bins are rare.
 *
 * Misleads: joined bins need not be neighbours, and a change between bins that were joined is not seen.
 * Fewer than two bins come back when there is nothing to compare. The caller checks the counts, and keeps the lists as they are.
 * Cost: K·ln K, once for the same lists.
 */
export function gatherRareBins(reference: readonly number[], current: readonly number[], leastExpected: number): GatheredBins {
  let byLeast = known.get(current);
  if (byLeast?.reference !== reference) known.set(current, (byLeast = { reference, gathered: new Map() }));
  let found = byLeast.gathered.get(leastExpected);
  if (!found) byLeast.gathered.set(leastExpected, (found = gather(reference, current, leastExpected)));
  return found;
}

function gather(reference: readonly number[], current: readonly number[], leastExpected: number): GatheredBins {
  const n = rowsOf(reference);
  const m = rowsOf(current);
  const smallerShare = Math.min(n, m) / (n + m);
  const cells = reference
    .map((count, bin) => ({ reference: count, current: current[bin]! }))
    .filter((cell) => cell.reference + cell.current > 0)
    .sort((a, b) => b.reference + b.current - a.reference - a.current);
  const gathered = { reference: [] as number[], current: [] as number[] };
  let open = { reference: 0, current: 0 };
  for (const cell of cells) {
    open = { reference: open.reference + cell.reference, current: open.current + cell.current };
    if ((open.reference + open.current) * smallerShare < leastExpected) continue;
    gathered.reference.push(open.reference);
    gathered.current.push(open.current);
    open = { reference: 0, current: 0 };
  }
  gathered.reference.push((gathered.reference.pop() ?? 0) + open.reference);
  gathered.current.push((gathered.current.pop() ?? 0) + open.current);
  return gathered;
}
