/**
 * Counts of one subject on the bins of its grid. Sums of counts are counts, so any window, version or baseline is
 * an addition of these.
 */
export type Counts = {
  /** Rows in each bin of the grid, dense. */
  readonly bins: readonly number[];
  /** Predictions seen, whether or not they carried a value. */
  readonly rows: number;
  readonly missing: number;
  /** Values of another type than the grid's, and numbers that are not finite. */
  readonly unparsable: number;
  /** Of these, numbers that are not finite (or too large to be numbers). */
  readonly nonFinite: number;
  /** Categories that no reference held. They stand in `bins` as well (the grid's last bin). */
  readonly unseen: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Sums of the values in the two outer bins of a numeric grid, exact up to the grid's quantum. */
  readonly lowSum: number;
  readonly highSum: number;
};

/**
 * What is counted of outcomes by bin. Scores have the bins of `stats/auc.ts`, predictions of a regression those of its
 * `OutcomeGrid`, confidence (the probability given to the predicted class) those of scores. The order is that of the
 * places they are stored at: names are added at the end.
 */
export const OUTCOME_HISTOGRAMS = [
  /** Labelled rows by score: actual positives, and negatives. */
  "positives",
  "negatives",
  /** All rows by score, labelled or not: those predicted positive, and negative. */
  "predicted_positives",
  "predicted_negatives",
  /** Labelled rows by confidence: those predicted right, and wrong. */
  "right",
  "wrong",
  /** Rows by prediction: all, and the labelled ones. Of a ranking the latter are in one bin: those whose label names a relevant item. */
  "predictions",
  "labelled",
  /** Labelled rows by actual value, in bins of their own. */
  "actuals",
] as const;
export type OutcomeHistogram = (typeof OUTCOME_HISTOGRAMS)[number];

/** What is summed over labelled rows, by bin where there is one. The order is that of the places they are stored at. */
export const OUTCOME_SUMS = [
  /** Log-loss terms, and Brier's (score - outcome)², with their squares. */
  "log_loss",
  "log_loss_squared",
  "brier",
  "brier_squared",
  /** Scores by score bin; for several classes the confidence by its bin. */
  "score",
  /** Of a regression, with e the error and y the actual value, in units of its grid: |e| and e² by prediction bin. */
  "absolute_error",
  "squared_error",
  "error",
  "error_4",
  "actual",
  "actual_2",
  "actual_3",
  "actual_4",
  "size",
  "absolute_error_size",
  "squared_error_actual",
  "squared_error_actual_2",
  "signed_squared_error",
  /** Actual values of the first and the last of their bins. */
  "lowest_labels",
  "highest_labels",
  /** Of a ranking, each by how many items of the lists were looked at, with the squares of those that are not 0 or 1. */
  "hit_rate",
  "precision",
  "precision_squared",
  "recall",
  "recall_squared",
  "mrr",
  "mrr_squared",
  "map",
  "map_squared",
  "ndcg",
  "ndcg_squared",
] as const;
export type OutcomeSum = (typeof OUTCOME_SUMS)[number];

type ByBin = ReadonlyMap<number, number>;

/** Outcomes of one version of a model: predictions, and those whose truth is known, counted. */
export type OutcomeCounts = {
  readonly predictions: number;
  readonly labelled: number;
  /** Labelled rows by actual, then predicted class; of a binary model `1` is the positive class and `0` the other. */
  readonly cells: ReadonlyMap<string, ByClass>;
  readonly histograms: ReadonlyMap<OutcomeHistogram, ByBin>;
  readonly sums: ReadonlyMap<OutcomeSum, ByBin>;
  /** Of several classes, rows by the scores of each, at the places of `class-scores.ts`. */
  readonly classScores: ByBin;
  /** What weights add to counts that take every row for one; null where every weight is 1. */
  readonly weights: OutcomeWeights | null;
};

/** Σ(w - 1), and Σ(w² - 1), by the keys of what they are added to; those of bins are their name, a space and the bin. */
type Excess = { readonly sums: ReadonlyMap<string, number>; readonly squares: ReadonlyMap<string, number> };

export type OutcomeWeights = {
  /** By actual and predicted class, as JSON. */
  readonly cells: Excess;
  readonly histograms: Excess;
  /** Σ(w - 1)x. */
  readonly sums: ReadonlyMap<string, number>;
  readonly classScores: Excess;
};
type ByClass = ReadonlyMap<string, number>;

/** The outcomes of several disjoint sets of rows together. */
export function addOutcomes(parts: readonly OutcomeCounts[]): OutcomeCounts {
  return {
    predictions: parts.reduce((sum, part) => sum + part.predictions, 0),
    labelled: parts.reduce((sum, part) => sum + part.labelled, 0),
    cells: addNested(parts.map((part) => part.cells)),
    histograms: addNested(parts.map((part) => part.histograms)),
    sums: addNested(parts.map((part) => part.sums)),
    classScores: addFlat(parts.map((part) => part.classScores)),
    weights: addWeights(parts.flatMap(({ weights }) => weights ?? [])),
  };
}

