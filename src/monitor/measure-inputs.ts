import { binnedRows, noCounts, subtractCounts, type Counts } from "../model/counts.ts";
import { binCount, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import {
  DRIFT_METRICS,
  DRIFT_METRICS_BY_WINDOWS,
  type DriftMetric,
  type Measurement,
  type MeasurementDetail,
  type MeasurementStatus,
  type Metric,
  type QualityMetric,
} from "../model/measurement.ts";
import type { Millis, Window } from "../model/time.ts";
import { allAlikeChance } from "../stats/all-alike-chance.ts";
import { increasePValue } from "../stats/proportion.ts";
import { divergenceEvidence, LEAST_WINDOWS, rateEvidence, type CountedWindow, type HeldOutWindow } from "../stats/window-evidence.ts";
import { divergencesFor, type Divergence } from "./measure-subject.ts";
import { binnedDeviation, binnedQuantile, isInOneBin, onlyValue, rowsOutOfRange } from "./subject-bins.ts";
import { unitChange } from "./unit-change.ts";

/** With fewer rows than this nothing is said of a window, whatever a rule asks for. */
const LEAST_ROWS = 30;
/** A trailing reference with fewer rows than this has no range to speak of. */
const LEAST_TRAILING_ROWS = 200;

/** One subject of one version in one window, and what it is compared with. */
export type SubjectWindow = {
  readonly model: string;
  readonly version: string;
  readonly segment: string | null;
  readonly key: SubjectKey;
  readonly grid: SubjectGrid;
  readonly baseline: string;
  readonly window: Window;
  readonly current: Counts;
  readonly reference: Counts;
  /** The reference covers all the time it should; a half-filled trailing week is no reference. */
  readonly complete: boolean;
  /** Nulls of this subject, made once for a baseline; empty when the baseline carries no windows. */
  readonly usual: UsualWindows;
  /** Trailing references only: this window and those just before it, newest first, for dating a change of unit. */
  readonly recent: readonly { readonly from: Millis; readonly current: Counts; readonly reference: Counts }[];
};

/** What a reference's own windows look like when each is held out. */
export type UsualWindows = {
  divergence(metric: Metric): readonly HeldOutWindow[];
  rate(metric: RateMetric): readonly CountedWindow[];
  /** How many of its windows hold one value alone, and among how many. */
  constant(): { readonly constant: number; readonly windows: number };
};

export const NOTHING_USUAL: UsualWindows = { divergence: () => [], rate: () => [], constant: () => ({ constant: 0, windows: 0 }) };

/** Quality metrics of a feature that are shares of rows. */
export type RateMetric = Extract<
  QualityMetric,
  "missing_rate" | "type_mismatch_rate" | "non_finite_rate" | "unseen_rate" | "out_of_range_rate"
>;

/**
 * Nulls from a pinned baseline's windows, each held out against the rest of it. `windows` are those that say what is
 * usual, such as all of one hour of the day; `all` is every window there is. Computed when first asked for.
 */
export function usualWindows(grid: SubjectGrid, whole: Counts, windows: readonly Counts[], all = windows): UsualWindows {
  const divergences = new Map<string, readonly HeldOutWindow[]>();
  const rates = new Map<string, readonly CountedWindow[]>();
  return {
    divergence: (metric) =>
      remember(divergences, metric, () => {
        const divergence = divergencesFor(grid, whole).find((one) => one.metric === metric);
        if (!divergence) return [];
        return windows.flatMap((window) => {
          return heldOutDivergence(divergence, subtractCounts(whole, window), window);
        });
      }),
    rate: (metric) => remember(rates, metric, () => windows.map((window) => heldOutRate(metric, grid, whole, all, window))),
    constant: () => countConstant(grid, windows),
  };
}

function heldOutDivergence(divergence: Divergence, rest: Counts, window: Counts): HeldOutWindow[] {
  const value = divergence.value(rest, window);
  return value === null ? [] : [{ value: value * divergence.scale(rest, window), rows: binnedRows(window) }];
}

/**
 * A rate in a window held out from its reference. Nothing of a file lies outside its own range, so out-of-range rows
 * are those beyond the extremes of the other windows; unseen rows those of categories no other window holds.
 */
function heldOutRate(metric: RateMetric, grid: SubjectGrid, whole: Counts, windows: readonly Counts[], window: Counts): CountedWindow {
  switch (metric) {
    case "missing_rate":
    case "type_mismatch_rate":
    case "non_finite_rate":
      return withoutValue(metric, window);
    case "unseen_rate":
      return {
        successes: window.bins.reduce((sum, rows, bin) => (rows > 0 && rows === whole.bins[bin] ? sum + rows : sum), 0),
        rows: binnedRows(window),
      };
    case "out_of_range_rate": {
      const others = windows.filter((other) => other !== window);
      const low = Math.min(...others.map((other) => other.low ?? Infinity));
      const high = Math.max(...others.map((other) => other.high ?? -Infinity));
      return { successes: grid.kind === "numeric" ? rowsOutOfRange(grid, window, low, high) : 0, rows: binnedRows(window) };
    }
  }
}

/** Nulls for a trailing reference: each window of a file baseline against its own trailing stretch in that file. */
export function usualTrailing(grid: SubjectGrid, pairs: readonly { readonly window: Counts; readonly trailing: Counts }[]): UsualWindows {
  const divergences = new Map<string, readonly HeldOutWindow[]>();
  return {
    divergence: (metric) =>
      remember(divergences, metric, () =>
        pairs.flatMap(({ window, trailing }) => {
          const divergence = divergencesFor(grid, trailing).find((one) => one.metric === metric);
          return divergence ? heldOutDivergence(divergence, trailing, window) : [];
        }),
      ),
    rate: (metric) =>
      pairs.flatMap(({ window, trailing }) => {
        const counted = rateOf(metric, grid, trailing, window);
        return counted === null ? [] : [counted];
      }),
    constant: () =>
      countConstant(
        grid,
        pairs.map(({ window }) => window),
      ),
  };
}

function remember<T>(known: Map<string, T>, key: string, compute: () => T): T {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = compute()));
  return value;
}

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
    .map((divergence) => measureDivergence(subject, divergence, judged.has(divergence.metric)));
}

