/** Isotonic regression of outcomes on score bins. */

import { addWeights, effectiveRows, requireScoredRows, type ScoredRows, type Weight } from "./weighted-rows.ts";

/** A run of score bins that share one rate. */
export interface IsotonicBlock {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** The share of positives. */
  readonly rate: number;
  /** Effective rows behind it (Kish). */
  readonly rows: number;
}

/**
 * The non-decreasing rates per score bin that are closest to the observed ones, by least squares over rows (pool
 * adjacent violators; also the maximum likelihood): a calibration of scores from labelled rows.
 *
 * Blocks tile all bins. Where scikit-learn's `IsotonicRegression` was given bins with rows, the rates are the same; a
 * bin without rows takes the rate of the nearest bin that has some (the lower one of two equally near), and the ends go
 * on flat. Only the order of bins counts, so a model that ranks well and is badly calibrated is calibrated by it.
 *
 * Misleads: the outermost blocks lean to 0 and 1, since a few rows of one outcome at an end are a block of their own. A
 * score that ranks the wrong way round gives one block. Returns [] without rows; one row is one block. Throws a
 * RangeError for lists of unequal length, negative or non-finite counts. Cost: linear in bins.
 */
export function isotonicBlocks(rows: ScoredRows): IsotonicBlock[] {
  const bins = requireScoredRows(rows);
  const pooled: { first: number; last: number; positives: Weight; negatives: Weight }[] = [];
  for (let bin = 0; bin < bins; bin += 1) {
    const positives = { sum: rows.positives.sums[bin]!, square: rows.positives.squares[bin]! };
    const negatives = { sum: rows.negatives.sums[bin]!, square: rows.negatives.squares[bin]! };
    if (positives.sum + negatives.sum === 0) continue;
    let open = { first: bin, last: bin, positives, negatives };
    for (let below = pooled.at(-1); below !== undefined && rateOf(below) >= rateOf(open); below = pooled.at(-1)) {
      pooled.pop();
      const first = below.first;
      open = {
        first,
        last: bin,
        positives: addWeights(below.positives, open.positives),
        negatives: addWeights(below.negatives, open.negatives),
      };
    }
    pooled.push(open);
  }
  return pooled.map((block, index) => {
    const before = pooled[index - 1];
    const after = pooled[index + 1];
    return {
      from: before === undefined ? 0 : borderAfter(before.last, block.first),
      to: after === undefined ? bins : borderAfter(block.last, after.first),
      rate: rateOf(block),
      rows: effectiveRows(addWeights(block.positives, block.negatives)),
    };
  });
}

function rateOf({ positives, negatives }: { positives: Weight; negatives: Weight }): number {
  return positives.sum / (positives.sum + negatives.sum);
}

/** The first bin that is nearer to the upper of two occupied bins. */
function borderAfter(lower: number, upper: number): number {
  return Math.floor((lower + upper) / 2) + 1;
}