function addWeights(parts: readonly OutcomeWeights[]): OutcomeWeights | null {
  if (parts.length === 0) return null;
  const excess = (of: (part: OutcomeWeights) => Excess) => ({
    sums: addFlat(parts.map((part) => of(part).sums)),
    squares: addFlat(parts.map((part) => of(part).squares)),
  });
  return {
    cells: excess((part) => part.cells),
    histograms: excess((part) => part.histograms),
    sums: addFlat(parts.map((part) => part.sums)),
    classScores: excess((part) => part.classScores),
  };
}

function addFlat<Key>(parts: readonly ReadonlyMap<Key, number>[]): Map<Key, number> {
  const sum = new Map<Key, number>();
  for (const part of parts) for (const [place, count] of part) sum.set(place, (sum.get(place) ?? 0) + count);
  return sum;
}

function addNested<Outer, Inner>(parts: readonly ReadonlyMap<Outer, ReadonlyMap<Inner, number>>[]): Map<Outer, Map<Inner, number>> {
  const sum = new Map<Outer, Map<Inner, number>>();
  for (const part of parts) {
    for (const [outer, inner] of part) {
      let into = sum.get(outer);
      if (!into) sum.set(outer, (into = new Map()));
      for (const [key, count] of inner) into.set(key, (into.get(key) ?? 0) + count);
    }
  }
  return sum;
}

/** A sum over all bins; 0 where nothing was summed. */
export function sumOf(outcomes: OutcomeCounts, name: OutcomeSum): number {
  let sum = 0;
  for (const part of outcomes.sums.get(name)?.values() ?? []) sum += part;
  return sum;
}

/** Rows or sums of bins `0 … bins - 1`, dense. */
export function denseBins(counts: ByBin | undefined, bins: number): number[] {
  const dense = new Array<number>(bins).fill(0);
  for (const [bin, count] of counts ?? []) dense[bin] = count;
  return dense;
}

export type Confusion = { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number };

/** The four cells of a binary model. */
export function confusionOf({ cells }: Pick<OutcomeCounts, "cells">): Confusion {
  const cell = (actual: string, predicted: string) => cells.get(actual)?.get(predicted) ?? 0;
  return { tp: cell("1", "1"), fp: cell("0", "1"), fn: cell("1", "0"), tn: cell("0", "0") };
}

/** No rows on a grid of this many bins. */
export function noCounts(bins: number): Counts {
  return {
    bins: new Array<number>(bins).fill(0),
    rows: 0,
    missing: 0,
    unparsable: 0,
    nonFinite: 0,
    unseen: 0,
    low: null,
    high: null,
    lowSum: 0,
    highSum: 0,
  };
}

/** The counts of several disjoint sets of rows together. Cost: number of parts times number of bins. */
export function addCounts(parts: readonly Counts[], bins: number): Counts {
  const cells = new Array<number>(bins).fill(0);
  let { rows, missing, unparsable, nonFinite, unseen, low, high, lowSum, highSum } = noCounts(0);
  for (const part of parts) {
    for (let bin = 0; bin < bins; bin += 1) (cells[bin] as number) += part.bins[bin] ?? 0;
    rows += part.rows;
    missing += part.missing;
    unparsable += part.unparsable;
    nonFinite += part.nonFinite;
    unseen += part.unseen;
    lowSum += part.lowSum;
    highSum += part.highSum;
    if (part.low !== null) low = low === null ? part.low : Math.min(low, part.low);
    if (part.high !== null) high = high === null ? part.high : Math.max(high, part.high);
  }
  return { bins: cells, rows, missing, unparsable, nonFinite, unseen, low, high, lowSum, highSum };
}

/** The rows of `whole` that are not in `part`; the extremes of the whole are kept, since those of the rest are unknown. */
export function subtractCounts(whole: Counts, part: Counts): Counts {
  return {
    bins: whole.bins.map((count, bin) => count - (part.bins[bin] ?? 0)),
    rows: whole.rows - part.rows,
    missing: whole.missing - part.missing,
    unparsable: whole.unparsable - part.unparsable,
    nonFinite: whole.nonFinite - part.nonFinite,
    unseen: whole.unseen - part.unseen,
    low: whole.low,
    high: whole.high,
    lowSum: whole.lowSum - part.lowSum,
    highSum: whole.highSum - part.highSum,
  };
}

/** How many rows carried a value that has a bin. */
export function binnedRows(counts: Counts): number {
  return counts.rows - counts.missing - counts.unparsable;
}
