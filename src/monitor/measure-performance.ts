import type { OutcomeCounts } from "../model/counts.ts";
import { confusionOf } from "../model/counts.ts";
import type { ClassShare, Measurement, MeasurementDetail, MeasurementStatus } from "../model/measurement.ts";
import { atThreshold, isCutoffMetric, type PerformanceMetric, type RealisedMetric } from "../model/metric.ts";
import { lossAgainst, performanceTrait } from "../model/performance.ts";
import type { Window } from "../model/time.ts";
import { confusionAtBin, scoreBinStart } from "../stats/binary-threshold.ts";
import { calibrationChange } from "../stats/calibration-change.ts";
import { calibrationError, type ReliabilityPoint } from "../stats/calibration.ts";
import { normalSf } from "../stats/normal.ts";
import { effectiveRows } from "../stats/weighted-rows.ts";
import { estimateEvidence, rateEvidence, type WindowEvidence } from "../stats/window-evidence.ts";
import {
  classPerformance,
  isBeyondSums,
  rankedWeight,
  reliabilityOf,
  SCORE_GROUPS,
  scoredRows,
  scoreSums,
  thresholdBin,
  valueOf,
  type Evaluation,
  type MetricValue,
} from "./performance-values.ts";
import { effectiveLabelled } from "./weighted-outcomes.ts";

/** Labelled rows below which no performance is stated. */
export const LEAST_LABELLED = 30;
/** Classes told one by one. */
const MOST_CLASSES = 20;

export type PerformanceWindow = {
  readonly model: string;
  readonly version: string;
  readonly segment: string | null;
  readonly window: Window;
  readonly baseline: string | null;
  readonly evaluation: Evaluation;
  /** What is measured. */
  readonly metrics: readonly RealisedMetric[];
  readonly current: OutcomeCounts;
  /** Null when there is nothing to compare with: the values are stated all the same. */
  readonly reference: OutcomeCounts | null;
  /** Disjoint windows of the baseline, of this window's length. */
  readonly windows: readonly OutcomeCounts[];
  /** Labels of this window may still come. */
  readonly pending: boolean;
};

/** Every performance metric of one version in one window, with its interval and, beside a reference, the evidence that it got worse. */
export function measurePerformance(subject: PerformanceWindow): Measurement[] {
  return subject.metrics.map((metric) => measureOne(subject, metric));
}

function measureOne(subject: PerformanceWindow, metric: RealisedMetric): Measurement {
  const { current, reference, evaluation } = subject;
  // That no label came is what coverage tells: it is known by the predictions.
  const isCoverage = metric === "label_coverage";
  const status = statusOf(current, isCoverage ? current.predictions : rowsBehind(metric, current), subject.pending);
  const now = valueOf(metric, current, evaluation);
  const before = reference && valueOf(metric, reference, evaluation);
  const evidence = now === null || before === null ? null : worseEvidence(metric, now, windowValues(metric, subject));
  const curve = metric === "calibration_error" ? reliabilityOf(current) : [];
  return performanceMeasurement(subject, metric, {
    value: now?.value ?? null,
    expected: calibrationError(curve)?.noiseFloor ?? evidence?.expected ?? before?.value ?? null,
    pValue:
      now === null || before === null || reference === null ? null : (evidence?.pValue ?? independentPValue(subject, metric, now, before)),
    ci: now?.ci ?? null,
    ...(isCoverage ? { rows: { reference: reference?.predictions ?? 0, current: current.predictions } } : {}),
    status: status === "ok" && now === null ? "insufficient" : status,
    evidence: now === null || before === null ? null : evidence ? "baseline_windows" : "independent_rows",
    detail: {
      ...(before ? { reference: before.value } : {}),
      ...(evidence ? { nullWindows: evidence.windows } : {}),
      ...told(metric, current, evaluation, curve),
      ...(now === null && current.labelled > 0 ? { note: whyNone(metric, current) } : {}),
    },
  });
}

function whyNone(metric: RealisedMetric, current: OutcomeCounts): string {
  return isCutoffMetric(metric) ? NOTHING_RELEVANT : isBeyondSums(current) ? BEYOND_SUMS : UNDEFINED;
}

const BEYOND_SUMS =
  "It has no value here: a prediction or a label lies 300 million times farther out than is usual. Look for what is no number of this model.";

const UNDEFINED = "It has no value here: its formula divides by zero, as when one of the classes does not occur, or there are no scores.";

const NOTHING_RELEVANT = "It has no value here: no label names a relevant item.";

/** What is said beside the value. */
function told(metric: RealisedMetric, current: OutcomeCounts, { grid }: Evaluation, curve: readonly ReliabilityPoint[]): MeasurementDetail {
  const at = atThreshold(metric);
  if (at !== null) {
    const bin = thresholdBin(at.threshold);
    const { tp, fp, fn, tn } = confusionAtBin(scoredRows(current), bin);
    return { threshold: scoreBinStart(bin), confusion: { tp: tp.sum, fp: fp.sum, fn: fn.sum, tn: tn.sum } };
  }
  return {
    ...(isCutoffMetric(metric) ? leftOut(current) : {}),
    ...(grid.task === "binary" ? { confusion: confusionOf(current) } : {}),
    ...(grid.task === "multiclass" && metric === "accuracy" ? { classes: classShares(current) } : {}),
    ...(curve.length > 0
      ? {
          reliability: curve.map(({ score, rate, rows }) => ({
            score,
            rate: rate.value,
            low: rate.ci?.[0] ?? 0,
            high: rate.ci?.[1] ?? 1,
            rows,
          })),
        }
      : {}),
  };
}

