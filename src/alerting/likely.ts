import type { Explanation } from "../model/alert.ts";
import { isEstimated, metricFamily, type Measurement, type Metric } from "../model/measurement.ts";
import { named, percent } from "./words.ts";

/** Metrics that say by themselves that the feed is broken, and not the world another. */
const BROKEN: ReadonlySet<Metric> = new Set([
  "type_mismatch_rate",
  "non_finite_rate",
  "constant",
  "silence_rate",
  "unknown_feature_rate",
  "conflict_rate",
]);

/** The share of a change from which one feature's move is taken for its cause, and below which all moves are for none. */
const ENOUGH = 0.5;
const LITTLE = 0.25;

/** What kind of change this is, where the numbers point to one. */
export function likelyKind(measurement: Measurement): Explanation["kind"] {
  const { metric, value, detail } = measurement;
  if (metricFamily(metric) === "performance") return performanceKind(measurement);
  if (detail.verdict?.kind === "break" || detail.scale?.unit || BROKEN.has(metric)) return "break";
  if (metric === "missing_rate") return value !== null && value >= 0.95 ? "break" : null;
  if (detail.verdict?.kind === "drift") return "drift";
  return metricFamily(metric) === "drift" && detail.verdict === undefined ? "drift" : null;
}

/**
 * The inputs are others, or what they mean is: where the move of one feature would by itself do half of what happened,
 * it is the first; where the moves of all together would do little of it, the second. An estimate without labels sees the
 * first only.
 */
function performanceKind(measurement: Measurement): Explanation["kind"] {
  if (isEstimated(measurement.metric)) return "mix_shift";
  const shares = shareOfCauses(measurement);
  if (shares.length === 0) return null;
  if ((shares[0]?.share ?? 0) >= ENOUGH) return "mix_shift";
  return shares.reduce((sum, { share }) => sum + Math.max(0, share), 0) < LITTLE ? "concept" : null;
}

/** How much of the change in errors each feature's move would account for, the largest first; nothing where that is not known. */
function shareOfCauses({ metric, value, detail: { causes = [], reference } }: Measurement): { feature: string; share: number }[] {
  if (value === null || reference === undefined || value === reference) return [];
  const change = metric === "accuracy" ? reference - value : metric === "mae" ? value - reference : null;
  if (change === null) return [];
  return causes.map((cause) => ({ feature: cause.feature, share: cause.change / change })).sort((a, b) => b.share - a.share);
}

/** The kind of a loss of performance, in words. */
export function performanceLikely(measurement: Measurement): string | null {
  const kind = performanceKind(measurement);
  const [first] = shareOfCauses(measurement);
  if (kind === "mix_shift" && first)
    return `other inputs than before: the move of ${named(first.feature)} alone would do ${percent(Math.min(1, first.share))} of it`;
  if (kind === "concept") return "inputs have come to mean something else: their moves alone would do little of this";
  return null;
}
