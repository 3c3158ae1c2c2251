import type { OutcomeCounts } from "../model/counts.ts";
import { addCounts, addOutcomes } from "../model/counts.ts";
import { binCount, subjectId, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import { JUDGED_DRIFT_METRICS, metricFamily, type Measurement, type MetricFamily } from "../model/measurement.ts";
import type { BaselineSettings } from "../model/settings.ts";
import { DAY, floorTo, type Millis, type Window } from "../model/time.ts";
import type { Traffic } from "../model/traffic.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { readBinEffects } from "../store/bin-effects.ts";
import type { Store } from "../store/store.ts";
import { breakOrDrift, SURE } from "./break-or-drift.ts";
import {
  emptyCounts,
  measureDrift,
  measureQuality,
  NOTHING_USUAL,
  usualTrailing,
  usualWindows,
  type DriftMetrics,
  type SubjectWindow,
  type UsualWindows,
} from "./measure-inputs.ts";
import { estimatePerformance } from "./estimate-performance.ts";
import { measurePerformance } from "./measure-performance.ts";
import { measureTraffic, type TrafficWindow } from "./measure-traffic.ts";
import { effectsOf, explainWindow, withCauses } from "./root-cause.ts";
import {
  ACTIVE_FOR,
  evidenceBaselineFor,
  fileBaselineFor,
  liveReferenceWindow,
  loadBaselineInputs,
  loadBaselineOutcomes,
  type BaselineInputs,
  type BaselineOutcomes,
  type History,
  type ModelState,
  type SubjectCounts,
} from "./model-state.ts";

/** Windows before this one in which a change of unit is looked for, to date it. */
const RECENT_WINDOWS = 3;

/**
 * Measures windows of one model. Holds what baselines look like (their counts and nulls) between calls: these
 * depend on the baseline and the window's length alone.
 */
export type WindowMeasurer = {
  inputs(
    window: Window,
    families: readonly MetricFamily[],
    baselines: ReadonlySet<string>,
    history: History,
    metrics: DriftMetrics,
    /** Of which subjects; absent: of all. */
    isOf?: (key: SubjectKey) => boolean,
  ): Promise<Measurement[]>;
  performance(window: Window, baselines: ReadonlySet<string>, history: History, pending: boolean): Promise<Measurement[]>;
  /** How much time before a window its measurement may read counts of. */
  lookBack(length: Millis, baselines: ReadonlySet<string>): Millis;
  /** How long after it a bucket may matter to a window: infinite when a pinned period holds it. */
  reach(baselines: ReadonlySet<string>, touched: readonly Millis[]): Millis;
};

export function createWindowMeasurer(store: Store, state: ModelState): WindowMeasurer {
  const inputsOf = remembered((baseline: StoredBaseline, length: Millis) => loadBaselineInputs(store, state, baseline, length));
  const outcomesOf = remembered((baseline: StoredBaseline, length: Millis) => loadBaselineOutcomes(store, state, baseline, length));
  const usualOf = new Map<string, UsualWindows>();
  const effectsByBaseline = remembered(async (baseline: StoredBaseline, length: Millis) => {
    const effects = await readBinEffects(store, { model: baseline.model, baseline: baseline.key }, state.grid);
    const scale = state.outcomeGrid?.task === "regression" ? state.outcomeGrid.scale : 1;
    return effectsOf(state.grid, (await inputsOf(baseline, length)).whole, effects, scale);
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
        return baseline.kind === "period" && touched.some((bucket) => bucket >= baseline.from && bucket < baseline.to) ? Infinity : 0;
      }),
    );
  }

  async function inputs(
    window: Window,
    families: readonly MetricFamily[],
    baselines: ReadonlySet<string>,
    history: History,
    metrics: DriftMetrics,
    isOf: (key: SubjectKey) => boolean = () => true,
  ): Promise<Measurement[]> {
    const current = history.inputs(window);
    const measured: Measurement[] = [];
    for (const version of activeVersions(history, window)) {
      for (const settings of settingsOf(baselines)) {
        const subjects = await subjectWindows(settings, version, window, current.get(version) ?? new Map(), history);
        const found = subjects
          .filter(({ key }) => isOf(key))
          .flatMap((subject) => {
            const drift = families.includes("drift") ? measureDrift(subject, metrics) : null;
            const quality = families.includes("quality") && subject.key.subject === "feature" ? measureQuality(subject) : null;
            return withVerdict(subject, drift, quality);
          });
        const isDrift = ({ metric }: Measurement) => metricFamily(metric) === "drift";
        measured.push(...found.filter((one) => !isDrift(one)));
        if (families.includes("quality") && subjects.length > 0 && state.segment === "")
          measured.push(...measureTraffic(trafficWindow(settings, version, window, subjects, history)));
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
    return withCauses(measurements, explainWindow(await effectsByBaseline(stored, window.to - window.from), current));
  }

  async function subjectWindows(
    settings: BaselineSettings,
    version: string,
    window: Window,
    current: SubjectCounts,
    history: History,
  ): Promise<SubjectWindow[]> {
    const length = window.to - window.from;
    const stored = evidenceBaselineFor(state, settings, version);
    const usual = stored ? await inputsOf(stored, length) : null;
    const reference = referenceInputs(settings, version, window, usual, history);
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
        usual: stored && usual ? usualFor(settings, stored, length, id, grid, usual) : NOTHING_USUAL,
        recent: recent.map((one) => ({
          from: one.from,
          current: one.current.get(id) ?? emptyCounts(grid),
          reference: one.reference.get(id) ?? emptyCounts(grid),
        })),
      };
    });
  }

  function trafficWindow(
    settings: BaselineSettings,
    version: string,
    window: Window,
    subjects: readonly SubjectWindow[],
    history: History,
  ): TrafficWindow {
    const current = history.traffic(window, version);
    const isStretch = settings.kind === "trailing" || settings.kind === "period";
    const of = settings.kind === "version" ? settings.version : version;
    return {
      model: state.settings.name,
      version,
      baseline: settings.name,
      window,
      current,
      reference:
        settings.kind === "file"
          ? { rows: Math.max(0, ...subjects.map(({ reference }) => reference.rows)), superseded: 0, unknownRows: 0 }
          : history.traffic(liveReferenceWindow(settings, window), of),
      complete: subjects.every(({ complete }) => complete),
      schema: schemaChanges(subjects, current),
      volume: isStretch
        ? {
            now: history.traffic(window),
            windows: windowsBefore(window, liveReferenceWindow(settings, window)).map((one) => ({ ...one, traffic: history.traffic(one) })),
          }
        : null,
    };
  }

  function referenceInputs(
    settings: BaselineSettings,
    version: string,
    window: Window,
    usual: BaselineInputs | null,
    history: History,
  ): { counts: SubjectCounts; complete: boolean } | null {
    if (settings.kind === "file") return usual && { counts: usual.whole, complete: true };
    if (settings.kind === "version")
      return settings.version === version ? null : { counts: history.inputs(window).get(settings.version) ?? new Map(), complete: true };
    const span = liveReferenceWindow(settings, window);
    return { counts: history.inputs(span).get(version) ?? new Map(), complete: coversAllDays(span, version, history) };
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
        reference: history.inputs(liveReferenceWindow(settings, earlier)).get(version) ?? new Map(),
      };
    });
  }

  function usualFor(
    settings: BaselineSettings,
    stored: StoredBaseline,
    length: Millis,
    id: string,
    grid: SubjectGrid,
    usual: BaselineInputs,
  ): UsualWindows {
    const cacheKey = JSON.stringify([settings.name, stored.key, length, id]);
    let found = usualOf.get(cacheKey);
    if (!found) {
      const whole = usual.whole.get(id);
      found = !whole
        ? NOTHING_USUAL
        : settings.kind === "trailing"
          ? usualTrailing(grid, trailingPairs(settings, length, id, grid, usual))
          : usualWindows(
              grid,
              whole,
              usual.windows.flatMap((one) => one.counts.get(id) ?? []),
            );
      usualOf.set(cacheKey, found);
    }
    return found;
  }

  async function performance(window: Window, baselines: ReadonlySet<string>, history: History, pending: boolean): Promise<Measurement[]> {
    const current = history.outcomes(window);
    const measured: Measurement[] = [];
    if (state.outcomeGrid === null) return measured;
    const evaluation = { grid: state.outcomeGrid, value: state.settings.value ?? null };
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
            current: rows,
            reference: null,
            windows: [],
            pending,
          }),
        );
      for (const settings of compared) {
        const stored = evidenceBaselineFor(state, settings, version);
        const usual = stored ? await outcomesOf(stored, window.to - window.from) : null;
        const subject = {
          model: state.settings.name,
          version,
          segment: state.segment || null,
          window,
          baseline: settings.name,
          evaluation,
          current: rows,
          reference: referenceOutcomes(settings, version, window, usual, history),
          windows: usual?.windows.map((one) => one.outcomes) ?? [],
          pending,
        };
        const found = [...measurePerformance(subject), ...estimatePerformance(subject)];
        measured.push(...(await explained(found, settings, version, window, history)));
      }
    }
    return measured;
  }

  function referenceOutcomes(
    settings: BaselineSettings,
    version: string,
    window: Window,
    usual: BaselineOutcomes | null,
    history: History,
  ): OutcomeCounts | null {
    if (settings.kind === "file") return fileBaselineFor(state, settings.name, version) ? (usual?.whole ?? null) : null;
    const of = settings.kind === "version" ? settings.version : version;
    return history.outcomes(liveReferenceWindow(settings, window)).get(of) ?? null;
  }

  return { inputs, performance, lookBack, reach };
}

/** Versions with a row in the window or shortly before it, by name. */
function activeVersions(history: History, window: Window): string[] {
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
  id: string,
  grid: SubjectGrid,
  usual: BaselineInputs,
) {
  const byStart = new Map(usual.windows.map((one) => [one.from, one.counts.get(id) ?? emptyCounts(grid)]));
  return [...byStart].flatMap(([from, window]) => {
    const span = liveReferenceWindow(settings, { from, to: from + length });
    const parts = [];
    for (let start = floorTo(span.from, length); start < span.to; start += length) parts.push(byStart.get(start));
    const whole = parts.flatMap((part) => part ?? []);
    return whole.length === parts.length ? [{ window, trailing: addCounts(whole, binCount(grid)) }] : [];
  });
}

function remembered<T>(
  load: (baseline: StoredBaseline, length: Millis) => Promise<T>,
): (baseline: StoredBaseline, length: Millis) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (baseline, length) => {
    const key = `${baseline.key} ${length}`;
    let found = known.get(key);
    if (!found) known.set(key, (found = load(baseline, length)));
    return found;
  };
}
