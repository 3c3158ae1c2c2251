import { ceilTo, floorTo, type Millis, type Window } from "../model/time.ts";
import { readLiveVersions, type StepVersions } from "../store/live-versions.ts";
import type { Store } from "../store/store.ts";
import type { ModelState } from "./model-state.ts";

/** Steps of time remembered of one model, those of all segments together. */
const MOST_STEPS = 20_000;

/**
 * Which versions of one model had rows. With every window the week before it is asked for, of which all but the end was
 * known before: a step that was read is remembered until its buckets are counted anew.
 */
export type LiveVersions = {
  /** To be asked for before anything else is read: what was read before something was forgotten is not remembered. */
  reading(): VersionsReading;
  /** Live events of these buckets were counted anew. */
  forget(touched: readonly Millis[]): void;
};

export type VersionsReading = {
  /** Steps without rows are absent. Steps within `counted`, if it is of steps of this length, need no asking. Oldest first. */
  within(state: ModelState, window: Window, stepMs: Millis, counted: Counted): Promise<StepVersions[]>;
};

/** What was read of the rows in a window, by steps of one length from its beginning on. */
export type Counted = {
  readonly window: Window;
  readonly stepMs: Millis;
  readonly steps: readonly { readonly from: Millis; readonly byVersion: ReadonlyMap<string, unknown> }[];
};

/** By the beginning of a step; empty for one without rows. */
type VersionsByStep = Map<Millis, readonly string[]>;

export function createLiveVersions(store: Store): LiveVersions {
  /** By segment and length of a step. */
  const known = new Map<string, { readonly stepMs: Millis; readonly steps: VersionsByStep }>();
  let timesForgotten = 0;

  function stepsOf(segment: string, stepMs: Millis): VersionsByStep {
    const key = `${stepMs} ${segment}`;
    let found = known.get(key);
    if (!found) known.set(key, (found = { stepMs, steps: new Map() }));
    return found.steps;
  }

  function reading(): VersionsReading {
    const since = timesForgotten;
    return {
      within: async (state, { from, to }, stepMs, counted) => {
        const window = { from: floorTo(from, stepMs), to: ceilTo(to, stepMs) };
        const steps: VersionsByStep = new Map(stepsOf(state.segment, stepMs));
        const isOfSteps = counted.stepMs === stepMs && counted.window.from % stepMs === 0 && counted.window.to % stepMs === 0;
        // A model without subjects has no such counts, only outcomes.
        if (isOfSteps && state.grid.subjects.length > 0)
          put(
            steps,
            counted.window,
            stepMs,
            counted.steps.map((step) => ({ from: step.from, versions: [...step.byVersion.keys()] })),
          );
        const missing = missingIn(steps, window, stepMs);
        if (missing !== null)
          put(steps, missing, stepMs, await readLiveVersions(store, state.settings.name, state.grid, missing, stepMs, state.segment));
        if (since === timesForgotten) remember(state.segment, stepMs, steps);
        return listed(steps, window, stepMs);
      },
    };
  }

  function remember(segment: string, stepMs: Millis, steps: VersionsByStep): void {
    const others = [...known.values()].reduce((sum, one) => sum + one.steps.size, 0) - stepsOf(segment, stepMs).size;
    if (others + steps.size > MOST_STEPS) known.clear();
    if (steps.size <= MOST_STEPS) known.set(`${stepMs} ${segment}`, { stepMs, steps });
  }

  function forget(touched: readonly Millis[]): void {
    timesForgotten++;
    for (const { stepMs, steps } of known.values()) for (const bucket of touched) steps.delete(floorTo(bucket, stepMs));
  }

  return { reading, forget };
}

function put(steps: VersionsByStep, { from, to }: Window, stepMs: Millis, found: readonly StepVersions[]): void {
  for (let step = from; step < to; step += stepMs) steps.set(step, []);
  for (const { from: step, versions } of found) steps.set(step, versions);
}

/** From the first step that is not known to the last; null where there is none. */
function missingIn(steps: VersionsByStep, { from, to }: Window, stepMs: Millis): Window | null {
  let [first, end] = [to, from];
  for (let step = from; step < to; step += stepMs) {
    if (steps.has(step)) continue;
    first = Math.min(first, step);
    end = step + stepMs;
  }
  return first < end ? { from: first, to: end } : null;
}

function listed(steps: VersionsByStep, { from, to }: Window, stepMs: Millis): StepVersions[] {
  const found: StepVersions[] = [];
  for (let step = from; step < to; step += stepMs) {
    const versions = steps.get(step) ?? [];
    if (versions.length > 0) found.push({ from: step, versions });
  }
  return found;
}