function leftOut({ labelled, histograms }: OutcomeCounts): MeasurementDetail {
  const nothingRelevant = labelled - (histograms.get("labelled")?.get(0) ?? 0);
  return nothingRelevant > 0 ? { nothingRelevant } : {};
}

function classShares(outcomes: OutcomeCounts): ClassShare[] {
  const { classes, performance } = classPerformance(outcomes);
  const shares = (performance?.classes ?? []).map((one, index) => ({
    class: classes[index] ?? "",
    precision: one.precision?.value ?? null,
    recall: one.recall?.value ?? null,
    f1: one.f1?.value ?? null,
    rows: one.support,
  }));
  return shares.sort((a, b) => b.rows - a.rows || (a.class < b.class ? -1 : 1)).slice(0, MOST_CLASSES);
}

/** The parts that every measurement of performance shares. */
export function performanceMeasurement(
  { model, version, segment, window, baseline, current, reference }: PerformanceWindow,
  metric: PerformanceMetric,
  found: Pick<Measurement, "value" | "expected" | "pValue" | "ci" | "status" | "evidence" | "detail"> & Partial<Pick<Measurement, "rows">>,
): Measurement {
  return {
    model,
    version,
    segment,
    subject: "performance",
    feature: null,
    baseline,
    metric,
    from: window.from,
    to: window.to,
    rows: { reference: reference?.labelled ?? 0, current: current.predictions },
    labelled: current.labelled,
    revision: 1,
    ...found,
    detail: {
      ...(current.predictions > 0 ? { labelCoverage: current.labelled / current.predictions } : {}),
      ...(current.weights === null ? {} : { effectiveRows: effectiveLabelled(current) }),
      ...found.detail,
    },
  };
}

function statusOf({ predictions, labelled }: OutcomeCounts, rows: number, pending: boolean): MeasurementStatus {
  if (predictions === 0) return "no_data";
  if (pending) return "labels_pending";
  if (labelled === 0 && rows === 0) return "no_data";
  return rows < LEAST_LABELLED ? "insufficient" : "ok";
}

/** How many rows of one weight a value rests on. */
function rowsBehind(metric: RealisedMetric, outcomes: OutcomeCounts): number {
  return isCutoffMetric(metric) ? effectiveRows(rankedWeight(outcomes)) : effectiveLabelled(outcomes);
}

/** The same metric in the baseline's own windows, where these are large enough to have one. */
export function windowValues(metric: RealisedMetric, { windows, evaluation }: PerformanceWindow): MetricValue[] {
  return windows.flatMap((window) => {
    const one = rowsBehind(metric, window) < LEAST_LABELLED ? null : valueOf(metric, window, evaluation);
    return one === null ? [] : [one];
  });
}

/**
 * How unusual a loss this large is among the baseline's own windows. Shares by their errors on the logit scale, the
 * others on their own. `expected` is on the metric's scale.
 */
export function worseEvidence(metric: RealisedMetric, now: MetricValue, windows: readonly MetricValue[]): WindowEvidence | null {
  if (now.share && windows.every(({ share }) => share !== undefined)) {
    const errors = ({ share = { successes: 0, trials: 0 } }: MetricValue) => ({
      successes: share.trials - share.successes,
      rows: share.trials,
    });
    const { successes, rows } = errors(now);
    const evidence = rateEvidence(successes, rows, windows.map(errors));
    return evidence && { ...evidence, expected: 1 - evidence.expected };
  }
  if (now.variance === null) return null;
  const { better } = performanceTrait(metric);
  // What should be zero gets worse on whichever side it lies.
  const sign = better === "higher" || (better === "zero" && now.value < 0) ? -1 : 1;
  const usual = windows.flatMap(({ value, variance }) => (variance === null ? [] : [{ value: sign * value, variance }]));
  const evidence = estimateEvidence(sign * now.value, now.variance, usual);
  return evidence && { ...evidence, pValue: Math.min(1, evidence.pValue * sides(metric)), expected: sign * evidence.expected };
}

/** A metric that may get worse on either side is tested on both. */
function sides(metric: RealisedMetric): 1 | 2 {
  return performanceTrait(metric).better === "zero" ? 2 : 1;
}

/** One-sided z-test on two independent estimates; calibration by its own test, since its error has no variance to speak of. */
function independentPValue(
  { current, reference }: PerformanceWindow,
  metric: RealisedMetric,
  now: MetricValue,
  before: MetricValue,
): number | null {
  if (metric === "calibration_error" && reference !== null) {
    const promised = (outcomes: OutcomeCounts) => ({ rows: scoredRows(outcomes), scoreSums: scoreSums(outcomes) });
    return calibrationChange(promised(reference), promised(current), SCORE_GROUPS)?.pValue ?? null;
  }
  return worsePValue(metric, now, before);
}

export function worsePValue(metric: RealisedMetric, now: MetricValue, before: MetricValue): number | null {
  if (now.variance === null || before.variance === null) return null;
  const variance = now.variance + before.variance;
  if (variance === 0) return null;
  const loss =
    performanceTrait(metric).better === "zero" ? Math.abs(now.value - before.value) : lossAgainst(metric, now.value, before.value);
  return Math.min(1, normalSf(loss / Math.sqrt(variance)) * sides(metric));
}
