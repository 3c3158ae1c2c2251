/** Quantiles of what is counted in ordered bins, with an interval from ranks. */

import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { normalHalfWidth } from "./normal.ts";

export interface BinnedQuantile {
  /** The bin that holds it. */
  bin: number;
  /** The bins that hold the ends of its interval. */
  low: number;
  high: number;
}

/**
 * The bin of the `share` quantile of `rows` by bin: the inverted CDF, so the first bin up to which at least share·n rows lie. Its
 * interval are the bins of the ranks share·n ± z·√(n·share·(1 - share)), the normal approximation of the binomial interval for a
 * quantile, which holds whatever the law of the values.
 *
 * Misleads: rows that come in bursts are not independent, and the interval is then too narrow; with fewer than about 5/(1 - share)
 * rows the upper end is the largest value there is.
 *
 * Returns null without rows. One row: that bin, thrice. Throws a RangeError for counts that are no whole numbers from 0 on, or
 * a share or confidence outside (0, 1). Cost: sorting the bins.
 */
export function binnedQuantile(rows: ReadonlyMap<number, number>, share: number, confidence: number): BinnedQuantile | null {
  requireOpenProbability("share", share);
  const bins = [...rows].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  for (const [bin, count] of bins) requireInteger(`the rows of bin ${bin}`, count, 0);
  const n = bins.reduce((sum, [, count]) => sum + count, 0);
  if (n === 0) return null;
  const reach = normalHalfWidth(confidence) * Math.sqrt(n * share * (1 - share));
  const at = (rank: number): number => {
    let before = 0;
    for (const [bin, count] of bins) {
      before += count;
      if (before >= rank) return bin;
    }
    return bins.at(-1)?.[0] ?? 0;
  };
  return { bin: at(share * n), low: at(Math.max(1, share * n - reach)), high: at(Math.min(n, share * n + reach)) };
}
