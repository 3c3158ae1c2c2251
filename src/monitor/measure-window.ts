import type { Counts, OutcomeCounts } from "../model/counts.ts";
import { addCounts, addOutcomes } from "../model/counts.ts";
import { binCount, subjectId, type LabelKey, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import { JUDGED_DRIFT_METRICS, metricFamily, type Measurement, type MetricFamily } from "../model/measurement.ts";
import { labelCounts, labelGrid } from "../model/label-counts.ts";
import { realisedMetrics } from "../model/performance.ts";
import type { BaselineSettings } from "../model/settings.ts";
import { ceilTo, DAY, floorTo, type Millis, type Window } from "../model/time.ts";
import type { Traffic } from "../model/traffic.ts";
import { readBinEffects } from "../store/bin-effects.ts";
import type { Store } from "../store/store.ts";
import { breakOrDrift, SURE } from "./break-or-drift.ts";
import { checkConstraints, constraintMeasurement } from "./check-constraints.ts";
import { awaitingLabels } from "./label-drift.ts";
import { measureDrift, type DriftMetrics } from "./measure-drift.ts";
import { measureQuality } from "./measure-quality.ts";
import { emptyCounts } from "./subject-bins.ts";
import type { SubjectWindow } from "./subject-window.ts";
import { NOTHING_USUAL, usualTrailing, usualWindows, type UsualWindows } from "./usual-windows.ts";
import { estimatePerformance } from "./estimate-performance.ts";
import { measurePerformance } from "./measure-performance.ts";
import { measureTraffic, type TrafficWindow } from "./measure-traffic.ts";
import { effectsOf, explainWindow, withCauses } from "./root-cause.ts";
import {
  ACTIVE_FOR,
  evidenceBaselineFor,
  fileBaselineFor,
  rowsOfFile,
  rowsOfPeriod,
  trailingSpans,
  trailingStretch,
  type BaselineInputs,
  type BaselineOutcomes,
  type History,
  type ModelState,
  type PinnedRows,
  type SubjectCounts,
  type TrafficWithin,
} from "./model-state.ts";
import { createPinnedBaselines, remembered, type PinnedBaselines } from "./pinned.ts";
import { phaseOf, windowsOfSeason } from "./season.ts";

export const LABEL: LabelKey = { subject: "label", feature: "" };
/** Windows before this one in which a change of unit is looked for, to date it. */
const RECENT_WINDOWS = 3;

/**
 * Measures windows of one model. Holds what baselines look like (their counts and nulls) between calls: these
 * depend on the baseline and the window's length alone. A pinned period is no reference before it is over: by `asOf`,
 * up to which events are complete, or the window's own end, so that it does not matter when a window was measured.
 */
export type WindowMeasurer = {
  inputs(
    window: Window,
    families: readonly MetricFamily[],
    baselines: ReadonlySet<string>,
    history: History,
    metrics: DriftMetrics,
    /** Of which subjects; absent: of all. */
    isOf?: (key: SubjectKey | LabelKey) => boolean,
    asOf?: Millis,
  ): Promise<Measurement[]>;
  performance(window: Window, baselines: ReadonlySet<string>, history: History, pending: boolean, asOf?: Millis): Promise<Measurement[]>;
  /** Drift of the labels, which waits for them. */
  labels(
    window: Window,
    baselines: ReadonlySet<string>,
    history: History,
    pending: boolean,
    metrics: DriftMetrics,
    asOf?: Millis,
  ): Promise<Measurement[]>;
  /** Live events of these buckets were counted anew: what was remembered of a pinned period that holds one is not true any more. */
  forget(touched: readonly Millis[]): void;
  /** How much time before a window its measurement may read counts of. */
  lookBack(length: Millis, baselines: ReadonlySet<string>): Millis;
  /** How long after it a bucket may matter to a window: infinite when a pinned period holds it. */
  reach(baselines: ReadonlySet<string>, touched: readonly Millis[]): Millis;
};

export function createWindowMeasurer(store: Store, state: ModelState): WindowMeasurer {
  const files = createPinnedBaselines(store, state);
  let periods = createPinnedBaselines(store, state);
  const effectsByBaseline = remembered(async (pinned, length) => {
    const effects = await readBinEffects(store, pinned.rows, state.grid);
    const scale = state.outcomeGrid?.task === "regression" ? state.outcomeGrid.scale : 1;
    return effectsOf(state.grid, (await files.inputs(pinned, length)).whole, effects, scale);
  });

  function settingsOf(names: ReadonlySet<string>): BaselineSettings[] {
    return state.settings.baselines.filter((baseline) => names.has(baseline.name));
  }

  function lookBack(length: Millis, baselines: ReadonlySet<string>): Millis {
    const trailing = settingsOf(baselines).flatMap((baseline) =>
      baseline.kind === "trailing" ? [baseline.window + baseline.offset + RECENT_WINDOWS * length] : [],
    );
    return Math.max(0, ...trailing);
  }

  function reach(baselines: ReadonlySet<string>, touched: readonly Millis[]): Millis {
    return Math.max(
      ACTIVE_FOR,
      ...settingsOf(baselines).map((baseline) => {
        if (baseline.kind === "trailing") return baseline.window + baseline.offset + RECENT_WINDOWS * DAY;
        return holdsAny(baseline, touched) ? Infinity : 0;
      }),
    );
  }

  function forget(touched: readonly Millis[]): void {
    if (state.settings.baselines.some((baseline) => holdsAny(baseline, touched))) periods = createPinnedBaselines(store, state);
  }

  async function inputs(
    window: Window,
    families: readonly MetricFamily[],
    baselines: ReadonlySet<string>,
    history: History,
    metrics: DriftMetrics,
    isOf: (key: SubjectKey | LabelKey) => boolean = () => true,
    asOf = window.to,
  ): Promise<Measurement[]> {
    const current = history.inputs(window);
    const measured: Measurement[] = [];
    for (const version of activeVersions(history, window)) {
      const isChecked = families.includes("quality") && state.segment === "" && baselines.size > 0;
      const checked = isChecked ? await checkConstraints(store, state, { version, window, counts: current.get(version) }, isOf) : [];
      for (const settings of settingsOf(baselines)) {
        const subjects = await subjectWindows(settings, version, window, current.get(version) ?? new Map(), history, asOf);
        const found = subjects
          .filter(({ key }) => isOf(key))
          .flatMap((subject) => {
            const drift = families.includes("drift") ? measureDrift(subject, metrics) : null;
            const quality = families.includes("quality") && subject.key.subject === "feature" ? measureQuality(subject) : null;
            return onGrid(subject, withVerdict(subject, drift, quality));
          });
        const isDrift = ({ metric }: Measurement) => metricFamily(metric) === "drift";
        measured.push(...found.filter((one) => !isDrift(one)));
        if (families.includes("quality") && subjects.length > 0 && state.segment === "")
          measured.push(...measureTraffic(await trafficWindow(settings, version, window, subjects, history, asOf)));
        const reference = Math.max(0, ...subjects.map((one) => one.reference.rows));
        const where = { model: state.settings.name, version, baseline: settings.name, window };
        if (subjects.length > 0) measured.push(...checked.map((one) => constraintMeasurement(where, one, reference)));
        if (families.includes("drift")) measured.push(...(await explained(found.filter(isDrift), settings, version, window, history)));
      }
    }
    return measured;
  }

  /** With what could explain them, as far as a file baseline knows. */
  async function explained(
    measurements: readonly Measurement[],
    settings: BaselineSettings,
    version: string,
    window: Window,
    history: History,
  ): Promise<readonly Measurement[]> {
    const stored = settings.kind === "file" ? fileBaselineFor(state, settings.name, version) : null;
    const current = history.inputs(window).get(version);
    // What is known of the bins is known of all rows together, not of a segment's.
    if (stored === null || current === undefined || state.segment !== "") return measurements;
    return withCauses(measurements, explainWindow(await effectsByBaseline(rowsOfFile(stored), window.to - window.from), current));
  }

  /** Answers say which bins they rest on, and where nothing but the first rows made those. */
  function onGrid({ grid: { provisional } }: SubjectWindow, measured: readonly Measurement[]): Measurement[] {
    const basis = { grid: state.grid.version, ...(provisional ? { provisional } : {}) };
    return measured.map((one) => ({ ...one, detail: { ...one.detail, ...basis } }));
  }

  async function subjectWindows(
    settings: BaselineSettings,
    version: string,
    window: Window,
    current: SubjectCounts,
    history: History,
    asOf: Millis,
  ): Promise<SubjectWindow[]> {
    const length = window.to - window.from;
    const pinned = pinnedRows(settings, version, asOf);
    const usual = pinned ? await pinned.kept.inputs(pinned.rows, length) : null;
    const reference = referenceInputs(settings, version, window, usual, history, asOf);
    if (reference === null) return [];
    const recent = settings.kind === "trailing" ? recentWindows(settings, version, window, history) : [];
    return state.grid.subjects.map(({ key, grid }) => {
      const id = subjectId(key);
      return {
        model: state.settings.name,
        version,
        segment: state.segment || null,
        key,
        grid,
        baseline: settings.name,
        window,
        current: current.get(id) ?? emptyCounts(grid),
        reference: reference.counts.get(id) ?? emptyCounts(grid),
        complete: reference.complete,
        usual: pinned && usual ? usualFor(settings, pinned, window, id, grid, usual) : NOTHING_USUAL,
        recent: recent.map((one) => ({
          from: one.from,
          current: one.current.get(id) ?? emptyCounts(grid),
          reference: one.reference.get(id) ?? emptyCounts(grid),
        })),
      };
    });
  }

  async function trafficWindow(
    settings: BaselineSettings,
    version: string,
    window: Window,
    subjects: readonly SubjectWindow[],
    history: History,
    asOf: Millis,
  ): Promise<TrafficWindow> {
    const current = history.traffic([window], version);
    const { reference, stretch } = await referenceTraffic(settings, version, window, subjects, history, asOf);
    return {
      model: state.settings.name,
      version,
      baseline: settings.name,
      window,
      current,
      reference,
      complete: subjects.every(({ complete }) => complete),
      schema: schemaChanges(subjects, current),
      volume: stretch && {
        now: history.traffic([window]),
        windows: windowsBefore(window, stretch.span).map((one) => ({ ...one, traffic: stretch.traffic([one]) })),
      },
      served: stretch && windowsBefore(window, stretch.span).map((one) => ({ ...one, traffic: stretch.traffic([one], version) })),
    };
  }

  /** The rows a window's are compared with, and where those are of a stretch of live events, that with all that came in it. */
  async function referenceTraffic(
    settings: BaselineSettings,
    version: string,
    window: Window,
    subjects: readonly SubjectWindow[],
    history: History,
    asOf: Millis,
  ): Promise<{ reference: TrafficWindow["reference"]; stretch: { span: Window; traffic: TrafficWithin } | null }> {
    switch (settings.kind) {
      case "file":
        return {
          reference: { rows: Math.max(0, ...subjects.map(({ reference }) => reference.rows)), superseded: 0, unknownRows: 0 },
          stretch: null,
        };
      case "version":
        return { reference: history.traffic([window], settings.version), stretch: null };
      case "trailing":
        return {
          reference: history.traffic(trailingSpans(settings, window), version),
          stretch: { span: trailingStretch(settings, window), traffic: history.traffic },
        };
      case "period": {
        const pinned = pinnedRows(settings, version, asOf);
        const traffic = pinned ? await pinned.kept.traffic(pinned.rows) : null;
        // Before the period is over, it has no windows to compare with.
        const span = traffic ? { from: settings.from, to: settings.to } : { from: settings.from, to: settings.from };
        return {
          reference: (traffic ?? history.traffic)([span], settings.version ?? version),
          stretch: { span, traffic: traffic ?? history.traffic },
        };
      }
    }
  }

  /**
   * The rows that stand still whose own windows say what is usual: of the baseline itself, and beside a trailing
   * stretch of a file. Another version has the same days as this one, so nothing but chance tells them apart.
   */
  function pinnedRows(settings: BaselineSettings, version: string, asOf: Millis): { kept: PinnedBaselines; rows: PinnedRows } | null {
    if (settings.kind === "version") return null;
    if (settings.kind === "period")
      return asOf < settings.to ? null : { kept: periods, rows: rowsOfPeriod(state.settings.name, settings, version) };
    const stored = settings.kind === "file" ? fileBaselineFor(state, settings.name, version) : evidenceBaselineFor(state, version);
    return stored && { kept: files, rows: rowsOfFile(stored) };
  }

  function referenceInputs(
    settings: BaselineSettings,
    version: string,
    window: Window,
    pinned: BaselineInputs | null,
    history: History,
    asOf: Millis,
  ): { counts: SubjectCounts; complete: boolean } | null {
    switch (settings.kind) {
      case "file":
        return pinned && { counts: pinned.whole, complete: true };
      case "period":
        return { counts: pinned?.whole ?? new Map(), complete: asOf >= settings.to };
      case "version":
        return settings.version === version ? null : { counts: history.inputs(window).get(settings.version) ?? new Map(), complete: true };
      case "trailing": {
        return {
          counts: history.inputs(...trailingSpans(settings, window)).get(version) ?? new Map(),
          complete: coversAllDays(trailingStretch(settings, window), version, history),
        };
      }
    }
  }

  /** Trailing references: every day of it has rows. Others are what they are. */
  function coversAllDays(span: Window, version: string, history: History): boolean {
    const step = Math.min(DAY, span.to - span.from);
    for (let from = span.from; from < span.to; from += step) {
      if (!history.versions({ from, to: from + step }).has(version)) return false;
    }
    return true;
  }

  function recentWindows(settings: Extract<BaselineSettings, { kind: "trailing" }>, version: string, window: Window, history: History) {
    const length = window.to - window.from;
    return Array.from({ length: RECENT_WINDOWS }, (_, back) => {
      const earlier = { from: window.from - back * length, to: window.to - back * length };
      return {
        from: earlier.from,
        current: history.inputs(earlier).get(version) ?? new Map(),
        reference: history.inputs(...trailingSpans(settings, earlier)).get(version) ?? new Map(),
      };
    });
  }

  function usualFor(
    settings: BaselineSettings,
    { kept, rows }: { kept: PinnedBaselines; rows: PinnedRows },
    window: Window,
    id: string,
    grid: SubjectGrid,
    usual: BaselineInputs,
  ): UsualWindows {
    const length = window.to - window.from;
    const season = settings.kind === "version" ? undefined : settings.season;
    const phase = settings.kind === "trailing" ? 0 : phaseOf(window.from, season);
    return kept.usual(JSON.stringify([settings.name, rows.key, length, id, phase]), () => {
      const whole = usual.whole.get(id);
      if (!whole) return NOTHING_USUAL;
      if (settings.kind === "trailing") {
        const all = usual.windows.map(({ from, counts }) => ({ from, own: counts.get(id) ?? emptyCounts(grid) }));
        return usualTrailing(grid, trailingPairs(settings, length, grid, all));
      }
      const windows = usual.windows.flatMap(({ from, counts }) => {
        const own = counts.get(id);
        return own ? [{ from, own }] : [];
      });
      return usualWindows(
        grid,
        whole,
        windowsOfSeason(windows, window.from, season).map(({ own }) => own),
        windows.map(({ own }) => own),
      );
    });
  }

  async function performance(
    window: Window,
    baselines: ReadonlySet<string>,
    history: History,
    pending: boolean,
    asOf = window.to,
  ): Promise<Measurement[]> {
    const current = history.outcomes(window);
    const measured: Measurement[] = [];
    if (state.outcomeGrid === null) return measured;
    const { settings: model } = state;
    const evaluation = {
      grid: state.outcomeGrid,
      value: model.value ?? null,
      ...(model.quantile === undefined ? {} : { quantile: model.quantile }),
    };
    const metrics = realisedMetrics(model);
    for (const version of activeVersions(history, window)) {
      const rows = current.get(version) ?? addOutcomes([]);
      const compared = settingsOf(baselines);
      if (compared.length === 0)
        measured.push(
          ...measurePerformance({
            model: state.settings.name,
            version,
            segment: state.segment || null,
            window,
            baseline: null,
            evaluation,
            metrics,
            current: rows,
            reference: null,
            windows: [],
            pending,
          }),
        );
      for (const settings of compared) {
        if (settings.kind === "version" && settings.version === version) continue;
        const pinned = pinnedRows(settings, version, asOf);
        const usual = pinned ? await pinned.kept.outcomes(pinned.rows, window.to - window.from) : null;
        const subject = {
          model: state.settings.name,
          version,
          segment: state.segment || null,
          window,
          baseline: settings.name,
          evaluation,
          metrics,
          current: rows,
          reference: referenceOutcomes(settings, version, window, usual, history),
          windows: usual ? usualOutcomes(settings, usual, window) : [],
          pending,
        };
        const found = [...measurePerformance(subject), ...estimatePerformance(subject)];
        measured.push(...(await explained(found, settings, version, window, history)));
      }
    }
    return measured;
  }

  async function labels(
    window: Window,
    baselines: ReadonlySet<string>,
    history: History,
    pending: boolean,
    metrics: DriftMetrics,
    asOf = window.to,
  ): Promise<Measurement[]> {
    const { outcomeGrid } = state;
    // What is relevant to one list says nothing of what is to another: there is nothing to drift.
    if (outcomeGrid === null || outcomeGrid.task === "ranking") return [];
    const provisional = state.grid.subjects.some(({ key, grid }) => key.subject === "prediction" && grid.provisional);
    const grid = labelGrid(outcomeGrid, provisional);
    const countsOf = (outcomes: OutcomeCounts) => labelCounts(outcomes, outcomeGrid, grid);
    const current = history.outcomes(window);
    const measured: Measurement[] = [];
    for (const version of activeVersions(history, window)) {
      const rows = current.get(version) ?? addOutcomes([]);
      for (const settings of settingsOf(baselines)) {
        if (settings.kind === "version" && settings.version === version) continue;
        const pinned = pinnedRows(settings, version, asOf);
        const usual = pinned ? await pinned.kept.outcomes(pinned.rows, window.to - window.from) : null;
        const reference = referenceOutcomes(settings, version, window, usual, history);
        // Baselines need not have labels.
        if (reference === null || reference.labelled === 0) continue;
        const subject: SubjectWindow = {
          model: state.settings.name,
          version,
          segment: state.segment || null,
          key: LABEL,
          grid,
          baseline: settings.name,
          window,
          current: countsOf(rows),
          reference: countsOf(reference),
          complete: settings.kind !== "trailing" || coversAllDays(trailingStretch(settings, window), version, history),
          usual: pinned && usual ? usualLabels(settings, pinned, window, grid, usual, countsOf) : NOTHING_USUAL,
          recent: [],
        };
        measured.push(...onGrid(subject, measureDrift(subject, metrics)).map((one) => awaitingLabels(one, rows, pending)));
      }
    }
    return measured;
  }

  function usualLabels(
    settings: BaselineSettings,
    { kept, rows }: { kept: PinnedBaselines; rows: PinnedRows },
    window: Window,
    grid: SubjectGrid,
    usual: BaselineOutcomes,
    countsOf: (outcomes: OutcomeCounts) => Counts,
  ): UsualWindows {
    const length = window.to - window.from;
    const season = settings.kind === "version" ? undefined : settings.season;
    const phase = settings.kind === "trailing" ? 0 : phaseOf(window.from, season);
    return kept.usual(JSON.stringify([settings.name, rows.key, length, "label", phase]), () => {
      const windows = usual.windows.map(({ from, outcomes }) => ({ from, own: countsOf(outcomes) }));
      if (settings.kind === "trailing") return usualTrailing(grid, trailingPairs(settings, length, grid, windows));
      const alike = windowsOfSeason(windows, window.from, season).map(({ own }) => own);
      return usualWindows(
        grid,
        countsOf(usual.whole),
        alike,
        windows.map(({ own }) => own),
      );
    });
  }

  function referenceOutcomes(
    settings: BaselineSettings,
    version: string,
    window: Window,
    pinned: BaselineOutcomes | null,
    history: History,
  ): OutcomeCounts | null {
    switch (settings.kind) {
      case "file":
      case "period":
        return pinned?.whole ?? null;
      case "version":
        return history.outcomes(window).get(settings.version) ?? null;
      case "trailing":
        return history.outcomes(...trailingSpans(settings, window)).get(version) ?? null;
    }
  }

  return { inputs, performance, labels, forget, lookBack, reach };
}

function usualOutcomes(settings: BaselineSettings, { windows }: BaselineOutcomes, { from }: Window): OutcomeCounts[] {
  const season = settings.kind === "version" ? undefined : settings.season;
  return windowsOfSeason(windows, from, season).map(({ outcomes }) => outcomes);
}

/** Whether a baseline is a pinned period with one of these buckets in it. */
function holdsAny(baseline: BaselineSettings, touched: readonly Millis[]): boolean {
  return baseline.kind === "period" && touched.some((bucket) => bucket >= baseline.from && bucket < baseline.to);
}

/** Versions with a row in the window or shortly before it, by name. */
export function activeVersions(history: History, window: Window): string[] {
  const span = { from: Math.min(window.from, window.to - ACTIVE_FOR), to: window.to };
  return [...history.versions(span)].sort();
}

/** What the verdict on a break rests on. */
const JUDGED: DriftMetrics = { measured: new Set(JUDGED_DRIFT_METRICS), judged: new Set(JUDGED_DRIFT_METRICS) };

/** The measurements of one subject, with what they add up to wherever one is more than chance; what was not asked for is measured for that alone. */
function withVerdict(subject: SubjectWindow, drift: Measurement[] | null, quality: Measurement[] | null): Measurement[] {
  const asked = [...(drift ?? []), ...(quality ?? [])];
  const isSure = ({ status, pValue }: Measurement) => status === "ok" && (pValue ?? 1) <= SURE;
  if (!asked.some(isSure)) return asked;
  const verdict = breakOrDrift(subject, [...(drift ?? measureDrift(subject, JUDGED)), ...(quality ?? measureQuality(subject))]);
  return verdict.kind === "none" ? asked : asked.map((one) => (isSure(one) ? { ...one, detail: { ...one.detail, verdict } } : one));
}

/** The windows within a stretch that lie a whole number of their lengths before or after this one. */
function windowsBefore({ from, to }: Window, stretch: Window): Window[] {
  const length = to - from;
  const windows: Window[] = [];
  for (let start = from - floorTo(from - stretch.from, length); start + length <= stretch.to; start += length) {
    if (start !== from) windows.push({ from: start, to: start + length });
  }
  return windows;
}

/** Names told of each kind of change. */
const MOST_NAMES = 20;

/** Features without a value that had one, features that no reference knows, and features most of whose values are of another type. */
function schemaChanges(subjects: readonly SubjectWindow[], current: Traffic): TrafficWindow["schema"] {
  const features = subjects.filter(({ key }) => key.subject === "feature");
  const names = (list: readonly SubjectWindow[]) =>
    list.slice(0, MOST_NAMES).map(({ key }) => (key.subject === "feature" ? key.feature : ""));
  return {
    gone: names(
      features.filter(
        (one) => one.current.rows > 0 && one.current.missing === one.current.rows && one.reference.missing < one.reference.rows,
      ),
    ),
    added: [...current.unknown.keys()].sort().slice(0, MOST_NAMES),
    retyped: names(
      features.filter(({ current: { rows, missing, unparsable, nonFinite } }) => 2 * (unparsable - nonFinite) > rows - missing),
    ),
  };
}

/** Windows of a file baseline, each with the trailing stretch before it, where that is whole. */
function trailingPairs(
  settings: Extract<BaselineSettings, { kind: "trailing" }>,
  length: Millis,
  grid: SubjectGrid,
  windows: readonly { readonly from: Millis; readonly own: Counts }[],
) {
  const byStart = new Map(windows.map(({ from, own }) => [from, own]));
  return [...byStart].flatMap(([from, window]) => {
    const parts = trailingSpans(settings, { from, to: from + length }).flatMap((span) => {
      const first = from - ceilTo(from - span.from, length);
      return Array.from({ length: Math.ceil((span.to - first) / length) }, (_, index) => byStart.get(first + index * length));
    });
    const whole = parts.flatMap((part) => part ?? []);
    return whole.length > 0 && whole.length === parts.length ? [{ window, trailing: addCounts(whole, binCount(grid)) }] : [];
  });
}
