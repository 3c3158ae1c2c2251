/** How long labels take, from counts in which many are still to come. */

import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { entryAt } from "./entry-at.ts";
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
    atRisk = left - entryAt(waiting, age);
    const value = 1 - unlabelled;
    const standardError = left > 0 ? unlabelled * Math.sqrt(greenwood) : null;
    return { value, standardError, ci: wilsonOfShare(value, worth, confidence) };
  });
}
