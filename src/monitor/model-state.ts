import type { Counts, OutcomeCounts } from "../model/counts.ts";
import { addCounts, addOutcomes } from "../model/counts.ts";
import { binCount, subjectId, type Grid, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import { outcomeGridOf, type OutcomeGrid } from "../model/outcome-grid.ts";
import { SEASONS, type BaselineSettings, type ModelSettings } from "../model/settings.ts";
import { ALWAYS, ceilTo, DAY, floorTo, type Millis, type Window } from "../model/time.ts";
import { addTraffic, type Traffic } from "../model/traffic.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { readFeatureCounts, type CountedRows, type StepCounts } from "../store/feature-counts.ts";
import { readOutcomeCounts, type StepOutcomes } from "../store/outcome-counts.ts";
import { readTraffic } from "../store/traffic-counts.ts";
import type { Store } from "../store/store.ts";
import type { LiveVersions } from "./live-versions.ts";

/** Counts of every subject, by `subjectId`. */
export type SubjectCounts = ReadonlyMap<string, Counts>;

/** What the monitor holds of one model between ticks. */
export type ModelState = {
  readonly settings: ModelSettings;
  /** The segment whose counts these are; empty for all rows. */
  readonly segment: string;
  readonly baselines: readonly StoredBaseline[];
  readonly grid: Grid;
  readonly grids: ReadonlyMap<string, { readonly key: SubjectKey; readonly grid: SubjectGrid }>;
  /** Null where the outcomes of this model are not counted. */
  readonly outcomeGrid: OutcomeGrid | null;
};

export function modelState(settings: ModelSettings, baselines: readonly StoredBaseline[], grid: Grid): ModelState {
  return {
    settings,
    segment: "",
    baselines,
    grid,
    grids: new Map(grid.subjects.map((subject) => [subjectId(subject.key), subject])),
    outcomeGrid: outcomeGridOf(settings, grid),
  };
}

/** A version without rows is still measured (as "no data") for this long after its last one; then it is retired. */
export const ACTIVE_FOR = 7 * DAY;

/** Counts of live events within a span, held in memory by steps, so that any window of whole steps is a sum. */
export type History = {
  /** Counts within the windows together, by version; versions without rows are absent. */
  inputs(...windows: readonly Window[]): ReadonlyMap<string, SubjectCounts>;
  outcomes(...windows: readonly Window[]): ReadonlyMap<string, OutcomeCounts>;
  /** Rows as such: of one version, or of all together. */
  traffic: TrafficWithin;
  /** Versions with rows in the window, which may begin `ACTIVE_FOR` before the span. */
  versions(window: Window): ReadonlySet<string>;
};

/** Versions with a row in the window or shortly before it, by name. */
export function activeVersions(history: History, window: Window): string[] {
  const span = { from: Math.min(window.from, window.to - ACTIVE_FOR), to: window.to };
  return [...history.versions(span)].sort();
}

/** The stretches of time of which counts are needed; null where none are. */
export type HistorySpans = { readonly inputs: Window; readonly outcomes: Window | null; readonly traffic: Window | null };

/** `inputsStepMs` may be longer where windows of whole such steps are all that will be asked for: the store adds up faster. */
export async function loadHistory(
  store: Store,
  state: ModelState,
  live: LiveVersions,
  spans: HistorySpans,
  stepMs: Millis,
  inputsStepMs: Millis = stepMs,
): Promise<History> {
  const rows = { model: state.settings.name, baseline: "" };
  const reading = live.reading();
  const inputs = await readFeatureCounts(store, rows, state.grid, spans.inputs, inputsStepMs, state.segment);
  const outcomes =
    spans.outcomes === null ? [] : await readOutcomeCounts(store, rows, spans.outcomes, stepMs, state.settings.bucket, state.segment);
  // Which versions are alive takes a week, but none of its bins.
  const lived = {
    from: Math.min(spans.inputs.from, spans.outcomes?.from ?? Infinity) - ACTIVE_FOR,
    to: Math.max(spans.inputs.to, spans.outcomes?.to ?? 0),
  };
  const versions = await reading.within(state, lived, stepMs, { window: spans.inputs, stepMs: inputsStepMs, steps: inputs });
  // Of all rows only.
  const traffic = state.segment !== "" || spans.traffic === null ? [] : await readTraffic(store, rows.model, spans.traffic, stepMs);
  const sums = new Map<string, ReadonlyMap<string, SubjectCounts>>();
  return {
    inputs: (...windows) => {
      const key = windows.map(({ from, to }) => `${from} ${to}`).join(" ");
      let sum = sums.get(key);
      if (!sum) sums.set(key, (sum = sumInputs(state, within(inputs, windows))));
      return sum;
    },
    outcomes: (...windows) => sumOutcomes(within(outcomes, windows)),
    traffic: trafficWithin(traffic, stepMs),
    versions: (window) => new Set(within(versions, [window]).flatMap((step) => step.versions)),
  };
}

/** The rows as such of some windows together: of one version, or of all. */
export type TrafficWithin = (windows: readonly Window[], version?: string) => Traffic;

/** Looked up by time: a window is compared with hundreds of others. */
function trafficWithin(steps: Awaited<ReturnType<typeof readTraffic>>, stepMs: Millis): TrafficWithin {
  const byTime = new Map(steps.map(({ from, byVersion }) => [from, byVersion]));
  return (windows, version) => {
    const parts: Traffic[] = [];
    for (const { from: begin, to } of windows) {
      for (let from = ceilTo(begin, stepMs); from < to; from += stepMs)
        for (const [of, part] of byTime.get(from) ?? []) if (version === undefined || of === version) parts.push(part);
    }
    return addTraffic(parts);
  };
}

/** The rows as such of a pinned period, of all versions. */
export async function loadBaselineTraffic(store: Store, state: ModelState, { rows, span }: PinnedRows): Promise<TrafficWithin> {
  const { bucket } = state.settings;
  return trafficWithin(await readTraffic(store, rows.model, span, bucket), bucket);
}

function within<Step extends { readonly from: Millis }>(steps: readonly Step[], windows: readonly Window[]): Step[] {
  return steps.filter((step) => windows.some(({ from, to }) => step.from >= from && step.from < to));
}

function sumInputs(state: ModelState, steps: readonly StepCounts[]): Map<string, SubjectCounts> {
  const parts = new Map<string, Map<string, Counts[]>>();
  for (const step of steps) {
    for (const [version, subjects] of step.byVersion) {
      let byId = parts.get(version);
      if (!byId) parts.set(version, (byId = new Map()));
      for (const [id, counts] of subjects) {
        const list = byId.get(id);
        if (list) list.push(counts);
        else byId.set(id, [counts]);
      }
    }
  }
  return new Map([...parts].map(([version, byId]) => [version, sumSubjects(state, byId)]));
}

function sumSubjects(state: ModelState, parts: ReadonlyMap<string, readonly Counts[]>): SubjectCounts {
  return new Map(
    [...parts].flatMap(([id, list]) => {
      const subject = state.grids.get(id);
      return subject ? [[id, addCounts(list, binCount(subject.grid))] as const] : [];
    }),
  );
}

function sumOutcomes(steps: readonly StepOutcomes[]): Map<string, OutcomeCounts> {
  const parts = new Map<string, OutcomeCounts[]>();
  for (const step of steps) {
    for (const [version, outcomes] of step.byVersion) {
      const list = parts.get(version);
      if (list) list.push(outcomes);
      else parts.set(version, [outcomes]);
    }
  }
  return new Map([...parts].map(([version, list]) => [version, addOutcomes(list)]));
}

/** Rows that stay what they are: of a file, all versions in it together, or of one version in a pinned period. */
export type PinnedRows = {
  readonly key: string;
  readonly rows: CountedRows;
  readonly span: Window;
  /** Null: of all versions. */
  readonly version: string | null;
};

export function rowsOfFile({ model, key }: StoredBaseline): PinnedRows {
  return { key, rows: { model, baseline: key }, span: ALWAYS, version: null };
}

export function rowsOfPeriod(model: string, settings: Extract<BaselineSettings, { kind: "period" }>, version: string): PinnedRows {
  const { name, from, to } = settings;
  const of = settings.version ?? version;
  return { key: JSON.stringify([name, of]), rows: { model, baseline: "" }, span: { from, to }, version: of };
}

/** What pinned rows amount to: as a whole, and by whole disjoint windows of one length. */
export type BaselineInputs = {
  readonly whole: SubjectCounts;
  readonly windows: readonly { readonly from: Millis; readonly counts: SubjectCounts }[];
};
export type BaselineOutcomes = {
  readonly whole: OutcomeCounts;
  readonly windows: readonly { readonly from: Millis; readonly outcomes: OutcomeCounts }[];
};

export async function loadBaselineInputs(store: Store, state: ModelState, pinned: PinnedRows, windowMs: Millis): Promise<BaselineInputs> {
  const { rows, span, version } = pinned;
  const steps = await readFeatureCounts(store, rows, state.grid, span, Math.min(windowMs, DAY), state.segment);
  const together = (list: readonly StepCounts[]) => sumSubjects(state, mergeVersions(list, version));
  return {
    whole: together(steps),
    windows: wholeWindows(steps, span, windowMs).map(({ from, steps: list }) => ({ from, counts: together(list) })),
  };
}

function mergeVersions(steps: readonly StepCounts[], only: string | null): Map<string, Counts[]> {
  const parts = new Map<string, Counts[]>();
  for (const step of steps) {
    for (const [version, subjects] of step.byVersion) {
      if (only !== null && version !== only) continue;
      for (const [id, counts] of subjects) {
        const list = parts.get(id);
        if (list) list.push(counts);
        else parts.set(id, [counts]);
      }
    }
  }
  return parts;
}

export async function loadBaselineOutcomes(
  store: Store,
  state: ModelState,
  pinned: PinnedRows,
  windowMs: Millis,
): Promise<BaselineOutcomes> {
  const { rows, span, version } = pinned;
  const steps = await readOutcomeCounts(store, rows, span, Math.min(windowMs, DAY), state.settings.bucket, state.segment);
  const together = (list: readonly StepOutcomes[]) =>
    addOutcomes(list.flatMap((step) => [...step.byVersion].flatMap(([name, one]) => (version === null || name === version ? [one] : []))));
  return {
    whole: together(steps),
    windows: wholeWindows(steps, span, windowMs).map(({ from, steps: list }) => ({ from, outcomes: together(list) })),
  };
}

/**
 * Steps gathered into disjoint windows, from the first whole step of the span on, or where that has no end from the
 * first step that has rows; a last window that is cut off is left out.
 */
function wholeWindows<Step extends { readonly from: Millis }>(
  steps: readonly Step[],
  span: Window,
  windowMs: Millis,
): { from: Millis; steps: Step[] }[] {
  const stepMs = Math.min(windowMs, DAY);
  const first = span === ALWAYS ? steps[0]?.from : ceilTo(span.from, stepMs);
  const last = steps.at(-1)?.from;
  if (first === undefined || last === undefined) return [];
  const end = Math.min(span === ALWAYS ? last + stepMs : Infinity, span.to);
  const windows = new Map<Millis, Step[]>();
  for (const step of steps) {
    const from = first + floorTo(step.from - first, windowMs);
    if (from < first || from + windowMs > end) continue;
    const list = windows.get(from);
    if (list) list.push(step);
    else windows.set(from, [step]);
  }
  return [...windows].map(([from, list]) => ({ from, steps: list }));
}

/** The file baseline that serves a version: its own, else the one for all versions. */
export function fileBaselineFor(state: ModelState, name: string, version: string): StoredBaseline | null {
  const named = state.baselines.filter((baseline) => baseline.name === name);
  return named.find((baseline) => baseline.version === version) ?? named.find((baseline) => baseline.version === "") ?? null;
}

/** The file baseline whose own windows say what is usual for a version beside a trailing stretch. */
export function evidenceBaselineFor(state: ModelState, version: string): StoredBaseline | null {
  for (const { kind, name } of state.settings.baselines) {
    const found = kind === "file" ? fileBaselineFor(state, name, version) : null;
    if (found) return found;
  }
  return null;
}

/** The stretch of live events that a trailing baseline lies in. */
export function trailingStretch({ window: length, offset }: Extract<BaselineSettings, { kind: "trailing" }>, { from }: Window): Window {
  return { from: from - offset - length, to: from - offset };
}

/**
 * The stretches of live events that a trailing baseline means for this window. Of a season they are as long as the
 * window is and lie whole seasons before it; a window longer than the season holds all of it anyway.
 */
export function trailingSpans(settings: Extract<BaselineSettings, { kind: "trailing" }>, window: Window): Window[] {
  const { offset, season } = settings;
  const length = window.to - window.from;
  if (season === undefined || length > SEASONS[season]) return [{ from: window.from - offset - settings.window, to: window.from - offset }];
  const spans: Window[] = [];
  for (let back = SEASONS[season]; back <= settings.window + offset; back += SEASONS[season])
    if (back >= length + offset) spans.push({ from: window.from - back, to: window.to - back });
  return spans;
}
