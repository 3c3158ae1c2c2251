import type { BaselineRow } from "../model/event.ts";
import type { Changes, ChangesQuery } from "../model/change.ts";
import type { Suggestion } from "../model/constraint.ts";
import type { Grid } from "../model/grid.ts";
import type { Measurement, MeasuredWindow, MeasureQuery } from "../model/measurement.ts";
import type { Rule } from "../model/rule.ts";
import type { SegmentAnswer, SegmentQuestion } from "../model/segment-search.ts";
import type { ModelSettings } from "../model/settings.ts";
import { DAY, floorTo, type Clock, type Millis, type Window } from "../model/time.ts";
import type { Log } from "../log.ts";
import { firstPredictionTime, liveBuckets } from "../store/live-buckets.ts";
import type { Store } from "../store/store.ts";
import { markCounted, readTouched, type TouchedBucket } from "../store/touched-buckets.ts";
import type { OpenBaselineFile } from "./baselines.ts";
import { findChanges } from "./changes.ts";
import { COUNTED, createCounting } from "./counting.ts";
import { withExactValues } from "./exact-drift.ts";
import { explainSegments } from "./explain-segments.ts";
import { measureAsked } from "./measure-asked.ts";
import { createDueMeasuring } from "./measure-due.ts";
import { evidenceBaselineFor } from "./model-state.ts";
import { baselinesOf, dueWindows, type DueWindow, type Plan, type PlanProgress } from "./plan.ts";
import { readSuggestion } from "./read-suggestion.ts";
import { createSettler } from "./settler.ts";
import { createWatching, type Watched } from "./watched.ts";

/** Windows measured on one load of history. */
const WINDOWS_AT_ONCE = 24;
/** Windows of one plan beyond which it is worth asking where there are rows at all: one old event must not cost years. */
const LONG_STRETCH = 400;
export type TickResult = { readonly bucketsCounted: number; readonly windowsMeasured: number; readonly measurements: number };

export type Monitor = {
  /** Loads baselines and grids. Call before the first tick. */
  start(): Promise<void>;
  /** Counts what was touched, measures what is due, and hands over what rules are judged on, oldest first. */
  tick(): Promise<TickResult>;
  /** Measures any window of whole buckets, now, without storing anything. */
  measure(query: MeasureQuery): Promise<Measurement[]>;
  /** What changed in the errors of a version; null where outcomes of its model are not counted. */
  changes(query: ChangesQuery): Promise<Changes | null>;
  /** Drift measurements of a model with the same values from the rows themselves beside them. */
  withExactValues(model: string, measurements: readonly Measurement[]): Promise<Measurement[]>;
  /** What a baseline suggests of the features; null where there are no bins, or no such baseline. */
  suggestConstraints(model: string, baseline: string): Promise<Suggestion | null>;
  /** Which segments carry a change; null where there is nothing to take apart. */
  explainSegments(question: SegmentQuestion): Promise<SegmentAnswer | null>;
  /**
   * Makes new bins of a model from its baselines and its live rows of a stretch; null with too few of them. Not beside a
   * tick. Until the next one has counted everything on them, windows are measured by nobody: whoever asks waits.
   */
  rebuild(model: string, live: Window): Promise<Grid | null>;
};

