/** What a Brier score is made of. */

import { requireProbability } from "./argument-domain.ts";
import type { ReliabilityPoint } from "./calibration.ts";

/** The parts of a Brier score; reliability - resolution + uncertainty + within = Brier score. */
export interface BrierParts {
  /** Σ rows·(score - rate)²/Σ rows: the cost of miscalibration, 0 is best. */
  readonly reliability: number;
  /** Σ rows·(rate - mean rate)²/Σ rows: what telling rows apart gains. */
  readonly resolution: number;
  /** Mean rate·(1 - mean rate): what always answering the mean rate would score. */
  readonly uncertainty: number;
}

export interface BrierDecomposition extends BrierParts {
  /** What scores that differ within a group add or save; 0 when each group holds one score. */
  readonly within: number;
  /**
   * The same three without their bias at small numbers; null with a group of fewer than 2 effective rows. Same sum; the
   * first may fall below 0.
   */
  readonly debiased: BrierParts | null;
}

/**
 * Murphy's decomposition (1973) of a Brier score over the groups of a reliability curve, with the remainder within
 * groups (Stephenson, Coelho and Jolliffe 2008).
 *
 * `brier` is the mean of (score - y)² over the same rows, from its own sum: groups alone know it only up to `within`.
 * The plain reliability and resolution are both too large by about Σ rate(1 - rate)/Σ rows over groups, 0.0025·K for K
 * groups of balanced classes and 100 rows in all; `debiased` takes rate·(1 - rate)/(n - 1) off each group, and adds
 * mean rate·(1 - mean rate)/(N - 1) to resolution and uncertainty (Ferro and Fricker 2012).
 *
 * Misleads: resolution depends on the number of groups. Returns null for an empty curve; one group has resolution 0.
 * Throws a RangeError unless 0 <= brier <= 1. Cost: linear in groups.
 */
export function murphyDecomposition(curve: readonly ReliabilityPoint[], brier: number): BrierDecomposition | null {
  requireProbability("brier", brier);
  const total = curve.reduce((sum, { rows }) => sum + rows, 0);
  if (total === 0) return null;
  const average = (of: (point: ReliabilityPoint) => number) => curve.reduce((sum, point) => sum + point.rows * of(point), 0) / total;
  const rate = average((point) => point.rate.value);
  const reliability = average((point) => (point.score - point.rate.value) ** 2);
  const resolution = average((point) => (point.rate.value - rate) ** 2);
  const uncertainty = rate * (1 - rate);
  const within = brier - (reliability - resolution + uncertainty);
  const effective = total ** 2 / curve.reduce((sum, point) => sum + point.rows ** 2 / point.effective, 0);
  if (curve.some((point) => point.effective < 2)) return { reliability, resolution, uncertainty, within, debiased: null };
  const noise = average((point) => (point.rate.value * (1 - point.rate.value)) / (point.effective - 1));
  const ofMean = uncertainty / (effective - 1);
  const debiased = { reliability: reliability - noise, resolution: resolution - noise + ofMean, uncertainty: uncertainty + ofMean };
  return { reliability, resolution, uncertainty, within, debiased };
}
