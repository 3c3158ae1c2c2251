import type { Explanation } from "../model/alert.ts";
import type { Measurement, Verdict } from "../model/measurement.ts";
import { isEstimated, metricFamily, type Metric } from "../model/metric.ts";
import type { Millis } from "../model/time.ts";
import { moment, named, number, percent, printable } from "./words.ts";

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
  if (shares === null) return null;
  if ((shares[0]?.share ?? 0) >= ENOUGH) return "mix_shift";
  return shares.reduce((sum, { share }) => sum + Math.max(0, share), 0) < LITTLE ? "concept" : null;
}

/** How much of the change in errors each feature's move would account for, the largest first; null where that is not known. */
function shareOfCauses({ metric, value, detail: { causes, reference } }: Measurement): { feature: string; share: number }[] | null {
  if (causes === undefined || value === null || reference === undefined) return null;
  const change = metric === "accuracy" ? reference - value : metric === "mae" ? value - reference : null;
  // What got better needs no cause.
  if (change === null || change <= 0) return null;
  return causes.map((cause) => ({ feature: cause.feature, share: cause.change / change })).sort((a, b) => b.share - a.share);
}

/** The kind of a loss of performance, in words. */
function performanceLikely(measurement: Measurement): string | null {
  const kind = performanceKind(measurement);
  const [first] = shareOfCauses(measurement) ?? [];
  if (kind === "mix_shift" && first)
    return `other inputs than before: the move of ${named(first.feature)} alone would do ${percent(Math.min(1, first.share))} of it`;
  if (kind === "concept") return "inputs have come to mean something else: their moves alone would do little of this";
  return null;
}

/** The likely kind of change in words, where the numbers point to one. */
export function likelyWords(measurement: Measurement): string | null {
  const { metric, value, detail } = measurement;
  if (metricFamily(metric) === "performance") return performanceLikely(measurement);
  if (detail.scale?.unit) return unitWords(detail.scale.unit, detail.scale.from);
  if (detail.verdict?.kind === "break" && detail.verdict.cause !== "gone") return verdictWords(detail.verdict);
  if (metric === "missing_rate") return value !== null && value >= 0.95 ? "the field no longer arrives" : null;
  // An open bin holds many values: that all lie beyond an edge is not that they are one.
  const stuck = detail.bins?.find((bin) => bin.current >= 0.95 && bin.reference < 0.5 && !/^[≤>]/.test(bin.bin));
  if (stuck) return `a value that is stuck: ${percent(stuck.current)} of rows fall in ${named(stuck.bin)}`;
  if (detail.unseen && detail.unseen.length > 0)
    return `new values: ${detail.unseen
      .slice(0, 3)
      .map(({ value: text }) => named(text))
      .join(", ")}`;
  const range = detail.range;
  if (range && (range.currentLow < range.low || range.currentHigh > range.high))
    return `values beyond the baseline's range of ${number(range.low)} to ${number(range.high)}`;
  return null;
}

/** That the feed broke rather than the world moved, where the whole of the measurements says so. What is said already is not said again. */
export function breakWords({ metric, detail: { verdict, scale } }: Measurement): string | null {
  if (verdict?.kind !== "break" || scale?.unit || SAYS_IT.get(metric) === verdict.cause) return null;
  return `It looks like a break of the data, not a drift: ${verdictWords(verdict)}`;
}

/** Causes that are the same as what a metric measures. */
const SAYS_IT: ReadonlyMap<Metric, Verdict["cause"]> = new Map([
  ["type_mismatch_rate", "type"],
  ["non_finite_rate", "not_finite"],
  ["constant", "constant"],
]);

function verdictWords({ reason, values = [] }: Verdict): string {
  const sentence = `${reason.charAt(0).toLowerCase()}${reason.slice(1).replace(/\.$/, "")}`;
  return values.length === 0 ? sentence : `${sentence} (${values.slice(0, 3).map(named).join(", ")})`;
}

/** Which unit values seem to be in. */
export function unitWords(unit: string, from: Millis | undefined): string {
  return `${printable(unit)}${from === undefined ? "" : `, since ${moment(from)}`}`;
}
