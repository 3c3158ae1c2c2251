import type { Counts, OutcomeCounts } from "../model/counts.ts";
import { addCounts, addOutcomes } from "../model/counts.ts";
import { binCount, subjectId, type Grid, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import { outcomeGridOf, type OutcomeGrid } from "../model/outcome-grid.ts";
import type { BaselineSettings, ModelSettings } from "../model/settings.ts";
import { ceilTo, DAY, floorTo, type Millis, type Window } from "../model/time.ts";
import { addTraffic, type Traffic } from "../model/traffic.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { readFeatureCounts, type StepCounts } from "../store/feature-counts.ts";
import { readLiveVersions } from "../store/live-versions.ts";
import { readOutcomeCounts, type StepOutcomes } from "../store/outcome-counts.ts";
import { readTraffic } from "../store/traffic-counts.ts";
import type { Store } from "../store/store.ts";

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

/** All of time, for baselines, which are counted wherever their rows lie. */
const ALWAYS: Window = { from: 0, to: 4_294_967_295_000 };

/** Counts of live events within a span, held in memory by steps, so that any window of whole steps is a sum. */
export type History = {
  /** Counts within the window, by version; versions without rows are absent. */
  inputs(window: Window): ReadonlyMap<string, SubjectCounts>;
  outcomes(window: Window): ReadonlyMap<string, OutcomeCounts>;
  /** Rows as such: of one version, or of all together. */
  traffic(window: Window, version?: string): Traffic;
  /** Versions with rows in the window, which may begin `ACTIVE_FOR` before the span. */
  versions(window: Window): ReadonlySet<string>;
};

/** `inputsStepMs` may be longer where windows of whole such steps are all that will be asked for: the store adds up faster. */
export async function loadHistory(
  store: Store,
  state: ModelState,
  span: Window,
  stepMs: Millis,
  inputsStepMs: Millis = stepMs,
): Promise<History> {
  const rows = { model: state.settings.name, baseline: "" };
  const inputs = await readFeatureCounts(store, rows, state.grid, span, inputsStepMs, state.segment);
  const outcomes = await readOutcomeCounts(store, rows, span, stepMs, state.segment);
  // Which versions are alive takes a week, but none of its bins.
  const versions = await readLiveVersions(
    store,
    rows.model,
    state.grid,
    { from: floorTo(span.from - ACTIVE_FOR, stepMs), to: span.to },
    stepMs,
    state.segment,
  );
  // Of all rows only; looked up by time, since a window is compared with hundreds of others.
  const steps = state.segment === "" ? await readTraffic(store, rows.model, span, stepMs) : [];
  const traffic = new Map(steps.map(({ from, byVersion }) => [from, byVersion]));
  const sums = new Map<string, ReadonlyMap<string, SubjectCounts>>();
  return {
    inputs: (window) => {
      const key = `${window.from} ${window.to}`;
      let sum = sums.get(key);
      if (!sum) sums.set(key, (sum = sumInputs(state, within(inputs, window))));
      return sum;
    },
    outcomes: (window) => sumOutcomes(within(outcomes, window)),
    traffic: (window, version) => {
      const parts: Traffic[] = [];
      for (let from = ceilTo(window.from, stepMs); from < window.to; from += stepMs) {
        const byVersion = traffic.get(from) ?? [];
        for (const [of, part] of byVersion) if (version === undefined || of === version) parts.push(part);
      }
      return addTraffic(parts);
    },
    versions: (window) => new Set(within(versions, window).flatMap((step) => step.versions)),
  };
}

function within<Step extends { readonly from: Millis }>(steps: readonly Step[], window: Window): Step[] {
  return steps.filter((step) => step.from >= window.from && step.from < window.to);
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

/** A file baseline's counts: as a whole, and by whole disjoint windows of one length, all versions in the file together. */
export type BaselineInputs = {
  readonly whole: SubjectCounts;
  readonly windows: readonly { readonly from: Millis; readonly counts: SubjectCounts }[];
};
export type BaselineOutcomes = {
  readonly whole: OutcomeCounts;
  readonly windows: readonly { readonly from: Millis; readonly outcomes: OutcomeCounts }[];
};

export async function loadBaselineInputs(
  store: Store,
  state: ModelState,
  baseline: StoredBaseline,
  windowMs: Millis,
): Promise<BaselineInputs> {
  const steps = await readFeatureCounts(
    store,
    { model: state.settings.name, baseline: baseline.key },
    state.grid,
    ALWAYS,
    Math.min(windowMs, DAY),
    state.segment,
  );
  const together = (list: readonly StepCounts[]) => sumSubjects(state, mergeVersions(list));
  return {
    whole: together(steps),
    windows: wholeWindows(steps, windowMs).map(({ from, steps: list }) => ({ from, counts: together(list) })),
  };
}

function mergeVersions(steps: readonly StepCounts[]): Map<string, Counts[]> {
  const parts = new Map<string, Counts[]>();
  for (const step of steps) {
    for (const subjects of step.byVersion.values()) {
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
  baseline: StoredBaseline,
  windowMs: Millis,
): Promise<BaselineOutcomes> {
  const steps = await readOutcomeCounts(
    store,
    { model: state.settings.name, baseline: baseline.key },
    ALWAYS,
    Math.min(windowMs, DAY),
    state.segment,
  );
  const together = (list: readonly StepOutcomes[]) => addOutcomes(list.flatMap((step) => [...step.byVersion.values()]));
  return {
    whole: together(steps),
    windows: wholeWindows(steps, windowMs).map(({ from, steps: list }) => ({ from, outcomes: together(list) })),
  };
}

/** Steps gathered into disjoint windows from the first step on; a last one that is cut off is left out. */
function wholeWindows<Step extends { readonly from: Millis }>(steps: readonly Step[], windowMs: Millis): { from: Millis; steps: Step[] }[] {
  const first = steps[0]?.from;
  const last = steps.at(-1)?.from;
  if (first === undefined || last === undefined) return [];
  const stepMs = Math.min(windowMs, DAY);
  const windows = new Map<Millis, Step[]>();
  for (const step of steps) {
    const from = first + floorTo(step.from - first, windowMs);
    if (from + windowMs > last + stepMs) continue;
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

/** The file baseline whose own windows say what is usual for a version, whatever it is compared with. */
export function evidenceBaselineFor(state: ModelState, settings: BaselineSettings, version: string): StoredBaseline | null {
  if (settings.kind === "file") return fileBaselineFor(state, settings.name, version);
  for (const { kind, name } of state.settings.baselines) {
    const found = kind === "file" ? fileBaselineFor(state, name, version) : null;
    if (found) return found;
  }
  return null;
}

/** The stretch of live events that a baseline other than a file means for this window. */
export function liveReferenceWindow(settings: Exclude<BaselineSettings, { kind: "file" }>, window: Window): Window {
  switch (settings.kind) {
    case "trailing":
      return { from: window.from - settings.offset - settings.window, to: window.from - settings.offset };
    case "period":
      return { from: settings.from, to: settings.to };
    case "version":
      return window;
  }
}
