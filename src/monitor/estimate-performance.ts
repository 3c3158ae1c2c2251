import type { OutcomeCounts } from "../model/counts.ts";
import type { Measurement, MeasurementDetail } from "../model/measurement.ts";
import { ESTIMATED_METRICS, type EstimatedMetric } from "../model/metric.ts";
import { CLASS_SCORE_BINS, classScorePlace, type ClassScoreRows } from "../model/class-scores.ts";
import { scoredClasses, type OutcomeGrid } from "../model/outcome-grid.ts";
import { ESTIMATE_OF } from "../model/performance.ts";
import { SCORE_BINS } from "../stats/auc.ts";
import { scoreBinStart } from "../stats/binary-threshold.ts";
import { expectedMulticlassPerformance } from "../stats/cbpe-multiclass.ts";
import { expectedPerformance, type Expectation, type PredictedRows } from "../stats/cbpe.ts";
import { expectedLoss } from "../stats/loss-estimate.ts";
import { momentsFromSums, type Moments } from "../stats/moments.ts";
import { compareRealised } from "../stats/realised-estimate.ts";
import type { ScoredRows, WeightedCounts } from "../stats/weighted-rows.ts";
import {
  LEAST_LABELLED,
  performanceMeasurement,
  windowValues,
  worseEvidence,
  worsePValue,
  type PerformanceWindow,
} from "./measure-performance.ts";
import { CONFIDENCE, scoredRows, valueOf, type MetricValue } from "./performance-values.ts";
import { weightedBins, weightedScores, weightedSums } from "./weighted-outcomes.ts";

/** An estimate, and the share of its rows whose like the reference knows nothing of. */
type Estimates = { readonly of: Partial<Record<EstimatedMetric, Expectation | null>>; readonly borrowed: number };

/**
 * What performance will turn out to be, from predictions alone: by what the scores (or predictions) of the labelled
 * reference were worth. Once labels have had their time, the same estimate is made of the labelled rows and held against what was
 * realised on them; where the two disagree, the estimate of the window is no longer taken for one.
 */
export function estimatePerformance(subject: PerformanceWindow): Measurement[] {
  const { current, reference, evaluation } = subject;
  if (reference === null || reference.labelled < LEAST_LABELLED) return [];
  const all = estimates(evaluation.grid, reference, current, "all");
  const labelled = subject.pending || current.labelled < LEAST_LABELLED ? null : estimates(evaluation.grid, reference, current, "labelled");
  return ESTIMATED_METRICS.filter((metric) => all !== null && metric in all.of).map((metric) => {
    const found = all?.of[metric] ?? null;
    const realised = realisedDetail(subject, metric, labelled?.of[metric] ?? null);
    return measureEstimate(subject, metric, found, { borrowed: all?.borrowed ?? 0, ...realised });
  });
}

function measureEstimate(
  subject: PerformanceWindow,
  metric: EstimatedMetric,
  found: Expectation | null,
  detail: MeasurementDetail,
): Measurement {
  const { current, reference, evaluation } = subject;
  const of = ESTIMATE_OF[metric];
  const now: MetricValue | null = found && {
    value: found.value,
    ci: found.ci,
    variance: found.outcomeVariance + found.calibrationVariance,
  };
  const before = reference && valueOf(of, reference, evaluation);
  // The baseline's windows say how its realised values vary, so they are taken as estimates, not as shares of rows.
  const usual = windowValues(of, subject).map(({ value, ci, variance }) => ({ value, ci, variance }));
  const evidence = now && before && worseEvidence(of, now, usual);
  const refuted = detail.realised !== undefined && detail.realised.verdict !== "agree";
  const status =
    current.predictions === 0 ? "no_data" : now === null || current.predictions < LEAST_LABELLED || refuted ? "insufficient" : "ok";
  return performanceMeasurement(subject, metric, {
    value: now?.value ?? null,
    expected: evidence?.expected ?? before?.value ?? null,
    pValue: now && before ? (evidence?.pValue ?? worsePValue(of, now, before)) : null,
    ci: now?.ci ?? null,
    status,
    evidence: now && before ? (evidence ? "baseline_windows" : "independent_rows") : null,
    detail: {
      ...(before ? { reference: before.value } : {}),
      ...(evidence ? { nullWindows: evidence.windows } : {}),
      ...detail,
      ...(refuted
        ? { note: "The labels that have come disagree with it: a prediction no longer means what it meant in the reference." }
        : {}),
    },
  });
}

/** At this level an estimate is refuted: it is looked at window after window. */
const REFUTED_AT = 0.999;

function realisedDetail(subject: PerformanceWindow, metric: EstimatedMetric, estimated: Expectation | null): MeasurementDetail {
  const realised = valueOf(ESTIMATE_OF[metric], subject.current, subject.evaluation);
  if (estimated === null || realised === null) return {};
  const standardError = realised.variance === null ? null : Math.sqrt(realised.variance);
  const found = compareRealised({ value: realised.value, standardError, ci: realised.ci }, estimated, "same", REFUTED_AT);
  if (found === null) return {};
  const { pValue, verdict } = found;
  return { realised: { value: realised.value, estimated: estimated.value, pValue, verdict, rows: subject.current.labelled } };
}

function estimates(grid: OutcomeGrid, reference: OutcomeCounts, current: OutcomeCounts, rows: "all" | "labelled"): Estimates | null {
  switch (grid.task) {
    case "binary":
      return binaryEstimates(reference, current, rows);
    case "multiclass":
      return multiclassEstimates(scoredClasses(grid.classes).length, reference, current, rows);
    case "regression":
      return regressionEstimates(grid, reference, current, rows);
    case "ranking":
      return null;
  }
}

