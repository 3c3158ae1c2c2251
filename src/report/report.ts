import type { RetrainRun } from "../model/retraining.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Metric } from "../model/metric.ts";
import { leadMetric, performanceMetrics } from "../model/performance.ts";
import type { ModelSettings } from "../model/settings.ts";
import { DAY, floorTo, formatDuration, type Millis, type Window } from "../model/time.ts";
import { readAlertPage } from "../store/alert-pages.ts";
import type { Alert } from "../store/alerts.ts";
import { readRetrainRuns } from "../store/retrain-runs.ts";
import { readMeasuredKinds, type MeasuredKind } from "../store/measurement-pages.ts";
import { readMeasurements } from "../store/measurements.ts";
import type { Store } from "../store/store.ts";
import { readVersions, readVolume, type ModelVersion, type Volume } from "../store/versions.ts";
import { driftByVersion, type VersionDrift } from "./drift.ts";

const DEFAULT_SPAN = 60 * DAY;

export type PerformancePoint = {
  readonly from: Millis;
  readonly to: Millis;
  readonly value: number | null;
  readonly ci: readonly [number, number] | null;
  readonly reference: number | null;
  readonly predictions: number;
  readonly labelled: number;
  /** The share of predictions whose label is known. */
  readonly coverage: number | null;
  /** The coverage there will be in the end, where that is known. */
  readonly finalCoverage: number | null;
  readonly status: Measurement["status"];
};

type PerformanceSeries = { readonly version: string; readonly metric: Metric; readonly points: readonly PerformancePoint[] };

/** One model's story over a stretch of time, as data. */
export type ModelReport = {
  readonly model: string;
  readonly task: ModelSettings["task"];
  /** The metric that it is told by first. */
  readonly lead: Metric;
  readonly window: Window;
  /** Set when the story is that of one version. */
  readonly version: string | null;
  readonly versions: readonly ModelVersion[];
  /** Rows by day and version. */
  readonly volume: readonly Volume[];
  /** What drift is measured against, and over windows of which length; null when none was. */
  readonly drift: { readonly baseline: string | null; readonly windowMs: Millis; readonly versions: readonly VersionDrift[] } | null;
  /** Subjects by the effect (value less expected) in their newest window, largest first. */
  readonly movers: readonly Measurement[];
  readonly performance: { readonly windowMs: Millis; readonly series: readonly PerformanceSeries[] } | null;
  readonly alerts: readonly Alert[];
  readonly retrains: readonly RetrainRun[];
  /** What is not known, in sentences. */
  readonly missing: readonly string[];
};

export type ReportQuery = {
  readonly store: Store;
  readonly model: ModelSettings;
  readonly from?: Millis;
  readonly to?: Millis;
  readonly version?: string;
};

export async function modelReport(query: ReportQuery): Promise<ModelReport> {
  const { store, model, version } = query;
  const versions = (await readVersions(store, model.name)).filter((one) => version === undefined || one.version === version);
  const kinds = await readMeasuredKinds(store, model.name);
  const window = windowOf(query, versions, kinds);
  const kind = preferredKind(model, kinds, ["wasserstein", "psi"]);
  const lead = leadMetric(model);
  const scored = preferredKind(model, kinds, [lead]);
  const drift = kind && {
    baseline: kind.baseline,
    windowMs: kind.windowMs,
    versions: driftByVersion(await driftMeasurements(query, kind, window)),
  };
  const performance = scored && {
    windowMs: scored.windowMs,
    series: performanceSeries(await performanceMeasurements(query, scored, window)),
  };
  const story = {
    model: model.name,
    task: model.task,
    lead,
    window,
    version: version ?? null,
    versions,
    volume: (await readVolume(store, model.name, window, DAY)).filter((one) => version === undefined || one.version === version),
    drift,
    movers: (drift?.versions ?? [])
      .flatMap((one) => one.subjects.flatMap(({ newest }) => (newest?.status === "ok" ? [newest] : [])))
      .sort((a, b) => effectOf(b) - effectOf(a))
      .slice(0, 10),
    performance,
    alerts: (await readAlertPage(store, { model: model.name }, 500, null)).filter(
      (alert) =>
        (version === undefined || alert.key.version === version) &&
        alert.since < window.to &&
        (alert.window.to > window.from || alert.state !== "resolved"),
    ),
    retrains: (await readRetrainRuns(store, { model: model.name, limit: 100 })).filter(
      (run) => version === undefined || run.version === version,
    ),
  };
  return { ...story, missing: missingWords(model, story) };
}

export function effectOf(m: Pick<Measurement, "value" | "expected">): number {
  return m.value === null ? Number.NEGATIVE_INFINITY : m.value - (m.expected ?? 0);
}

