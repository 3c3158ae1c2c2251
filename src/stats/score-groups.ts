/** Fine score bins gathered into groups of enough rows. */

import { requireInteger } from "./argument-domain.ts";
import { addWeights, type ScoredRows, type Weight } from "./weighted-rows.ts";

/** A run of score bins, from `from` up to, not including, `to`. */
export interface ScoreGroup {
  readonly from: number;
  readonly to: number;
  readonly positives: Weight;
  readonly negatives: Weight;
  /** Σ w·score. */
  readonly scoreSum: number;
  /** Σ over its bins of Σw²·s(1 - s), s the bin's mean score: the variance of Σ w·y of calibrated scores. */
  readonly variance: number;
}

/**
 * Gathers ascending bins into at most `groups` runs of about equally many rows: a run ends once it holds 1/groups of
 * all rows and `isFull` agrees; what is left over joins the last. Looks at scores and numbers of rows, never at
 * outcomes (unless `isFull` does).
 *
 * A bin that holds more than its share is a group alone with what was gathered before it. Returns [] without rows. The
 * caller checks the counts.
 * Throws a RangeError unless groups >= 1 is whole. Cost: linear in bins.
 */
export function groupScores(
  rows: ScoredRows,
  scoreSums: readonly number[],
  groups: number,
  isFull: (group: ScoreGroup) => boolean = () => true,
): ScoreGroup[] {
  requireInteger("groups", groups, 1);
  const sums = rows.positives.sums.map((positive, bin) => positive + rows.negatives.sums[bin]!);
  const share = sums.reduce((total, sum) => total + sum, 0) / groups;
  const done: ScoreGroup[] = [];
  let open: ScoreGroup | null = null;
  for (const [bin, sum] of sums.entries()) {
    if (sum === 0) continue;
    const one = binAlone(rows, scoreSums[bin]!, bin);
    open = open === null ? one : join(open, one);
    // A hair of slack, so that sums of weights which are equal but for rounding close a group.
    if (open.positives.sum + open.negatives.sum < share * (1 - 1e-9) || !isFull(open)) continue;
    done.push(open);
    open = null;
  }
  const last = done.at(-1);
  if (open === null) return done;
  return last === undefined ? [open] : [...done.slice(0, -1), join(last, open)];
}

function binAlone(rows: ScoredRows, scoreSum: number, bin: number): ScoreGroup {
  const positives = { sum: rows.positives.sums[bin]!, square: rows.positives.squares[bin]! };
  const negatives = { sum: rows.negatives.sums[bin]!, square: rows.negatives.squares[bin]! };
  const both = addWeights(positives, negatives);
  const score = Math.min(1, scoreSum / both.sum);
  return { from: bin, to: bin + 1, positives, negatives, scoreSum, variance: both.square * score * (1 - score) };
}

function join(a: ScoreGroup, b: ScoreGroup): ScoreGroup {
  return {
    from: a.from,
    to: b.to,
    positives: addWeights(a.positives, b.positives),
    negatives: addWeights(a.negatives, b.negatives),
    scoreSum: a.scoreSum + b.scoreSum,
    variance: a.variance + b.variance,
  };
}
