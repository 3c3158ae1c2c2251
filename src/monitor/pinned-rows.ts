import { addOutcomes, type Counts, type OutcomeCounts } from "../model/counts.ts";
import type { BaselineSettings } from "../model/settings.ts";
import { ALWAYS, ceilTo, DAY, floorTo, type Millis, type Window } from "../model/time.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { readFeatureCounts, type CountedRows, type StepCounts } from "../store/feature-counts.ts";
import { readOutcomeCounts, type StepOutcomes } from "../store/outcome-counts.ts";
import { readTraffic } from "../store/traffic-counts.ts";
import type { Store } from "../store/store.ts";
import type { ModelState } from "./model-state.ts";
import { sumSubjects, trafficWithin, type SubjectCounts, type TrafficWithin } from "./count-sums.ts";

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

/** The rows as such of a pinned period, of all versions. */
export async function loadBaselineTraffic(store: Store, state: ModelState, { rows, span }: PinnedRows): Promise<TrafficWithin> {
  const { bucket } = state.settings;
  return trafficWithin(await readTraffic(store, rows.model, span, bucket), bucket);
}
