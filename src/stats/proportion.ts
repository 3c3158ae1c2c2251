/** Two proportions: a test, and intervals for one proportion and for a difference. The exact test is in `fisher.ts`. */

import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { fisherExact } from "./fisher.ts";
import { dealtMidTail } from "./hypergeometric.ts";
import { normalHalfWidth, normalSf } from "./normal.ts";

const LEAST_EXPECTED = 5;

/** How a proportion changed from reference to current. */
export interface ProportionTest {
  /** Current proportion less reference proportion, in [-1, 1]. */
  difference: number;
  /** Two-sided: the probability of a change at least as striking, either way, if the proportion is the same. */
  pValue: number;
  /** One-sided: the probability of so large an increase, or larger, if the proportion is the same. */
  pValueIncrease: number;
  /** "fisher" when some cell of the 2×2 table expects fewer than 5 rows, else "z". */
  method: "z" | "fisher";
}

function requireSuccesses(name: string, successes: number, n: number): void {
  requireInteger(`the rows of ${name}`, n, 0);
  requireInteger(`the successes of ${name}`, successes, 0);
  if (successes > n) throw new RangeError(`${name} has ${successes} successes in ${n} rows`);
}

/**
 * Tests whether a proportion is the same in the reference (`successesReference` of `n`) and in the current rows
 * (`successesCurrent` of `m`). Made for shares of missing, invalid or unseen values, and for rates.
 *
 * The pooled z test, z = (p̂_cur - p̂_ref)/√(p̄(1 - p̄)(1/n + 1/m)), without continuity correction; Fisher's exact test
 * when any of the four expected counts is below 5. Both tails come directly, so p-values of 1e-100 keep their digits.
 *
 * Misleads: a p-value is no effect size (at a million rows any difference is significant: look at `difference`); rows
 * that depend on each other make it far too small. Fisher's two-sided p-value adds up all tables no likelier than the
 * observed one and is conservative.
 *
 * Returns null when either side has no rows. All successes or none on both sides: difference 0, p-values 1, "fisher".
 * Throws a RangeError unless all four are whole numbers with 0 <= successes <= rows. Cost: constant for z; for Fisher
 * up to about 2·√(n + m) steps.
 */
export function twoProportionTest(successesReference: number, n: number, successesCurrent: number, m: number): ProportionTest | null {
  requireSuccesses("the reference", successesReference, n);
  requireSuccesses("the current sample", successesCurrent, m);
  if (n === 0 || m === 0) return null;
  const difference = successesCurrent / m - successesReference / n;
  const successes = successesReference + successesCurrent;
  const failures = n + m - successes;
  if ((Math.min(n, m) * Math.min(successes, failures)) / (n + m) < LEAST_EXPECTED) {
    return {
      difference,
      ...fisherExact(successesReference, n, successesCurrent, m),
      method: "fisher",
    };
  }
  const pooled = successes / (n + m);
  const z = difference / Math.sqrt(pooled * (failures / (n + m)) * (1 / n + 1 / m));
  return {
    difference,
    pValue: Math.min(1, 2 * normalSf(Math.abs(z))),
    pValueIncrease: normalSf(z),
    method: "z",
  };
}

/**
 * How often a proportion would seem to have risen by as much when it is the same on both sides: the mid-p-value of
 * Fisher's test against an increase, P(more current successes) + ½·P(as many), given the successes in all.
 *
 * Fisher's own p-value counts the observed table in full, and raises a third of the false alarms that it should where few
 * successes are expected; the z test, whose normal curve knows no skewness, raises too many where the reference is ten times as
 * large. Exact, 2 % of 5,000 reference rows against 2 % of 50, 100, 200 and 500, an increase of 1.5 points at least, at a
 * nominal 1 %: this 0.86, 0.92, 0.91 and 0.95 %; Fisher below five expected successes and z elsewhere 0.37, 0.53, 0.62 and 1.39 %.
 *
 * Misleads: it is no bound. Where a single table carries most of what chance can do, false alarms may exceed the nominal rate.
 *
 * Returns null when either side has no rows; all successes or none on both sides give ½. Throws as `twoProportionTest`.
 * Cost: up to a few standard deviations of steps, at most about 4·√m.
 */
export function increasePValue(successesReference: number, n: number, successesCurrent: number, m: number): number | null {
  requireSuccesses("the reference", successesReference, n);
  requireSuccesses("the current sample", successesCurrent, m);
  return n === 0 || m === 0 ? null : dealtMidTail(successesCurrent, n, m, successesReference + successesCurrent);
}

/**
 * Wilson's score interval for a proportion, `successes` of `n` rows: all proportions that a z test would not reject.
 *
 * Two-sided, without continuity correction; `confidence` is a fraction such as 0.95. Unlike the p̂ ± 2 standard errors
 * of textbooks it keeps its coverage near 0 and 1 and never has width 0. It lies in [0, 1], with end 0 exactly when
 * there are no successes and end 1 exactly when there are only successes.
 *
 * Returns null for n = 0; n = 1 gives a wide, valid interval. Throws a RangeError unless 0 <= successes <= n are whole
 * and 0 < confidence < 1. Cost: constant. Example: wilsonInterval(100, 200, 0.95) = [0.4313609, 0.5686391].
 */
export function wilsonInterval(successes: number, n: number, confidence: number): [number, number] | null {
  requireSuccesses("the sample", successes, n);
  requireOpenProbability("confidence", confidence);
  if (n === 0) return null;
  return wilson(successes, n, normalHalfWidth(confidence));
}

function wilson(successes: number, n: number, z: number): [number, number] {
  const square = z * z;
  const failures = n - successes;
  const centre = successes + square / 2;
  const reach = z * Math.sqrt((successes * failures) / n + square / 4);
  // Where the plain lower end would subtract near-equals, the product of the ends, s²/(n(n + z²)), gives it instead.
  const low = (successes * successes) / n / (centre + reach);
  const high = failures === 0 ? 1 : (centre + reach) / (n + square);
  return [low, Math.min(1, high)];
}

/**
 * Newcombe's hybrid score interval for current less reference proportion (Newcombe 1998, method 10).
 *
 * The Wilson interval of each side supplies the distance to the far end: with reference p in [l₁, u₁] and current q in
 * [l₂, u₂], from (q - p) - √((q - l₂)² + (u₁ - p)²) to (q - p) + √((u₂ - q)² + (p - l₁)²). Lies in [-1, 1] and behaves
 * for small counts, zeros included. It need not agree with `twoProportionTest` about excluding 0 in borderline cases.
 *
 * Returns null when either side has no rows. Errors as `wilsonInterval`. Cost: constant.
 * Example: newcombeInterval(1, 34, 7, 34, 0.95) = [0.0189214, 0.3403687].
 */
export function newcombeInterval(
  successesReference: number,
  n: number,
  successesCurrent: number,
  m: number,
  confidence: number,
): [number, number] | null {
  const reference = wilsonInterval(successesReference, n, confidence);
  const current = wilsonInterval(successesCurrent, m, confidence);
  if (reference === null || current === null) return null;
  const p = successesReference / n;
  const q = successesCurrent / m;
  const low = q - p - Math.hypot(q - current[0], reference[1] - p);
  const high = q - p + Math.hypot(current[1] - q, p - reference[0]);
  return [Math.max(-1, low), Math.min(1, high)];
}
