import { binnedRows } from "../model/counts.ts";
import type { Measurement, MeasurementDetail } from "../model/measurement.ts";
import { DRIFT_METRICS, DRIFT_METRICS_BY_WINDOWS, type DriftMetric } from "../model/metric.ts";
import { divergenceEvidence } from "../stats/window-evidence.ts";
import { statusOf } from "./enough-rows.ts";
import { divergencesFor, type Divergence } from "./measure-subject.ts";
import { scaleDetail } from "./scale-detail.ts";
import { measurement, type SubjectWindow } from "./subject-window.ts";

/** With all rows in one bin, or too few beside it, there is no change to be measured. */
const NOTHING_TO_COMPARE = "There are not two bins with enough rows to compare.";
/** Bins told of a metric that something judges by, and of others. */
const MOST_BINS = { judged: 5, other: 3 };

/** Which divergences are wanted of a subject. */
export type DriftMetrics = {
  readonly measured: ReadonlySet<DriftMetric>;
  /** Those that something judges by: held against the baseline's own windows, and told in full. */
  readonly judged: ReadonlySet<DriftMetric>;
};

const ALL: DriftMetrics = { measured: new Set(DRIFT_METRICS), judged: new Set(DRIFT_METRICS_BY_WINDOWS) };

/** Drift of one subject: every divergence that suits it and is wanted. */
export function measureDrift(subject: SubjectWindow, { measured, judged } = ALL): Measurement[] {
  return divergencesFor(subject.grid, subject.reference)
    .filter(({ metric }) => measured.has(metric))
    .map((divergence) => contained(subject, divergence, judged.has(divergence.metric)));
}

/** A fault in one metric of one feature is an answer like others, with a name: it must keep nothing else from being measured. */
function contained(subject: SubjectWindow, divergence: Divergence, isJudged: boolean): Measurement {
  const rows = { reference: binnedRows(subject.reference), current: binnedRows(subject.current) };
  try {
    return measureDivergence(subject, divergence, isJudged, rows);
  } catch (error) {
    const note = `It could not be computed, which is a fault of the program (please report it): ${String(error)}`;
    return measurement(subject, divergence.metric, rows, "error", { detail: { note } });
  }
}

function measureDivergence(subject: SubjectWindow, divergence: Divergence, isJudged: boolean, rows: Measurement["rows"]): Measurement {
  const { reference, current } = subject;
  const { metric } = divergence;
  const status = statusOf(rows, subject.complete);
  const value = status === "ok" || status === "insufficient" ? divergence.value(reference, current) : null;
  if (value === null) {
    return status === "ok"
      ? measurement(subject, metric, rows, "insufficient", { detail: { note: NOTHING_TO_COMPARE } })
      : measurement(subject, metric, rows, status, {});
  }
  const scale = divergence.scale(reference, current);
  const evidence = isJudged
    ? divergenceEvidence(value * scale, rows.current, subject.usual.divergence(metric), divergence.noiseFloor, divergence.power)
    : null;
  const floor = divergence.noiseFloor(rows.current) / scale;
  const pValue = evidence?.pValue ?? divergence.independentPValue(value, reference, current);
  return measurement(subject, metric, rows, status, {
    value,
    expected: evidence ? evidence.expected / scale : floor,
    pValue,
    evidence: evidence ? "baseline_windows" : "independent_rows",
    detail: driftDetail(subject, divergence, isJudged, floor, pValue, evidence?.windows),
  });
}

function driftDetail(
  subject: SubjectWindow,
  divergence: Divergence,
  isJudged: boolean,
  floor: number,
  pValue: number | null,
  windows: number | undefined,
): MeasurementDetail {
  const { reference, current } = subject;
  const bracket = divergence.bracket(reference, current);
  return {
    bins: divergence.topBins(reference, current, isJudged ? MOST_BINS.judged : MOST_BINS.other),
    detectable: floor * (divergence.significance - 1),
    ...(bracket ? { bracket } : {}),
    ...(windows === undefined ? {} : { nullWindows: windows }),
    ...(isJudged ? scaleDetail(subject, pValue) : {}),
  };
}