/** What each score bin claims: its middle in log-odds, about. */
const SCORES = Array.from({ length: SCORE_BINS }, (_, bin) => {
  if (bin === 0 || bin === SCORE_BINS - 1) return scoreBinStart(bin);
  const end = bin === SCORE_BINS - 2 ? 1 : scoreBinStart(bin + 1);
  return (scoreBinStart(bin) + end) / 2;
});

function binaryEstimates(reference: OutcomeCounts, current: OutcomeCounts, rows: "all" | "labelled"): Estimates | null {
  const predicted = {
    positives: weightedBins(current, "predicted_positives", SCORE_BINS),
    negatives: weightedBins(current, "predicted_negatives", SCORE_BINS),
  };
  const found = expectedPerformance(
    scoredRows(reference),
    rows === "all" ? predicted : onlyLabelled(predicted, current),
    SCORES,
    CONFIDENCE,
  );
  return (
    found && {
      of: {
        estimated_accuracy: found.accuracy,
        estimated_precision: found.precision,
        estimated_recall: found.recall,
        estimated_f1: found.f1,
        estimated_roc_auc: found.auc,
        estimated_log_loss: found.logLoss,
      },
      borrowed: found.borrowed,
    }
  );
}

/**
 * The labelled rows of each bin, apart by what was predicted. Where a bin holds rows of both predictions (the model
 * decides by more than its score) they are taken in proportion.
 */
function onlyLabelled(predicted: PredictedRows, outcomes: OutcomeCounts): PredictedRows {
  const known = scoredRows(outcomes);
  const share = (counts: WeightedCounts): WeightedCounts => {
    const part = (of: "sums" | "squares") =>
      counts[of].map((count, bin) => {
        const labelled = (known.positives[of][bin] ?? 0) + (known.negatives[of][bin] ?? 0);
        const all = (predicted.positives[of][bin] ?? 0) + (predicted.negatives[of][bin] ?? 0);
        return all === 0 ? 0 : (labelled * count) / all;
      });
    return { sums: part("sums"), squares: part("squares") };
  };
  return { positives: share(predicted.positives), negatives: share(predicted.negatives) };
}

/** Of so few classes that the scores of each are counted; null where there are more, or no row has scores. */
function multiclassEstimates(size: number, reference: OutcomeCounts, current: OutcomeCounts, rows: "all" | "labelled"): Estimates | null {
  const classes = Array.from({ length: size }, (_, k) => k);
  const known = classes.map((k): ScoredRows => {
    const positives = classScoreBins(reference, ["are"], 0, k);
    const all = classes.map((j) => classScoreBins(reference, ["labelled"], j, k));
    const rest = (of: "sums" | "squares") =>
      positives[of].map((count, bin) => Math.max(0, all.reduce((sum, list) => sum + (list[of][bin] ?? 0), 0) - count));
    return { positives, negatives: { sums: rest("sums"), squares: rest("squares") } };
  });
  const now = classes.map((j) =>
    classes.map((k) => classScoreBins(current, rows === "all" ? ["unlabelled", "labelled"] : ["labelled"], j, k)),
  );
  const found = size === 0 ? null : expectedMulticlassPerformance(known, now, CONFIDENCE);
  if (found === null) return null;
  let [total, borrowed] = [0, 0];
  for (const [j, byClass] of now.entries()) {
    for (const [bin, count] of (byClass[j]?.sums ?? []).entries()) {
      total += count;
      if ((known[j]?.positives.sums[bin] ?? 0) + (known[j]?.negatives.sums[bin] ?? 0) === 0) borrowed += count;
    }
  }
  return {
    of: {
      estimated_accuracy: found.accuracy,
      estimated_balanced_accuracy: found.balancedAccuracy,
      estimated_macro_precision: found.macroPrecision,
      estimated_macro_f1: found.macroF1,
      estimated_mcc: found.mcc,
    },
    borrowed: borrowed / total,
  };
}

/** Rows predicted as class j, by the bins of class k's score. */
function classScoreBins(outcomes: OutcomeCounts, rows: readonly ClassScoreRows[], j: number, k: number): WeightedCounts {
  const parts = rows.map((kind) => weightedScores(outcomes, classScorePlace(kind, j, k), CLASS_SCORE_BINS));
  const together = (of: "sums" | "squares") =>
    Array.from({ length: CLASS_SCORE_BINS }, (_, bin) => parts.reduce((sum, part) => sum + (part[of][bin] ?? 0), 0));
  return { sums: together("sums"), squares: together("squares") };
}

function regressionEstimates(
  { edges, scale }: Extract<OutcomeGrid, { task: "regression" }>,
  reference: OutcomeCounts,
  current: OutcomeCounts,
  rows: "all" | "labelled",
): Estimates | null {
  const bins = edges.length;
  const counts = weightedBins(reference, "labelled", bins);
  const sums = weightedSums(reference, "absolute_error", bins);
  const squares = weightedSums(reference, "squared_error", bins);
  const learned = counts.sums.map((weight, bin): Moments | null =>
    weight === 0 ? null : momentsFromSums(weight, counts.squares[bin] ?? 0, [sums[bin] ?? 0], [[squares[bin] ?? 0]]),
  );
  const found = expectedLoss(learned, weightedBins(current, rows === "all" ? "predictions" : "labelled", bins), CONFIDENCE);
  if (found === null) return null;
  const { value, outcomeVariance, calibrationVariance, ci, borrowed } = found;
  const inUnits = {
    value: value * scale,
    outcomeVariance: outcomeVariance * scale ** 2,
    calibrationVariance: calibrationVariance * scale ** 2,
    ci: ci && ([ci[0] * scale, ci[1] * scale] as const),
  };
  return { of: { estimated_mae: inUnits }, borrowed };
}
