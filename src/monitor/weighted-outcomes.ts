import { denseBins, sumOf, type OutcomeCounts, type OutcomeHistogram, type OutcomeSum } from "../model/counts.ts";
import type { WeightedConfusion } from "../stats/binary-threshold.ts";
import { effectiveRows, unweighted, type Weight, type WeightedCounts } from "../stats/weighted-rows.ts";

/** Outcomes with the weights of their rows. Where none has a weight of its own these are the counts as they are. */

/** What weights add to counts, by cell or bin. */
type Excess = NonNullable<OutcomeCounts["weights"]>["histograms"];

/** Labelled rows by score, prediction or the like. */
export function weightedBins(outcomes: OutcomeCounts, name: OutcomeHistogram, bins: number): WeightedCounts {
  const counts = denseBins(outcomes.histograms.get(name), bins);
  const { weights } = outcomes;
  return weights === null ? unweighted(counts) : withExcess(counts, (bin) => `${name} ${bin}`, weights.histograms);
}

/** Rows by the bins of a class's score, from their first place on. */
export function weightedScores({ classScores, weights }: OutcomeCounts, first: number, bins: number): WeightedCounts {
  const counts = Array.from({ length: bins }, (_, bin) => classScores.get(first + bin) ?? 0);
  return weights === null ? unweighted(counts) : withExcess(counts, (bin) => String(first + bin), weights.classScores);
}

function withExcess(counts: readonly number[], keyOf: (bin: number) => string, excess: Excess): WeightedCounts {
  const cells = counts.map((count, bin) => weightOf(count, count === 0 ? "" : keyOf(bin), excess));
  return { sums: cells.map(({ sum }) => sum), squares: cells.map(({ square }) => square) };
}

/**
 * Rows of one cell with what their weights add. Squares of weights that are tiny or huge are beyond what is stored: they are
 * at least those of equal weights.
 */
function weightOf(count: number, key: string, excess: Excess): Weight {
  if (count === 0) return { sum: 0, square: 0 };
  const sum = Math.max(0, count + (excess.sums.get(key) ?? 0));
  return { sum, square: sum === 0 ? 0 : Math.max((sum / count) * sum, count + (excess.squares.get(key) ?? 0)) };
}

/** Labelled rows of one actual and one predicted class. */
export function weightedCell({ cells, weights }: OutcomeCounts, actual: string, predicted: string): Weight {
  const count = cells.get(actual)?.get(predicted) ?? 0;
  if (weights === null || count === 0) return { sum: count, square: count };
  return weightOf(count, JSON.stringify([actual, predicted]), weights.cells);
}

export function weightedConfusion(outcomes: OutcomeCounts): WeightedConfusion {
  const cell = (actual: string, predicted: string) => weightedCell(outcomes, actual, predicted);
  return { tp: cell("1", "1"), fp: cell("0", "1"), fn: cell("1", "0"), tn: cell("0", "0") };
}

/** Σ w·x over all bins. */
export function weightedSum(outcomes: OutcomeCounts, name: OutcomeSum): number {
  let sum = sumOf(outcomes, name);
  if (outcomes.weights !== null)
    for (const bin of outcomes.sums.get(name)?.keys() ?? []) sum += outcomes.weights.sums.get(`${name} ${bin}`) ?? 0;
  return sum;
}

/** Σ w·x of one bin. */
export function weightedSumAt({ sums, weights }: OutcomeCounts, name: OutcomeSum, bin: number): number {
  return (sums.get(name)?.get(bin) ?? 0) + (weights?.sums.get(`${name} ${bin}`) ?? 0);
}

/** Σ w·x by bin. */
export function weightedSums(outcomes: OutcomeCounts, name: OutcomeSum, bins: number): number[] {
  const sums = denseBins(outcomes.sums.get(name), bins);
  const { weights } = outcomes;
  return weights === null ? sums : sums.map((sum, bin) => sum + (weights.sums.get(`${name} ${bin}`) ?? 0));
}

/** How much labelled rows weigh, in cells or in bins. */
export function labelledWeight(outcomes: OutcomeCounts): Weight {
  const { labelled, cells, histograms, weights } = outcomes;
  if (weights === null) return { sum: labelled, square: labelled };
  const parts =
    cells.size > 0
      ? [...cells].flatMap(([actual, row]) => [...row.keys()].map((predicted) => weightedCell(outcomes, actual, predicted)))
      : [...(histograms.get("labelled") ?? [])].map(([bin, count]) => weightOf(count, `labelled ${bin}`, weights.histograms));
  return parts.reduce((all, one) => ({ sum: all.sum + one.sum, square: all.square + one.square }), { sum: 0, square: 0 });
}

/** How many rows of one weight the labelled ones are worth; all of them where none has a weight of its own. */
export function effectiveLabelled(outcomes: OutcomeCounts): number {
  return outcomes.weights === null ? outcomes.labelled : effectiveRows(labelledWeight(outcomes));
}
