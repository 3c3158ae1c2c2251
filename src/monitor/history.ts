import { addOutcomes, type Counts, type OutcomeCounts } from "../model/counts.ts";
import { DAY, type Millis, type Window } from "../model/time.ts";
import { readFeatureCounts, type StepCounts } from "../store/feature-counts.ts";
import { readOutcomeCounts, type StepOutcomes } from "../store/outcome-counts.ts";
import { readTraffic } from "../store/traffic-counts.ts";
import type { Store } from "../store/store.ts";
import type { LiveVersions } from "./live-versions.ts";
import type { ModelState } from "./model-state.ts";
import { sumSubjects, trafficWithin, type SubjectCounts, type TrafficWithin } from "./count-sums.ts";

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