function measureDivergence(subject: SubjectWindow, divergence: Divergence, isJudged: boolean): Measurement {
  const { reference, current } = subject;
  const { metric } = divergence;
  const rows = { reference: binnedRows(reference), current: binnedRows(current) };
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

/** Beyond this p-value a window is too usual for a change of unit to be looked for. */
const WORTH_EXPLAINING = 0.01;

/** Medians on both sides; and where an unusual window could be a change of unit, which, and since when. */
function scaleDetail({ grid, reference, current, recent }: SubjectWindow, pValue: number | null): Pick<MeasurementDetail, "scale"> {
  if (grid.kind !== "numeric") return {};
  const then = binnedQuantile(grid, reference, 0.5);
  const now = binnedQuantile(grid, current, 0.5);
  if (then === null || now === null) return {};
  const medians = { reference: then, current: now };
  const claims =
    (pValue ?? 1) > WORTH_EXPLAINING
      ? []
      : recent.flatMap((one) => {
          const deviation = binnedDeviation(grid, one.reference);
          const claim = deviation ? unitChange(grid, one.reference, one.current, deviation) : null;
          return claim ? [{ ...claim, from: one.from }] : [];
        });
  const best = claims.reduce<(typeof claims)[number] | null>(
    (least, claim) => (least === null || claim.left < least.left ? claim : least),
    null,
  );
  if (best === null) return { scale: { ...medians, ratio: then === 0 ? 0 : now / then, unit: null } };
  const from = Math.min(...claims.filter((claim) => claim.name === best.name).map((claim) => claim.from));
  return { scale: { ...medians, ratio: best.ratio, unit: best.name, from } };
}

/** What is wrong with the values of one feature: rates, as tests of proportions, and whether it is one value alone. */
export function measureQuality(subject: SubjectWindow): Measurement[] {
  const metrics: RateMetric[] =
    subject.grid.kind === "numeric"
      ? ["missing_rate", "type_mismatch_rate", "non_finite_rate", "out_of_range_rate"]
      : ["missing_rate", "type_mismatch_rate", "unseen_rate"];
  return [...metrics.map((metric) => measureRate(subject, metric)), measureConstant(subject)];
}

function measureRate(subject: SubjectWindow, metric: RateMetric): Measurement {
  const { grid, reference, current } = subject;
  const then = isOfAllRows(metric) ? withoutValue(metric, reference) : { successes: 0, rows: binnedRows(reference) };
  const rows = { reference: then.rows, current: isOfAllRows(metric) ? withoutValue(metric, current).rows : binnedRows(current) };
  const status = statusOf(rows, subject.complete);
  const counted = rateOf(metric, grid, reference, current);
  if (status !== "ok") return measurement(subject, metric, rows, status, {});
  if (counted === null) {
    return measurement(subject, metric, rows, "insufficient", {
      detail: { note: "The reference holds a single value or too few rows: it has no range." },
    });
  }
  const windows = subject.usual.rate(metric);
  // Types do not come and go with the days: where no window holds another one, how windows vary has nothing to say.
  const isNew = metric !== "missing_rate" && isOfAllRows(metric) && windows.every(({ successes }) => successes === 0);
  const usual = isNew ? [] : windows;
  const evidence = rateEvidence(counted.successes, counted.rows, usual);
  const pValue = evidence?.pValue ?? increasePValue(then.successes, rows.reference, counted.successes, counted.rows);
  return measurement(subject, metric, rows, "ok", {
    value: counted.successes / counted.rows,
    expected: evidence?.expected ?? then.successes / rows.reference,
    pValue,
    evidence: evidence ? "baseline_windows" : "independent_rows",
    detail: {
      hits: counted.successes,
      ...(evidence ? { nullWindows: evidence.windows } : {}),
      ...(metric === "missing_rate" && counted.successes > 0 ? { without: partsWithout(current) } : {}),
      ...(metric === "out_of_range_rate" ? rangeDetail(reference, current) : {}),
      ...(metric === "out_of_range_rate" ? scaleDetail(subject, pValue) : {}),
    },
  });
}

type RateOfAllRows = Extract<RateMetric, "missing_rate" | "type_mismatch_rate" | "non_finite_rate">;

function isOfAllRows(metric: RateMetric): metric is RateOfAllRows {
  return metric === "missing_rate" || metric === "type_mismatch_rate" || metric === "non_finite_rate";
}

/** Rows without a usable value, among all; or among those that hold anything, the ones of another type, or not finite. */
function withoutValue(metric: RateOfAllRows, { rows, missing, unparsable, nonFinite }: Counts): CountedWindow {
  // A value of another type, or one that is no number, is of no more use than none.
  if (metric === "missing_rate") return { successes: missing + unparsable, rows };
  return { successes: metric === "non_finite_rate" ? nonFinite : unparsable - nonFinite, rows: rows - missing };
}

function partsWithout({ missing, unparsable, nonFinite }: Counts): NonNullable<MeasurementDetail["without"]> {
  const anotherType = unparsable - nonFinite;
  return {
    ...(missing > 0 ? { nothing: missing } : {}),
    ...(anotherType > 0 ? { anotherType } : {}),
    ...(nonFinite > 0 ? { notFinite: nonFinite } : {}),
  };
}

function rangeDetail(reference: Counts, current: Counts): Pick<MeasurementDetail, "range"> {
  if (reference.low === null || reference.high === null || current.low === null || current.high === null) return {};
  return { range: { low: reference.low, high: reference.high, currentLow: current.low, currentHigh: current.high } };
}

/** Rows of `current` that count for the rate; null where the reference cannot tell. */
function rateOf(metric: RateMetric, grid: SubjectGrid, reference: Counts, current: Counts): CountedWindow | null {
  switch (metric) {
    case "missing_rate":
    case "type_mismatch_rate":
    case "non_finite_rate":
      return withoutValue(metric, current);
    case "unseen_rate":
      return {
        successes: current.bins.reduce((sum, rows, bin) => ((reference.bins[bin] ?? 0) === 0 ? sum + rows : sum), 0),
        rows: binnedRows(current),
      };
    case "out_of_range_rate": {
      const { low, high } = reference;
      if (grid.kind !== "numeric" || low === null || high === null || low === high || binnedRows(reference) < LEAST_TRAILING_ROWS)
        return null;
      return { successes: rowsOutOfRange(grid, current, low, high), rows: binnedRows(current) };
    }
  }
}

/** Of windows with enough rows: how many hold one value alone. */
function countConstant(grid: SubjectGrid, windows: readonly Counts[]): { constant: number; windows: number } {
  const large = windows.filter((window) => binnedRows(window) >= LEAST_ROWS);
  return { constant: large.filter((window) => onlyValue(grid, window) !== null).length, windows: large.length };
}

/**
 * Whether a feature that varied in the reference is one value alone: 1 or 0. `expected` is the share of the baseline's own
 * windows that are so. Where any is, the p-value is that share, this window counted with them ((c + 1)/(k + 1)); where none
 * is, or there are fewer than eight, the chance that independent rows of the reference are all alike.
 */
function measureConstant(subject: SubjectWindow): Measurement {
  const { grid, reference, current } = subject;
  const rows = { reference: binnedRows(reference), current: binnedRows(current) };
  const status = statusOf(rows, subject.complete);
  if (status !== "ok") return measurement(subject, "constant", rows, status, {});
  const varied = grid.kind === "numeric" ? reference.low !== reference.high : reference.bins.filter((count) => count > 0).length > 1;
  const only = onlyValue(grid, current);
  const isUntold = only === null && isInOneBin(grid, current);
  if (!varied || isUntold) {
    const note = varied
      ? "All values are new to the bins, which cannot tell whether they are one and the same."
      : "The reference holds a single value: it never varied.";
    return measurement(subject, "constant", rows, "insufficient", { detail: { note } });
  }
  const usual = subject.usual.constant();
  const byWindows = usual.windows >= LEAST_WINDOWS && usual.constant > 0;
  const chance = byWindows ? (usual.constant + 1) / (usual.windows + 1) : allAlikeChance(reference.bins, rows.current);
  return measurement(subject, "constant", rows, "ok", {
    value: only === null ? 0 : 1,
    expected: usual.windows >= LEAST_WINDOWS ? usual.constant / usual.windows : chance,
    pValue: only === null ? 1 : chance,
    evidence: byWindows ? "baseline_windows" : "independent_rows",
    detail: { ...(byWindows ? { nullWindows: usual.windows } : {}), ...(only === null ? {} : { only }) },
  });
}

export function statusOf(rows: Measurement["rows"], complete: boolean): MeasurementStatus {
  if (rows.current === 0 || (rows.reference === 0 && complete)) return "no_data";
  return rows.current < LEAST_ROWS || rows.reference < LEAST_ROWS || !complete ? "insufficient" : "ok";
}

export function measurement(
  subject: Pick<SubjectWindow, "model" | "version" | "segment" | "baseline" | "window"> & {
    readonly key: SubjectKey | { readonly subject: "traffic" };
  },
  metric: Metric,
  rows: Measurement["rows"],
  status: MeasurementStatus,
  answer: Partial<Pick<Measurement, "value" | "expected" | "pValue" | "evidence" | "detail">>,
): Measurement {
  return {
    model: subject.model,
    version: subject.version,
    segment: subject.segment,
    subject: subject.key.subject,
    feature: subject.key.subject === "feature" ? subject.key.feature : null,
    baseline: subject.baseline,
    metric,
    from: subject.window.from,
    to: subject.window.to,
    value: answer.value ?? null,
    expected: answer.expected ?? null,
    pValue: answer.pValue ?? null,
    ci: null,
    rows,
    labelled: null,
    status,
    evidence: answer.evidence ?? null,
    revision: 1,
    detail: answer.detail ?? {},
  };
}

/** No rows of a subject: what stands in for counts that are not there. */
export function emptyCounts(grid: SubjectGrid): Counts {
  return noCounts(binCount(grid));
}
