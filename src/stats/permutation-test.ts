import { requireInteger } from "./argument-domain.ts";
import { canCompare, requireWholeCounts, rowsOf } from "./shares.ts";

/**
 * The permutation p-value of any statistic of two histograms, by Monte Carlo: (1 + #{dealt >= observed})/(draws + 1), the
 * rows dealt afresh to the two sides `draws` times with every bin's total kept.
 *
 * Valid at every size and for every statistic that grows with drift, however few rows: under no drift and independent
 * rows P(p <= α) <= α, by the +1. Made for what formulas do not reach: below 50 current rows, where Pearson's
 * chi-square over many categories has no bin left that is full enough. For ten equal ones it has no answer at 10, 20, 30 and
 * 40 rows; there this test of the statistic without pooling kept its 5%, and saw one share grow from 0.1 to 0.28 in 19, 38,
 * 56 and 60% of runs. Dealt values within a relative 1e-12 below the observed one count as equal.
 *
 * `random` returns numbers in [0, 1); a seeded generator makes the answer repeatable. `statistic` is called with counts
 * it must not keep or change. Misleads: no p-value is below 1/(draws + 1), so corrections for many tests need many
 * draws; the standard error is √(p·(1 - p)/draws).
 *
 * Returns null when either side has no rows or there are fewer than two bins. One occupied bin gives 1. Throws a
 * RangeError for counts that are not whole and for draws below 1. Cost: memory for n + m rows; each draw takes
 * min(n, m) steps and one evaluation of the statistic.
 */
export function permutationPValue(
  reference: readonly number[],
  current: readonly number[],
  statistic: (reference: readonly number[], current: readonly number[]) => number,
  draws: number,
  random: () => number,
): number | null {
  requireInteger("draws", draws, 1);
  if (!canCompare(reference, current)) return null;
  requireWholeCounts(reference, current);
  const totals = reference.map((count, bin) => count + current[bin]!);
  const rows = Uint32Array.from({ length: rowsOf(totals) });
  let filled = 0;
  for (const [bin, total] of totals.entries()) rows.fill(bin, filled, (filled += total));
  const observed = statistic(reference, current);
  const threshold = observed - 1e-12 * Math.abs(observed);
  const smaller = Math.min(rowsOf(reference), rowsOf(current));
  const currentIsSmaller = rowsOf(current) === smaller;
  let reached = 0;
  for (let draw = 0; draw < draws; draw++) {
    const dealt = dealFirst(rows, smaller, totals.length, random);
    const rest = totals.map((total, bin) => total - dealt[bin]!);
    if ((currentIsSmaller ? statistic(rest, dealt) : statistic(dealt, rest)) >= threshold) reached += 1;
  }
  return (1 + reached) / (draws + 1);
}

/** Shuffles `count` rows to the front and counts them by bin. The order left behind is as good a start as any. */
function dealFirst(rows: Uint32Array, count: number, bins: number, random: () => number): number[] {
  const dealt = new Array<number>(bins).fill(0);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (rows.length - i));
    const bin = rows[j]!;
    rows[j] = rows[i]!;
    rows[i] = bin;
    dealt[bin] = dealt[bin]! + 1;
  }
  return dealt;
}