/** The stretch asked for; where an end is open, the newest sixty days there is anything of. */
function windowOf(query: ReportQuery, versions: readonly ModelVersion[], kinds: readonly MeasuredKind[]): Window {
  const newest = Math.max(0, ...versions.map((version) => version.lastSeen + query.model.bucket), ...kinds.map((kind) => kind.newest));
  const first = Math.min(...versions.map((version) => floorTo(version.firstSeen, DAY)));
  const to = query.to ?? newest;
  return { from: query.from ?? Math.max(0, to - DEFAULT_SPAN, Number.isFinite(first) && first < to ? first : 0), to };
}

/** Of what was measured: file baselines before others, days before other lengths. */
function preferredKind(model: ModelSettings, kinds: readonly MeasuredKind[], metrics: readonly Metric[]): MeasuredKind | null {
  const files = new Set(model.baselines.filter((baseline) => baseline.kind === "file").map((baseline) => baseline.name));
  const rank = (kind: MeasuredKind) =>
    (kind.baseline !== null && files.has(kind.baseline) ? 4 : kind.baseline === null ? 0 : 1) + (kind.windowMs === DAY ? 8 : 0);
  const fitting = kinds.filter((kind) => metrics.includes(kind.metric));
  return [...fitting].sort((a, b) => rank(b) - rank(a) || a.windowMs - b.windowMs || b.windows - a.windows)[0] ?? null;
}

async function driftMeasurements(query: ReportQuery, kind: MeasuredKind, window: Window): Promise<Measurement[]> {
  const both = [];
  for (const metric of ["wasserstein", "psi"]) both.push(...(await measurementsOf(query, { ...kind, metric }, window)));
  return both;
}

async function performanceMeasurements(query: ReportQuery, kind: MeasuredKind, window: Window): Promise<Measurement[]> {
  const all = [];
  for (const metric of performanceMetrics(query.model)) all.push(...(await measurementsOf(query, { ...kind, metric }, window)));
  return all;
}

async function measurementsOf(
  query: ReportQuery,
  kind: { metric: string; baseline: string | null; windowMs: Millis },
  window: Window,
): Promise<Measurement[]> {
  const { store, model, version } = query;
  return readMeasurements(store, {
    model: model.name,
    metric: kind.metric,
    baseline: kind.baseline ?? "",
    windowMs: kind.windowMs,
    after: window.from,
    upTo: window.to,
    ...(version === undefined ? {} : { version }),
  });
}

function performanceSeries(measurements: readonly Measurement[]): PerformanceSeries[] {
  const series = new Map<string, { version: string; metric: Metric; points: PerformancePoint[] }>();
  for (const m of measurements) {
    const key = JSON.stringify([m.metric, m.version]);
    let one = series.get(key);
    if (!one) series.set(key, (one = { version: m.version, metric: m.metric, points: [] }));
    one.points.push({
      from: m.from,
      to: m.to,
      value: m.value,
      ci: m.ci,
      reference: m.detail.reference ?? m.expected,
      predictions: m.rows.current,
      labelled: m.labelled ?? 0,
      coverage: m.detail.labelCoverage ?? null,
      finalCoverage: m.detail.labels?.final ?? null,
      status: m.status,
    });
  }
  const newest = (one: PerformanceSeries) => one.points.at(-1)?.to ?? 0;
  return [...series.values()].filter((one) => one.points.some((point) => point.predictions > 0)).sort((a, b) => newest(b) - newest(a));
}

function missingWords(model: ModelSettings, story: Omit<ModelReport, "missing">): string[] {
  const words: string[] = [];
  if (story.versions.length === 0) return ["No prediction of this model has been counted yet."];
  if (story.volume.length === 0) words.push("No prediction falls in this stretch of time.");
  if (model.baselines.length === 0) words.push("The model has no baseline, so there is nothing to compare its features with.");
  else if (story.drift === null)
    words.push("Drift has not been measured yet: a window is measured once its time has passed and a rule asks for it.");
  const statuses = (story.drift?.versions ?? []).flatMap((one) =>
    one.subjects.flatMap((subject) => subject.cells.map((cell) => cell.status)),
  );
  const few = statuses.filter((status) => status === "insufficient").length;
  if (few > 0)
    words.push(`${few.toLocaleString("en-US")} of ${statuses.length.toLocaleString("en-US")} drift measurements had too few rows to tell.`);
  if (story.performance === null) words.push("Performance has not been measured yet.");
  const rows = story.volume.reduce((sum, one) => sum + one.rows, 0);
  const labelled = story.volume.reduce((sum, one) => sum + one.labelled, 0);
  if (rows > 0 && labelled === 0) words.push("No label has arrived for these predictions, so how right the model was is unknown.");
  const pending = new Set(
    (story.performance?.series ?? []).flatMap((one) =>
      one.points.filter((point) => point.status === "labels_pending").map((point) => point.from),
    ),
  ).size;
  if (pending > 0)
    words.push(
      `Labels of the ${pending === 1 ? "newest window are" : `newest ${pending} windows are`} still expected (within ${formatDuration(model.labelsExpectedWithin)}).`,
    );
  return words;
}
