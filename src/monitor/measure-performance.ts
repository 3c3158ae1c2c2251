import type { OutcomeCounts } from "../model/counts.ts";
import { PERFORMANCE_METRICS, type Measurement, type MeasurementStatus, type PerformanceMetric } from "../model/measurement.ts";
import type { Window } from "../model/time.ts";
import { aucFromBins, SCORE_BINS } from "../stats/auc.ts";
import { accuracy, f1, precision, recall } from "../stats/confusion.ts";
import { logLossFromSums } from "../stats/log-loss.ts";
import { normalQuantile, normalSf } from "../stats/normal.ts";
import { estimateEvidence, rateEvidence, type WindowEvidence } from "../stats/window-evidence.ts";

/** Labelled rows below which no performance is stated. */
const LEAST_LABELLED = 30;
const CONFIDENCE = 0.95;

/** A metric's value with its interval. */
type Estimate = { readonly value: number; readonly ci: readonly [number, number] | null };

/** Successes and trials of the metrics that are proportions: these are tested as such. */
const PROPORTIONS: Partial<Record<PerformanceMetric, (outcomes: OutcomeCounts) => { successes: number; trials: number }>> = {
  accuracy: ({ labelled, confusion: { tp, tn } }) => ({ successes: tp + tn, trials: labelled }),
  precision: ({ confusion: { tp, fp } }) => ({ successes: tp, trials: tp + fp }),
  recall: ({ confusion: { tp, fn } }) => ({ successes: tp, trials: tp + fn }),
};

export function estimate(metric: PerformanceMetric, outcomes: OutcomeCounts): Estimate | null {
  switch (metric) {
    case "accuracy":
      return accuracy(outcomes.confusion, CONFIDENCE);
    case "precision":
      return precision(outcomes.confusion, CONFIDENCE);
    case "recall":
      return recall(outcomes.confusion, CONFIDENCE);
    case "f1":
      return f1(outcomes.confusion, CONFIDENCE);
    case "roc_auc":
      return aucFromBins(dense(outcomes.positives), dense(outcomes.negatives), CONFIDENCE);
    case "log_loss":
      return logLossFromSums({ n: outcomes.scored, sum: outcomes.lossSum, sumOfSquares: outcomes.lossSquareSum }, CONFIDENCE);
  }
}

function dense(bins: ReadonlyMap<number, number>): number[] {
  const counts = new Array<number>(SCORE_BINS).fill(0);
  for (const [bin, rows] of bins) counts[bin] = rows;
  return counts;
}

export type PerformanceWindow = {
  readonly model: string;
  readonly version: string;
  readonly window: Window;
  readonly baseline: string | null;
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
  const { current, reference } = subject;
  const status = statusOf(current, subject.pending);
  return PERFORMANCE_METRICS.map((metric) => {
    const now = current.labelled === 0 ? null : estimate(metric, current);
    const before = reference === null ? null : estimate(metric, reference);
    const evidence = now === null || before === null ? null : worseEvidence(metric, current, now, subject.windows);
    const { tp, fp, fn, tn } = current.confusion;
    return {
      model: subject.model,
      version: subject.version,
      segment: null,
      subject: "performance",
      feature: null,
      baseline: subject.baseline,
      metric,
      from: subject.window.from,
      to: subject.window.to,
      value: now?.value ?? null,
      expected: evidence?.expected ?? before?.value ?? null,
      pValue: now === null || before === null || reference === null ? null : (evidence?.pValue ?? independentPValue(metric, now, before)),
      ci: now?.ci ?? null,
      rows: { reference: reference?.labelled ?? 0, current: current.predictions },
      labelled: current.labelled,
      status: status === "ok" && now === null ? "insufficient" : status,
      evidence: now === null || before === null ? null : evidence ? "baseline_windows" : "independent_rows",
      revision: 1,
      detail: {
        ...(before ? { reference: before.value } : {}),
        ...(evidence ? { nullWindows: evidence.windows } : {}),
        ...(current.predictions > 0 ? { labelCoverage: current.labelled / current.predictions } : {}),
        confusion: { tp, fp, fn, tn },
        ...(now === null && current.labelled > 0 ? { note: "Its formula divides by zero here: one of the classes does not occur." } : {}),
      },
    };
  });
}

function statusOf(current: OutcomeCounts, pending: boolean): MeasurementStatus {
  if (current.predictions === 0) return "no_data";
  if (pending) return "labels_pending";
  if (current.labelled === 0) return "no_data";
  return current.labelled < LEAST_LABELLED ? "insufficient" : "ok";
}

/**
 * How unusual a loss this large is among the baseline's own windows. Proportions by their errors on the logit
 * scale, the others on their own. `expected` is on the metric's scale.
 */
function worseEvidence(
  metric: PerformanceMetric,
  current: OutcomeCounts,
  now: Estimate,
  windows: readonly OutcomeCounts[],
): WindowEvidence | null {
  const proportion = PROPORTIONS[metric];
  if (proportion) {
    const errors = (outcomes: OutcomeCounts) => {
      const { successes, trials } = proportion(outcomes);
      return { successes: trials - successes, rows: trials };
    };
    const { successes, rows } = errors(current);
    const evidence = rateEvidence(successes, rows, windows.map(errors));
    return evidence && { ...evidence, expected: 1 - evidence.expected };
  }
  const sign = metric === "log_loss" ? 1 : -1;
  const usual = windows.flatMap((window) => {
    const one = window.labelled < LEAST_LABELLED ? null : estimate(metric, window);
    const variance = one && varianceOf(one);
    return one === null || variance === null ? [] : [{ value: sign * one.value, variance }];
  });
  const noise = varianceOf(now);
  const evidence = noise === null ? null : estimateEvidence(sign * now.value, noise, usual);
  return evidence && { ...evidence, expected: sign * evidence.expected };
}

/** One-sided z-test on two independent estimates, their variances read off their intervals. */
function independentPValue(metric: PerformanceMetric, now: Estimate, before: Estimate): number | null {
  const [noise, noiseBefore] = [varianceOf(now), varianceOf(before)];
  if (noise === null || noiseBefore === null || noise + noiseBefore === 0) return null;
  const spread = Math.sqrt(noise + noiseBefore);
  const worse = metric === "log_loss" ? now.value - before.value : before.value - now.value;
  return normalSf(worse / spread);
}

function varianceOf({ ci }: Estimate): number | null {
  return ci === null ? null : ((ci[1] - ci[0]) / (2 * normalQuantile(1 - (1 - CONFIDENCE) / 2))) ** 2;
}
