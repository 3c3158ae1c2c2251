/** ADWIN, a window over buckets that lets go of its past when the mean has changed. */

import { requireFinite, requireInteger, requireNonNegative, requireOpenProbability } from "./argument-domain.ts";
import { requireLater, type DetectedChange } from "./detected-change.ts";

/** Summaries of one size that are kept before the two oldest are merged. */
const SUMMARIES_OF_A_SIZE = 5;
/** Rows by which either side of a cut is discounted; a side needs two more. */
const DISCOUNTED_ROWS = 5;
/** How far rounding may push the spread of a constant below 0, relative to its sum of squares. */
const ROUNDING = 1e-9;

/** The rows of one bucket, as sums. */
export interface SummedBucket {
  /** Where the bucket lies: any finite number that grows from bucket to bucket, such as its start. */
  at: number;
  /** Rows. */
  n: number;
  /** Σx over the rows: for an error rate, the number of errors. */
  sum: number;
  /** Σx² over the rows: for an error rate, again the number of errors. */
  sumOfSquares: number;
}

/** A run of buckets: how many rows, their mean, and the sum of their squared distances to it. */
interface Summary {
  /** The run is 2^level buckets long. */
  level: number;
  /** Position of its first bucket. */
  at: number;
  n: number;
  mean: number;
  spread: number;
}

/** All that ADWIN remembers. Plain data that survives JSON; `adwinStart` makes the first. */
export interface AdwinState {
  /** The window, oldest first: at most 5 runs each of 1, 2, 4, 8 … buckets. */
  runs: Summary[];
  /** Position of the newest bucket; null before the first. */
  last: number | null;
  /** `since` of the newest change told; null before the first. */
  told: number | null;
}

/** A change of the mean, and the mean on both sides of it within the window. */
export interface MeanChange extends DetectedChange {
  before: number;
  after: number;
  /**
   * Whether it begins no later than a change told before: the window has not yet let go of all rows from before that
   * one.
   */
  again: boolean;
}

/** ADWIN before its first bucket. Cost: constant. */
export function adwinStart(): AdwinState {
  return { runs: [], last: null, told: null };
}

function summaryOf({ at, n, sum, sumOfSquares }: SummedBucket): Summary {
  const mean = sum / n;
  const spread = sumOfSquares - sum * mean;
  if (spread < -ROUNDING * sumOfSquares) {
    throw new RangeError(`a sum of squares of ${sumOfSquares} is too small for ${n} rows with sum ${sum}`);
  }
  return { level: 0, at, n, mean, spread: Math.max(0, spread) };
}

/** The rows of both, in one run (Chan's formula). */
function join(older: Summary, newer: Summary): Summary {
  const n = older.n + newer.n;
  const gap = newer.mean - older.mean;
  return {
    level: older.level + 1,
    at: older.at,
    n,
    mean: older.mean + (gap * newer.n) / n,
    spread: older.spread + newer.spread + (gap * gap * older.n * newer.n) / n,
  };
}

/** Merges the two oldest runs of any size there are more than 5 of, from the shortest upwards. Changes the list. */
function compress(runs: Summary[]): void {
  let end = runs.length;
  for (let level = 0; end > 0; level++) {
    let start = end;
    while (start > 0 && runs[start - 1]!.level === level) start--;
    if (end - start <= SUMMARIES_OF_A_SIZE) return;
    runs.splice(start, 2, join(runs[start]!, runs[start + 1]!));
    end = start + 1;
  }
}

interface Cut {
  before: number;
  after: number;
  since: number;
  /** n₀·n₁/(n₀ + n₁)·(mean₀ - mean₁)²: what the cut explains of the window's spread. */
  explained: number;
  isChange: boolean;
}

/** Every boundary between two runs that has enough rows on either side. */
function cutsOf(runs: readonly Summary[], delta: number, range: number): Cut[] {
  const newer = new Array<Summary>(runs.length);
  for (let index = runs.length - 1; index >= 0; index--) {
    const run = runs[index]!;
    newer[index] = index === runs.length - 1 ? run : join(run, newer[index + 1]!);
  }
  const cuts: Cut[] = [];
  let older: Summary | null = null;
  for (let index = 0; index + 1 < runs.length; index++) {
    const run = runs[index]!;
    older = older === null ? run : join(older, run);
    const rest = newer[index + 1]!;
    if (Math.min(older.n, rest.n) < DISCOUNTED_ROWS + 2) continue;
    const rows = older.n + rest.n;
    const inverse = 1 / (older.n - DISCOUNTED_ROWS + 1) + 1 / (rest.n - DISCOUNTED_ROWS + 1);
    const variance = newer[0]!.spread / rows;
    const logDelta = Math.log((2 * Math.log(rows)) / delta);
    const limit = Math.sqrt(2 * inverse * variance * logDelta) + (2 / 3) * range * inverse * logDelta;
    const gap = rest.mean - older.mean;
    cuts.push({
      before: older.mean,
      after: rest.mean,
      since: rest.at,
      explained: ((older.n * rest.n) / rows) * gap * gap,
      isChange: Math.abs(gap) > limit,
    });
  }
  return cuts;
}

