/** Two means of independent rows, such as the losses of two versions. */

import { requireFinite, requireInteger, requireNonNegative, requireOpenProbability } from "./argument-domain.ts";
import type { EstimatedDifference } from "./confidence-sequence.ts";
import { studentTQuantile, studentTSf } from "./student-t.ts";

/** Rows that either side needs for many looks: the losses of models are skewed. */
const LARGE_ROWS = 500;

/** A sample by its size, its mean, and its variance over n - 1. */
export interface Sample {
  n: number;
  mean: number;
  variance: number;
}

/** The outcome of Welch's test. */
export interface WelchTest extends EstimatedDifference {
  t: number;
  /** Welch and Satterthwaite's degrees of freedom. */
  df: number;
  /** Two-sided. */
  pValue: number;
  /** Two-sided confidence interval of the difference, for one look. */
  ci: [number, number];
}

/**
 * Welch's (1947) test that two means are equal, and the interval of challenger less champion.
 *
 * t = (mean₂ - mean₁)/√(v₁ + v₂), v = variance/n, Student's t with df = (v₁ + v₂)²/(v₁²/(n₁ - 1) + v₂²/(n₂ - 1)).
 * Variances may differ. `variance` is the sample's, divided by n - 1: from sums, (Σx² - (Σx)²/n)/(n - 1).
 *
 * For one look only: for a comparison that runs on, give the answer to `differenceSequence` (large with 500 rows on
 * either side). Misleads: rows scored by both versions are pairs, for which this is too wide (take the differences row
 * by row: one mean, one variance); a few enormous losses carry mean and variance alike.
 *
 * Returns null with fewer than two rows on either side or when neither varies. Throws a RangeError for n that is not
 * whole and at least 0, a mean that is not finite, a negative variance, and unless 0 < confidence < 1. Cost: as
 * `studentTQuantile`.
 */
export function welchTest(champion: Sample, challenger: Sample, confidence: number): WelchTest | null {
  requireOpenProbability("confidence", confidence);
  for (const { n, mean, variance } of [champion, challenger]) {
    requireInteger("n", n, 0);
    requireFinite("a mean", mean);
    requireNonNegative("a variance", variance);
  }
  if (champion.n < 2 || challenger.n < 2) return null;
  const first = champion.variance / champion.n;
  const second = challenger.variance / challenger.n;
  const total = first + second;
  if (total === 0) return null;
  const difference = challenger.mean - champion.mean;
  const standardError = Math.sqrt(total);
  const t = difference / standardError;
  // As shares of the total, so that tiny variances do not underflow when squared.
  const df = 1 / ((first / total) ** 2 / (champion.n - 1) + (second / total) ** 2 / (challenger.n - 1));
  const reach = -studentTQuantile((1 - confidence) / 2, df) * standardError;
  return {
    difference,
    standardError,
    rows: champion.n + challenger.n,
    isLarge: Math.min(champion.n, challenger.n) >= LARGE_ROWS,
    t,
    df,
    pValue: Math.min(1, 2 * studentTSf(Math.abs(t), df)),
    ci: [difference - reach, difference + reach],
  };
}