export function createMonitor(options: {
  store: Store;
  models: ReadonlyMap<string, ModelSettings>;
  rules: readonly Rule[];
  openBaseline: OpenBaselineFile;
  precedence: (row: BaselineRow) => string;
  watermark: (model: string) => Millis | null;
  nextSequence: () => number;
  /** Called with what rules are judged on, in event-time order, before the next window is looked at. */
  onMeasured: (window: MeasuredWindow) => Promise<void>;
  /** Called with windows that were judged before and have changed since, oldest first. */
  onRevised?: (windows: readonly MeasuredWindow[]) => Promise<void>;
  /** Told of every part of a pass that is done and stored, whatever becomes of the rest. */
  onDone?: (part: TickResult) => void;
  /** How many times as long as it took until ids are searched for everywhere again; 0 for at once. */
  settlePatience: number;
  /** Told how many more rows lost their id to another. */
  onSuperseded?: (rows: number) => void;
  /** The program is asked to end: no more windows than those in hand. */
  isStopping: () => boolean;
  clock: Clock;
  log: Log;
}): Monitor {
  const {
    store,
    models,
    rules,
    watermark,
    nextSequence,
    onMeasured,
    onRevised = async () => {},
    onDone = () => {},
    isStopping,
    clock,
    log,
  } = options;
  const { openBaseline, precedence } = options;
  const watching = createWatching({ store, rules, openBaseline, precedence, nextSequence, clock, log });
  const settler = createSettler({ store, nextSequence, clock, patience: options.settlePatience, onSuperseded: options.onSuperseded });
  const counting = createCounting(store, nextSequence);
  const { measureDue, recordReached } = createDueMeasuring({
    store,
    onMeasured,
    onRevised,
    onMeasuredPart: (windowsMeasured, measurements) => onDone({ bucketsCounted: 0, windowsMeasured, measurements }),
    clock,
  });

  async function start(): Promise<void> {
    for (const model of models.values()) await watching.watch(model);
  }

  async function tick(): Promise<TickResult> {
    const total = { bucketsCounted: 0, windowsMeasured: 0, measurements: 0 };
    const failures: unknown[] = [];
    for (const model of models.values()) {
      try {
        const found = watching.next(model.name) ?? (await watching.watch(model));
        if (!found) {
          await settler.settle(model);
          await counting.countWithoutBins(model);
          continue;
        }
        const done = await tickModel(found);
        total.bucketsCounted += done.bucketsCounted;
        total.windowsMeasured += done.windowsMeasured;
        total.measurements += done.measurements;
      } catch (error) {
        // One model's trouble is not the others'.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return total;
  }

  async function tickModel(model: Watched): Promise<TickResult> {
    const { settings } = model.state;
    // The watermark first: all rows behind it are stored and marked by the time the marks are read.
    const mark = watermark(settings.name);
    await settler.settle(settings);
    const touched = await readTouched(store, settings.name, COUNTED);
    await counting.count(model.state, touched);
    const buckets = touched.map((one) => one.bucket);
    model.measurer.forget(buckets);
    model.live.forget(buckets);
    watching.counted(model);
    onDone({ bucketsCounted: touched.length, windowsMeasured: 0, measurements: 0 });
    model.first ??= await firstPredictionTime(store, settings.name);
    // Events older than all before them may come: the windows they lie in are measured as well.
    if (model.first !== null) for (const { bucket } of touched) model.first = Math.min(model.first, bucket);
    if (model.first === null || mark === null) {
      if (model.first === null) await markCounted(store, touched);
      return { bucketsCounted: touched.length, windowsMeasured: 0, measurements: 0 };
    }
    const bucketsOf = (kind: TouchedBucket["kind"]) => touched.filter((one) => one.kind === kind).map((one) => one.bucket);
    const reachOf = (plan: Plan, family: DueWindow["family"]) =>
      model.measurer.reach(
        baselinesOf(plan, family),
        touched.map((one) => one.bucket),
      );
    const due: DueWindow[] = [];
    for (const plan of model.plans) {
      const progress = progressOf(model, plan);
      const begin = Math.max(floorTo(model.first, settings.bucket), Math.min(progress.closedTo, progress.matureTo));
      const isLong = (mark - begin) / plan.every > LONG_STRETCH;
      due.push(
        ...dueWindows({
          plan,
          first: floorTo(model.first, settings.bucket),
          watermark: mark,
          labelsExpectedWithin: settings.labelsExpectedWithin,
          progress,
          bucket: settings.bucket,
          touchedInputs: bucketsOf("features"),
          touchedOutcomes: bucketsOf("outcomes"),
          days: isLong ? await liveBuckets(store, settings.name, DAY) : null,
          reach: { inputs: reachOf(plan, "inputs"), performance: reachOf(plan, "performance") },
        }),
      );
    }
    due.sort((a, b) => a.dueAt - b.dueAt || a.window.to - b.window.to);
    let measurements = 0;
    for (let start = 0; start < due.length; start += WINDOWS_AT_ONCE) {
      if (isStopping()) return { bucketsCounted: touched.length, windowsMeasured: start, measurements };
      measurements += await measureDue(model, due.slice(start, start + WINDOWS_AT_ONCE), mark);
    }
    // Stretches without rows were left out: they are done all the same.
    await recordReached(
      model,
      new Map(
        model.plans.flatMap((plan) => [
          [`${plan.name} closed`, floorTo(mark, plan.every)] as const,
          [`${plan.name} mature`, floorTo(mark - settings.labelsExpectedWithin, plan.every)] as const,
        ]),
      ),
    );
    // Cleared last: a program that ends before this counts and measures the same again, with the same answers.
    await markCounted(store, touched);
    return { bucketsCounted: touched.length, windowsMeasured: due.length, measurements };
  }

  async function rebuild(name: string, live: Window): Promise<Grid | null> {
    const model = watching.next(name);
    if (!model) return null;
    await settler.settle(model.state.settings);
    return watching.rebuild(model, live);
  }

  async function measure(query: MeasureQuery): Promise<Measurement[]> {
    const model = await watching.settled(query.model);
    return model ? measureAsked({ store, watermark }, model, query) : [];
  }

  async function exactly(name: string, measurements: readonly Measurement[]): Promise<Measurement[]> {
    const model = watching.current(name);
    return model ? withExactValues(store, model.state, measurements) : [...measurements];
  }

  async function changes(query: ChangesQuery): Promise<Changes | null> {
    const model = watching.current(query.model);
    if (!model) return null;
    const { settings, outcomeGrid } = model.state;
    if (outcomeGrid === null || outcomeGrid.task === "ranking") return null;
    const baseline = evidenceBaselineFor(model.state, query.version);
    return findChanges({ store, settings, outcomeGrid, baseline, watermark: watermark(query.model) }, query);
  }

  async function explain(question: SegmentQuestion): Promise<SegmentAnswer | null> {
    const model = watching.current(question.model);
    return model ? explainSegments(store, model.state, question) : null;
  }

  async function suggestConstraints(name: string, baseline: string): Promise<Suggestion | null> {
    const state = watching.current(name)?.state;
    const settings = state?.settings.baselines.find((one) => one.name === baseline);
    return state && settings ? readSuggestion(store, state, settings, watermark(name)) : null;
  }

  return { start, tick, changes, suggestConstraints, measure, rebuild, withExactValues: exactly, explainSegments: explain };
}

function progressOf({ progress }: Watched, plan: Plan): PlanProgress {
  return { closedTo: progress.get(`${plan.name} closed`) ?? 0, matureTo: progress.get(`${plan.name} mature`) ?? 0 };
}
