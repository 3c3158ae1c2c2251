/** The mean loss of rows whose true values are not known yet. */

import { requireOpenProbability } from "./argument-domain.ts";
import type { Expectation } from "./cbpe.ts";
import { mergeMoments, type Moments } from "./moments.ts";
import { normalHalfWidth } from "./normal.ts";
import { addWeights, effectiveRows, requireWeights, weightBetween, type Weight, type WeightedCounts } from "./weighted-rows.ts";

/** Effective rows that a bin's mean and variance of the loss need. */
const LEAST_ROWS = 20;

/** Neighbouring bins with rows enough. */
interface Pool {
  readonly learned: Moments;
  readonly current: Weight;
}

/** An expected mean loss. */
export interface ExpectedLoss extends Expectation {
  /** The share of current rows in bins where the reference has no rows: their loss is that of neighbours. */
  readonly borrowed: number;
}

/**
 * The mean loss to expect of current rows, by the mean loss that rows of like predictions had in the labelled
 * reference: Σ m_b·ℓ_b/Σ m_b over bins of the prediction (its quantiles in the reference, say), m_b current rows.
 *
 * For any loss per row: |e|, e² (the root of value and interval is the RMSE's), pinball. `reference[b]` are the moments
 * of the loss, its first quantity. Neighbouring bins are pooled until each pool has 20 effective reference rows, left
 * over ones going to the last.
 *
 * Variances: the losses to come, Σ m_b·s_b²/M², and the reference's means, Σ (m_b/M)²·s_b²/n_b, s_b² the variance of
 * the loss in a bin over n_b - 1. The interval, ± normal quantiles and not below 0 where no reference mean is, is for
 * the mean loss these rows will turn out to have. Simulated coverage at a nominal 95%, |e| whose size grows with the
 * prediction, 50 bins, (reference, current) rows: 94.8% (5000, 500), 94.8% (5000, 5000), 94.5% (2000, 20,000), 94.8%
 * (5000, 5000) with predictions moved by 0.7 deviations, 94.2% (300, 300).
 *
 * Misleads: it sees that predictions move to where errors are larger, not that errors grow where they are (concept
 * drift).
 * Returns null without current rows or with fewer than 20 effective reference rows. Throws a RangeError for unequal
 * lengths, negative or non-finite counts, and unless 0 < confidence < 1. Cost: linear in bins.
 */
export function expectedLoss(reference: readonly (Moments | null)[], current: WeightedCounts, confidence: number): ExpectedLoss | null {
  requireWeights("the current rows", current, reference.length);
  requireOpenProbability("confidence", confidence);
  const total = weightBetween(current, 0, reference.length).sum;
  const pools = poolBins(reference, current);
  if (total === 0 || pools === null) return null;
  let value = 0;
  let outcomeVariance = 0;
  let calibrationVariance = 0;
  for (const { learned, current } of pools) {
    const rows = effectiveRows({ sum: learned.weight, square: learned.squares });
    const variance = (learned.comoments[0]![0]! / learned.weight) * (rows / (rows - 1));
    value += (current.sum / total) * learned.means[0]!;
    outcomeVariance += (current.square * variance) / total / total;
    calibrationVariance += ((current.sum / total) ** 2 * variance) / rows;
  }
  const reach = normalHalfWidth(confidence) * Math.sqrt(outcomeVariance + calibrationVariance);
  const least = reference.every((bin) => bin === null || bin.means[0]! >= 0) ? 0 : -Infinity;
  const unseen = current.sums.reduce((sum, rows, bin) => sum + (isEmpty(reference[bin]!) ? rows : 0), 0);
  return { value, outcomeVariance, calibrationVariance, ci: [Math.max(least, value - reach), value + reach], borrowed: unseen / total };
}

function isEmpty(bin: Moments | null): boolean {
  return bin === null || bin.weight === 0;
}

function poolBins(reference: readonly (Moments | null)[], current: WeightedCounts): Pool[] | null {
  const pools: Pool[] = [];
  let learned: Moments | null = null;
  let from = 0;
  for (const [bin, part] of reference.entries()) {
    learned = mergeMoments([learned, part].filter((some) => some !== null));
    if (learned === null || effectiveRows({ sum: learned.weight, square: learned.squares }) < LEAST_ROWS) continue;
    pools.push({ learned, current: weightBetween(current, from, bin + 1) });
    learned = null;
    from = bin + 1;
  }
  const last = pools.at(-1);
  if (last === undefined) return null;
  const joined = {
    learned: mergeMoments(learned === null ? [last.learned] : [last.learned, learned]) as Moments,
    current: addWeights(last.current, weightBetween(current, from, reference.length)),
  };
  return [...pools.slice(0, -1), joined];
}
