import type { LabelKey, SubjectKey } from "../model/grid.ts";
import type { Measurement } from "../model/measurement.ts";
import type { MetricFamily } from "../model/metric.ts";
import type { Millis, Window } from "../model/time.ts";
import { readBinEffects } from "../store/bin-effects.ts";
import type { Store } from "../store/store.ts";
import type { Ground } from "./ground.ts";
import type { DriftMetrics } from "./measure-drift.ts";
import { measureInputs } from "./measure-inputs.ts";
import { measureLabels, measureOutcomes } from "./measure-outcomes.ts";
import type { History } from "./history.ts";
import { fileBaselineFor, type ModelState } from "./model-state.ts";
import { rowsOfFile } from "./pinned-rows.ts";
import { remembered } from "./pinned.ts";
import { createReferences } from "./references.ts";
import { effectsOf, explainWindow, withCauses } from "./root-cause.ts";

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
  const references = createReferences(store, state);
  const effectsByBaseline = remembered(async (pinned, length) => {
    const effects = await readBinEffects(store, pinned.rows, state.grid);
    const scale = state.outcomeGrid?.task === "regression" ? state.outcomeGrid.scale : 1;
    return effectsOf(state.grid, (await references.file(pinned, length)).whole, effects, scale);
  });
  const ground: Ground = {
    store,
    state,
    references,
    explained: async (measurements, { settings, version, window, history }) => {
      const stored = settings.kind === "file" ? fileBaselineFor(state, settings.name, version) : null;
      const current = history.inputs(window).get(version);
      // What is known of the bins is known of all rows together, not of a segment's.
      if (stored === null || current === undefined || state.segment !== "") return measurements;
      return withCauses(measurements, explainWindow(await effectsByBaseline(rowsOfFile(stored), window.to - window.from), current));
    },
  };
  return {
    inputs: (window, families, baselines, history, metrics, isOf = () => true, asOf = window.to) =>
      measureInputs(ground, window, families, baselines, history, metrics, isOf, asOf),
    performance: (window, baselines, history, pending, asOf = window.to) =>
      measureOutcomes(ground, window, baselines, history, pending, asOf),
    labels: (window, baselines, history, pending, metrics, asOf = window.to) =>
      measureLabels(ground, window, baselines, history, pending, metrics, asOf),
    forget: references.forget,
    lookBack: references.lookBack,
    reach: references.reach,
  };
}
