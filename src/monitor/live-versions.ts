import { ceilTo, floorTo, type Millis, type Window } from "../model/time.ts";
import { readLiveVersions, type StepVersions } from "../store/live-versions.ts";
import type { Store } from "../store/store.ts";
import type { ModelState } from "./model-state.ts";

/** Steps of time remembered of one model, those of all segments together, and at most gone through for one answer. */
const MOST_STEPS = 20_000;

/**
 * Which versions of one model had rows. With every window the week before it is asked for, of which all but the end was
 * known before: the steps of the last window are remembered until their buckets are counted anew.
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
  /** The steps of the window that was asked for last, by segment and length of a step. */
  const known = new Map<string, { readonly stepMs: Millis; readonly steps: VersionsByStep }>();
  let timesForgotten = 0;

  function reading(): VersionsReading {
    const since = timesForgotten;
    return {
      within: async (state, { from, to }, stepMs, counted) => {
        const window = { from: floorTo(from, stepMs), to: ceilTo(to, stepMs) };
        const read = (of: Window) => readLiveVersions(store, state.settings.name, state.grid, of, stepMs, state.segment);
        // Who asks for decades of minutes gets the few that have rows, and nothing is made of the others.
        if ((window.to - window.from) / stepMs > MOST_STEPS) return read(window);
        const key = `${stepMs} ${state.segment}`;
        const steps = stepsWithin(known.get(key)?.steps, window, stepMs);
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
        if (missing !== null) put(steps, missing, stepMs, await read(missing));
        if (since === timesForgotten) remember(key, stepMs, steps);
        return listed(steps, window, stepMs);
      },
    };
  }

  function remember(key: string, stepMs: Millis, steps: VersionsByStep): void {
    known.delete(key);
    const others = [...known.values()].reduce((sum, one) => sum + one.steps.size, 0);
    if (others + steps.size > MOST_STEPS) known.clear();
    known.set(key, { stepMs, steps });
  }

  function forget(touched: readonly Millis[]): void {
    timesForgotten++;
    for (const { stepMs, steps } of known.values()) for (const bucket of touched) steps.delete(floorTo(bucket, stepMs));
  }

  return { reading, forget };
}

/** What is known of the steps of a window. */
function stepsWithin(known: VersionsByStep | undefined, { from, to }: Window, stepMs: Millis): VersionsByStep {
  const steps: VersionsByStep = new Map();
  for (let step = from; step < to; step += stepMs) {
    const versions = known?.get(step);
    if (versions !== undefined) steps.set(step, versions);
  }
  return steps;
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