/**
 * Takes one bucket into ADWIN's window (Bifet and Gavaldà 2007) and says whether the mean has changed within it.
 *
 * The window is cut at every boundary it remembers into older and newer rows, n₀ and n₁ of n. The mean has changed
 * where the two means differ by more than ε = √(2·m·σ²·L) + ⅔·range·m·L, with L = ln(2·ln n/delta), m = 1/(n₀ - 4) +
 * 1/(n₁ - 4) and σ² the variance (over n) of the whole window; sides of fewer than 7 rows are not looked at. While any
 * cut says so, the oldest run is dropped, and the rest is the new window. These are the rules of the original Java
 * program, every boundary included; buckets of one row, looked at after every row, give its answers. Buckets have
 * weight: any number of rows each, remembered as runs of 1, 2, 4, … buckets.
 *
 * `change` tells of the window before anything was dropped: `since` is the boundary that explains most of its spread
 * (least squares), `before` and `after` the means on its two sides. Since runs are dropped one at a time, a change is
 * often found several times in a row: `again` tells. Boundaries of the far past are coarse: a change a bucket ago is
 * placed to the bucket, one of t buckets ago to about t/10 to t/5. `delta` is meant as the chance that one look finds a
 * change that is not there; `range` is the difference between the largest and the smallest possible x, 1 for errors and
 * for scores. For unbounded losses give the span of about 99 rows in 100, 6 for standard normal values: too small a
 * range makes false alarms.
 *
 * Simulated, 200 streams of 20,000 rows in buckets of 100, delta 0.002, streams with any false alarm: none with 2, 10
 * or 30 % errors, 0.5 % with N(0,1) values. 2,000 streams of 100,000 rows: 0.3, 0.7 and 0.9 %; N(0,1) and exponential
 * values 0.3 and 0.1 % with a range of 6, 2.6 and 3.5 % with a range of 1. Errors from 10 to 15 % at row 5,000 are
 * found in all of 200 streams, after 1,200 rows (median; 2,600 in 95 %), and placed 1.3 buckets off (mean).
 *
 * Misleads: it compares the window with itself, so a change that comes slowly, or one longer ago than the window, goes
 * unseen, and a return to normal is a change as well. Rows that depend on each other (days that differ) are changes to
 * it. Σx² - (Σx)²/n loses digits when the mean is far larger than the spread: take an offset away first.
 *
 * Pure: the old state is left alone. A bucket without rows changes nothing but `last`; a constant never is a change;
 * one bucket or one row cannot be. Throws a RangeError for n that is not whole and at least 0, sums that are not
 * finite, squares too small for the sum, a position not after the last, delta outside (0, 1) or a negative range.
 * Memory: at most 5·log₂(buckets/5) + 5 runs; 70, 5 kB of JSON, for ten years of hours. Cost: linear in the runs.
 */
export function adwinStep(
  state: AdwinState,
  bucket: SummedBucket,
  delta = 0.002,
  range = 1,
): { state: AdwinState; change: MeanChange | null } {
  requireLater(state.last, bucket.at);
  requireInteger("n", bucket.n, 0);
  requireFinite("sum", bucket.sum);
  requireNonNegative("sumOfSquares", bucket.sumOfSquares);
  requireOpenProbability("delta", delta);
  requireNonNegative("range", range);
  if (bucket.n === 0) return { state: { ...state, last: bucket.at }, change: null };
  const runs = [...state.runs, summaryOf(bucket)];
  compress(runs);
  let cuts = cutsOf(runs, delta, range);
  let change: MeanChange | null = null;
  while (cuts.some(({ isChange }) => isChange)) {
    if (change === null) {
      const { since, before, after } = cuts.reduce((best, cut) => (cut.explained > best.explained ? cut : best));
      change = { since, direction: after > before ? "up" : "down", before, after, again: state.told !== null && since <= state.told };
    }
    runs.shift();
    cuts = cutsOf(runs, delta, range);
  }
  const told = change === null || change.again ? state.told : change.since;
  return { state: { runs, last: bucket.at, told }, change };
}
