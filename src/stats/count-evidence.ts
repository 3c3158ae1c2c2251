/** How unusual a count is (of failed requests, say) by the counts of comparable windows. */

import { mean, sampleVariance } from "simple-statistics";
import { studentTSf } from "./student-t.ts";
import { LEAST_WINDOWS } from "./window-evidence.ts";

export interface CountEvidence {
  /** The mean of the windows' counts. */
  usual: number;
  /** One-sided: how likely a count so high is without a change. */
  pHigher: number;
}

/**
 * Counts that are usually few, or none, are compared on Anscombe's scale: with y = √(count + 3/8), on which the variance of a Poisson
 * count is about ¼ whatever its mean, t = (√(value + 3/8) - mean y) / √(max(var y, ¼)·(1 + 1/k)) is held against Student's t with
 * k - 1 degrees of freedom. Windows that vary more than chance lets them widen it; counts that agree more closely are luck.
 *
 * Conventions: windows are those of one kind, and as long or as busy as the one that is judged (scale their counts before). Levels that are
 * never near zero belong to `levelEvidence`, whose logarithm suits changes by factors. Misleads: bursts that none of the windows shows are
 * called a change, which they are; and at means below about 1 Anscombe's variance lies under ¼, so that it is conservative.
 *
 * Returns null with fewer than 8 windows. All windows equal, value too: 0.5. Counts must be at least 0, whole or not. Cost: linear in windows.
 */
export function countEvidence(value: number, windows: readonly number[]): CountEvidence | null {
  if (windows.length < LEAST_WINDOWS) return null;
  const scaled = windows.map((count) => Math.sqrt(count + 3 / 8));
  const variance = Math.max(sampleVariance(scaled), 1 / 4);
  const t = (Math.sqrt(value + 3 / 8) - mean(scaled)) / Math.sqrt(variance * (1 + 1 / windows.length));
  return { usual: mean([...windows]), pHigher: studentTSf(t, windows.length - 1) };
}
