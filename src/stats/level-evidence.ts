/** How unusual a level is (a number of rows, a length of time) by the levels of comparable windows. */

import { mean, sampleVariance } from "simple-statistics";
import { studentTSf } from "./student-t.ts";
import { LEAST_WINDOWS } from "./window-evidence.ts";

export interface LevelEvidence {
  /** The geometric mean of the windows' levels, less the half that was added. */
  usual: number;
  /** One-sided: how likely a level so low, or so high, is without a change. */
  pLower: number;
  pHigher: number;
}

/**
 * Levels vary by factors, so they are compared on the logarithm: with y = ln(level + ½) of the windows,
 * t = (ln(value + ½) - mean y) / √(max(var y, 1/(usual + ½))·(1 + 1/k)) is held against Student's t with k - 1 degrees of
 * freedom, both tails. The floor of the variance is that of a Poisson count with the usual level: levels that agree more
 * closely than chance would let them are luck, or no counts, and then it is small.
 *
 * Conventions: windows are those of one kind (weekdays and hours differ: choose before). Misleads: under growth, where the
 * oldest windows lie below the newest; and with a few windows of zero rows among large ones, whose logarithms lie far off and
 * widen everything.
 *
 * Returns null with fewer than 8 windows. All windows equal, value too: both p-values 0.5. Levels must be at least 0.
 * Cost: linear in windows.
 */
export function levelEvidence(value: number, windows: readonly number[]): LevelEvidence | null {
  if (windows.length < LEAST_WINDOWS) return null;
  const logs = windows.map((level) => Math.log(level + 0.5));
  const centre = mean(logs);
  const usual = Math.max(0, Math.exp(centre) - 0.5);
  const variance = Math.max(sampleVariance(logs), 1 / (usual + 0.5));
  const t = (Math.log(value + 0.5) - centre) / Math.sqrt(variance * (1 + 1 / windows.length));
  return { usual, pLower: studentTSf(-t, windows.length - 1), pHigher: studentTSf(t, windows.length - 1) };
}
