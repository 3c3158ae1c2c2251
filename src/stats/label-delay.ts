/** How long labels take, from counts in which many are still to come. */

import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { logitInterval } from "./interval-scales.ts";
import { normalHalfWidth } from "./normal.ts";
import type { Estimate } from "./weighted-rows.ts";
import { wilsonOfShare } from "./weighted-share.ts";

/**
 * The share of predictions that have their label by each age: Kaplan and Meier's estimate (1958) from right-censored
 * counts.
 *
 * `arrived[d]`: labels that came d whole buckets after their prediction. `waiting[a]`: predictions without a label that
 * are a buckets old, counted at the close of a bucket, so that every one of them had the whole of buckets 0 to a to be
 * labelled in. Both over the same ages, from 0. With at risk r_d = Σ_{e >= d} (arrived + waiting), the share still
 * without a label after d is Π (1 - arrived/r); the answer's entry d is 1 less that, the coverage to expect of rows d
 * buckets old.
 *
 * The standard error is Greenwood's. The interval is Wilson's for as many rows as give a plain share that error
 * (Rothman 1978): n itself as long as nothing is censored. Simulated coverage at a nominal 95%, ages spread over 24
 * buckets, a fifth never labelled: 94 to 95.8% with 100 rows, 94.4 to 95.6% with 1000.
 *
 * Misleads: it takes old and young predictions to be labelled alike; a feed of labels that has stopped, or a change of
 * delays, bends it. Labels that never come hold it below 1, as they should. If labels of one class come sooner, the
 * labelled rows are not like the rest: `maturedShare`.
 *
 * An entry is null at ages that no row has reached (beyond the oldest, it is not known). Where all at risk were
 * labelled the value is 1, its standardError null and its interval that of the rows behind the age before. No rows: all
 * null. Throws a RangeError for lists of unequal length, counts that are not whole and at least 0, and unless 0 <
 * confidence < 1.
 * Cost: linear in ages.
 */
export function labelCoverage(arrived: readonly number[], waiting: readonly number[], confidence: number): (Estimate | null)[] {
  if (arrived.length !== waiting.length)
    throw new RangeError(`there are ${arrived.length} ages of labels and ${waiting.length} of waiting rows`);
  for (const count of arrived) requireInteger("a count of labels", count, 0);
  for (const count of waiting) requireInteger("a count of waiting rows", count, 0);
  requireOpenProbability("confidence", confidence);
  let atRisk = [...arrived, ...waiting].reduce((sum, count) => sum + count, 0);
  let unlabelled = 1;
  let greenwood = 0;
  let worth = atRisk;
  return arrived.map((labels, age) => {
    if (atRisk === 0) return null;
    const left = atRisk - labels;
    unlabelled *= left / atRisk;
    if (left > 0) greenwood += labels / atRisk / left;
    if (greenwood === 0) worth = atRisk;
    else if (left > 0) worth = (1 - unlabelled) / unlabelled / greenwood;
    atRisk = left - waiting[age]!;
    const value = 1 - unlabelled;
    const standardError = left > 0 ? unlabelled * Math.sqrt(greenwood) : null;
    return { value, standardError, ci: wilsonOfShare(value, worth, confidence) };
  });
}

/** Rows of one age, as in `labelCoverage`; -1 for those that no whole bucket has passed for. */
export interface AgedRows {
  readonly age: number;
  readonly labelled: number;
  readonly waiting: number;
}

/**
 * The share of some rows that will have their label at the age `final`, given those that have it now: of the rows that
 * wait at age a, 1 - S(final)/S(a) get theirs yet, S(a) the share that `curve` (`labelCoverage`) leaves without a label.
 *
 * Two variances: which rows get theirs is chance, Σ w·q(1 - q) with q = S(final)/S(a); and the curve was learned, by
 * Greenwood's sum over the ages between, which rows of several ages share. The interval (log-odds) is for the share that
 * these very rows will turn out to have, and is never below the share that they have. Simulated coverage at a nominal
 * 95%, a window of 24 buckets that is just over, delays of 6 on average, the curve from it and the eight windows before:
 * 93.2% (50 rows a window, a tenth never labelled), 94.7% (500), 94.9% (50, half never labelled), 96.3% (5000, a twentieth).
 *
 * Misleads as `labelCoverage`: labels that stop coming, or come later than they did, are seen in the rows only.
 *
 * Returns null without rows, and where the curve does not reach `final`. Of rows older than `final`, and at ages the curve
 * does not reach or by which all had their label, no more labels are expected. Where the value is 0 or 1 the interval is null. Throws a RangeError unless 0 <
 * confidence < 1. Cost: quadratic in the number of ages of the rows.
 */
export function expectedCoverage(
  curve: readonly (Estimate | null)[],
  final: number,
  rows: readonly AgedRows[],
  confidence: number,
): Estimate | null {
  requireOpenProbability("confidence", confidence);
  const total = rows.reduce((sum, { labelled, waiting }) => sum + labelled + waiting, 0);
  const end = leftAt(curve, final);
  if (total === 0 || end === null) return null;
  const known = rows.reduce((sum, { labelled }) => sum + labelled, 0);
  const parts = rows.map(({ age, waiting }) => {
    const now = leftAt(curve, age);
    const never = now === null || now.share === 0 ? 1 : Math.min(1, end.share / now.share);
    return { waiting, never, error: Math.min(end.error, now?.error ?? end.error) };
  });
  const value = (known + parts.reduce((sum, { waiting, never }) => sum + waiting * (1 - never), 0)) / total;
  let variance = 0;
  for (const one of parts) {
    variance += one.waiting * one.never * (1 - one.never);
    for (const other of parts)
      variance += one.waiting * one.never * other.waiting * other.never * (end.error - Math.max(one.error, other.error));
  }
  const standardError = Math.sqrt(variance) / total;
  const ci = logitInterval(value, standardError, normalHalfWidth(confidence));
  return { value, standardError, ci: ci && [Math.max(known / total, ci[0]), ci[1]] };
}

/** The share without a label at an age, and Greenwood's sum up to it; null beyond the curve. */
function leftAt(curve: readonly (Estimate | null)[], age: number): { share: number; error: number } | null {
  if (age < 0) return { share: 1, error: 0 };
  const found = curve[age];
  if (!found) return null;
  const share = 1 - found.value;
  return { share, error: share === 0 || found.standardError === null ? 0 : (found.standardError / share) ** 2 };
}
