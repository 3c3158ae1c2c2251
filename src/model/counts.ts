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
  /** Categories that no reference held. They stand in `bins` as well (the grid's last bin). */
  readonly unseen: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Sums of the values in the two outer bins of a numeric grid, exact up to the grid's quantum. */
  readonly lowSum: number;
  readonly highSum: number;
};

export type Confusion = { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number };

/** Outcomes of one version of a binary model: predictions whose truth is known, counted. */
export type OutcomeCounts = {
  readonly predictions: number;
  readonly labelled: number;
  readonly confusion: Confusion;
  /** Labelled rows by score bin (see `stats/auc.ts`), positives and negatives apart. */
  readonly positives: ReadonlyMap<number, number>;
  readonly negatives: ReadonlyMap<number, number>;
  /** Rows with a score and a label; sum and sum of squares of their log-loss terms. */
  readonly scored: number;
  readonly lossSum: number;
  readonly lossSquareSum: number;
};

/** The outcomes of several disjoint sets of rows together. */
export function addOutcomes(parts: readonly OutcomeCounts[]): OutcomeCounts {
  const sum = { predictions: 0, labelled: 0, tp: 0, fp: 0, fn: 0, tn: 0, scored: 0, lossSum: 0, lossSquareSum: 0 };
  const positives = new Map<number, number>();
  const negatives = new Map<number, number>();
  for (const part of parts) {
    sum.predictions += part.predictions;
    sum.labelled += part.labelled;
    sum.tp += part.confusion.tp;
    sum.fp += part.confusion.fp;
    sum.fn += part.confusion.fn;
    sum.tn += part.confusion.tn;
    sum.scored += part.scored;
    sum.lossSum += part.lossSum;
    sum.lossSquareSum += part.lossSquareSum;
    for (const [bin, rows] of part.positives) positives.set(bin, (positives.get(bin) ?? 0) + rows);
    for (const [bin, rows] of part.negatives) negatives.set(bin, (negatives.get(bin) ?? 0) + rows);
  }
  const { tp, fp, fn, tn, predictions, labelled, scored, lossSum, lossSquareSum } = sum;
  return { predictions, labelled, confusion: { tp, fp, fn, tn }, positives, negatives, scored, lossSum, lossSquareSum };
}

/** No rows on a grid of this many bins. */
export function noCounts(bins: number): Counts {
  return {
    bins: new Array<number>(bins).fill(0),
    rows: 0,
    missing: 0,
    unparsable: 0,
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
  let { rows, missing, unparsable, unseen, low, high, lowSum, highSum } = noCounts(0);
  for (const part of parts) {
    for (let bin = 0; bin < bins; bin += 1) (cells[bin] as number) += part.bins[bin] ?? 0;
    rows += part.rows;
    missing += part.missing;
    unparsable += part.unparsable;
    unseen += part.unseen;
    lowSum += part.lowSum;
    highSum += part.highSum;
    if (part.low !== null) low = low === null ? part.low : Math.min(low, part.low);
    if (part.high !== null) high = high === null ? part.high : Math.max(high, part.high);
  }
  return { bins: cells, rows, missing, unparsable, unseen, low, high, lowSum, highSum };
}

/** The rows of `whole` that are not in `part`; the extremes of the whole are kept, since those of the rest are unknown. */
export function subtractCounts(whole: Counts, part: Counts): Counts {
  return {
    bins: whole.bins.map((count, bin) => count - (part.bins[bin] ?? 0)),
    rows: whole.rows - part.rows,
    missing: whole.missing - part.missing,
    unparsable: whole.unparsable - part.unparsable,
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
