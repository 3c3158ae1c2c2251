import type { BaselineRow } from "../model/event.ts";
import type { Grid } from "../model/grid.ts";
import type { Rule } from "../model/rule.ts";
import { segmentsAsked } from "../model/segment.ts";
import type { ModelSettings } from "../model/settings.ts";
import type { Clock, Millis, Window } from "../model/time.ts";
import type { Log } from "../log.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { firstPredictionTime, liveBuckets } from "../store/live-buckets.ts";
import type { Store } from "../store/store.ts";
import { touchBuckets } from "../store/touched-buckets.ts";
import { readWindowProgress } from "../store/window-progress.ts";
import { ensureGrid, loadBaselines, rebuildGrid, type OpenBaselineFile } from "./baselines.ts";
import { COUNTED } from "./counting.ts";
import { createLiveVersions, type LiveVersions } from "./live-versions.ts";
import type { DriftMetrics } from "./measure-drift.ts";
import { createWindowMeasurer, type WindowMeasurer } from "./measure-window.ts";
import { modelState, type ModelState } from "./model-state.ts";
import { driftMetricsFor, plansFor, type Plan } from "./plan.ts";

/** Names told in one warning. */
const MOST_NAMES = 20;

/** A model with bins: what it is measured on, by what schedule, and how far that has come. */
export type Watched = {
  readonly state: ModelState;
  readonly measurer: WindowMeasurer;
  readonly live: LiveVersions;
  readonly metrics: DriftMetrics;
  readonly plans: readonly Plan[];
  readonly progress: Map<string, Millis>;
  first: Millis | null;
};

export type WatchingOptions = {
  readonly store: Store;
  readonly rules: readonly Rule[];
  readonly openBaseline: OpenBaselineFile;
  readonly precedence: (row: BaselineRow) => string;
  readonly nextSequence: () => number;
  readonly clock: Clock;
  readonly log: Log;
};

/** The models that have bins, and new bins that take the place of theirs. */
export type Watching = {
  /** Loads the baselines and the bins of a model; null while there are too few rows to make them of. */
  watch(model: ModelSettings): Promise<Watched | null>;
  /** What windows are measured with. */
  current(name: string): Watched | undefined;
  /** What is counted next: on new bins as soon as there are any. */
  next(name: string): Watched | undefined;
  /** What windows are measured with, once new bins that are there have been counted on. */
  settled(name: string): Promise<Watched | undefined>;
  /** All that was touched is counted on its bins: it takes the place of what is watched. */
  counted(model: Watched): void;
  /** Makes new bins of a model that is watched; null with too few rows. */
  rebuild(model: Watched, live: Window): Promise<Grid | null>;
};

/** What takes the place of what is watched, once it is made, and who is to be told when everything is counted. */
type Replacement = { readonly next: Watched | null; readonly counted: Promise<void>; readonly done: () => void };

export function createWatching(options: WatchingOptions): Watching {
  const { store, rules, nextSequence, clock, log } = options;
  const watched = new Map<string, Watched>();
  /** What takes the place of what is watched as soon as everything is counted on its bins. */
  const replacing = new Map<string, Replacement>();

  /** What the bins of a model are made with. */
  function gridOptions(model: ModelSettings, baselines: readonly StoredBaseline[]) {
    const recountLive = async () => {
      const buckets = await liveBuckets(store, model.name, model.bucket);
      const marks = COUNTED.flatMap((kind) => buckets.map((bucket) => ({ model: model.name, kind, bucket })));
      await touchBuckets(store, marks, nextSequence());
    };
    return { store, model, baselines, nextGeneration: nextSequence, recountLive, clock };
  }

  async function watch(model: ModelSettings): Promise<Watched | null> {
    const baselines = await loadBaselines({ store, model, open: options.openBaseline, precedence: options.precedence, clock, log });
    const grid = await ensureGrid(gridOptions(model, baselines));
    if (grid === null) return null;
    const state = modelState(model, baselines, grid);
    warnOfSegments(state);
    warnOfConstraints(state);
    const found = {
      state,
      measurer: createWindowMeasurer(store, state),
      live: createLiveVersions(store),
      metrics: driftMetricsFor(model, rules),
      plans: plansFor(model, rules, grid.segments),
      progress: await readWindowProgress(store, model.name),
      first: await firstPredictionTime(store, model.name),
    };
    watched.set(model.name, found);
    return found;
  }

  /** Segments that came to nothing, and rules on segments that there are none of, say so: nothing else would. */
  function warnOfSegments({ settings, grid: { segments = [] } }: ModelState): void {
    for (const { name, problem } of segments)
      if (problem !== null) log.warn("segments in doubt", { model: settings.name, segments: name, problem });
    for (const {
      name,
      models: named,
      measure: { segments: asked = "each" },
    } of rules) {
      if (asked === "each" || !(named?.includes(settings.name) ?? true)) continue;
      const none = asked.filter((one) => segmentsAsked(segments, [one]).length === 0);
      if (none.length > 0)
        log.warn("a rule asks for segments that there are none of", { model: settings.name, rule: name, segments: none });
    }
  }

  function warnOfConstraints({ settings: { name: model, constraints = [] }, grids }: ModelState): void {
    const features = constraints.flatMap(({ feature }) => (grids.has(`feature:${feature}`) ? [] : [feature]));
    if (features.length > 0) log.warn("constraints on features that no baseline has", { model, features: features.slice(0, MOST_NAMES) });
  }

  async function rebuild(model: Watched, live: Window): Promise<Grid | null> {
    const { settings, baselines } = model.state;
    const { name } = settings;
    if (!replacing.has(name)) replacing.set(name, promised());
    try {
      const grid = await rebuildGrid(gridOptions(settings, baselines), live);
      if (grid === null) {
        letGo(name);
        return null;
      }
      const state = modelState(settings, baselines, grid);
      const replacement = replacing.get(name) ?? promised();
      replacing.set(name, {
        ...replacement,
        next: { ...model, state, measurer: createWindowMeasurer(store, state), live: createLiveVersions(store) },
      });
      log.info("new bins", { model: name, grid: grid.version });
      return grid;
    } catch (error) {
      // Half of it may be done: the next tick begins as the program does when it starts.
      watched.delete(name);
      letGo(name);
      throw error;
    }
  }

  function letGo(name: string): void {
    replacing.get(name)?.done();
    replacing.delete(name);
  }

  return {
    watch,
    current: (name) => watched.get(name),
    next: (name) => replacing.get(name)?.next ?? watched.get(name),
    settled: async (name) => {
      await replacing.get(name)?.counted;
      return watched.get(name);
    },
    counted: (model) => {
      const { name } = model.state.settings;
      if (replacing.get(name)?.next !== model) return;
      watched.set(name, model);
      letGo(name);
    },
    rebuild,
  };
}

function promised(): Replacement {
  let done = (): void => {};
  const counted = new Promise<void>((resolve) => (done = resolve));
  return { next: null, counted, done };
}
