import type { BaselineRow } from "../model/event.ts";
import type { Changes, ChangesQuery } from "../model/change.ts";
import type { Suggestion } from "../model/constraint.ts";
import type { Grid, LabelKey, SubjectKey } from "../model/grid.ts";
import {
  DRIFT_METRICS,
  JUDGED_DRIFT_METRICS,
  type JudgedFamily,
  type Measurement,
  type MeasuredWindow,
  type MeasureQuery,
  type MetricFamily,
  type Metric,
} from "../model/measurement.ts";
import type { Rule } from "../model/rule.ts";
import type { SegmentAnswer, SegmentQuestion } from "../model/segment-search.ts";
import { segmentsAsked } from "../model/segment.ts";
import type { ModelSettings } from "../model/settings.ts";
import { DAY, floorTo, type Clock, type Millis, type Window } from "../model/time.ts";
import type { Log } from "../log.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { firstPredictionTime, liveBuckets } from "../store/live-buckets.ts";
import { insertMeasurements, readMeasurements } from "../store/measurements.ts";
import { readLabelDelays } from "../store/label-delays.ts";
import type { Store } from "../store/store.ts";
import { markCounted, readTouched, touchBuckets, type TouchedBucket } from "../store/touched-buckets.ts";
import { readUnseenValues } from "../store/unseen-values.ts";
import { insertWindowProgress, readWindowProgress } from "../store/window-progress.ts";
import { ensureGrid, loadBaselines, rebuildGrid, type OpenBaselineFile } from "./baselines.ts";
import { COUNTED, createCounting } from "./counting.ts";
import type { DriftMetrics } from "./measure-drift.ts";
import { withExactValues } from "./exact-drift.ts";
import { explainSegments, isMeanMetric, largestShares } from "./explain-segments.ts";
import { labelMaturity, maturityStretch, withMaturity, type Maturity } from "./label-maturity.ts";
import { measureSegments } from "./measure-segments.ts";
import { activeVersions, createWindowMeasurer, LABEL, type WindowMeasurer } from "./measure-window.ts";
import { findChanges } from "./changes.ts";
import { evidenceBaselineFor, loadHistory, modelState, type History, type ModelState } from "./model-state.ts";
import { baselinesOf, driftMetricsFor, dueWindows, plansFor, type DueWindow, type Plan, type PlanProgress } from "./plan.ts";
import { identity, sameAnswer } from "./same-answer.ts";
import { readSuggestion } from "./read-suggestion.ts";
import { createSettler } from "./settler.ts";
import { withdrawn } from "./withdrawn.ts";

/** Windows measured on one load of history. */
const WINDOWS_AT_ONCE = 24;
/** Windows of one plan beyond which it is worth asking where there are rows at all: one old event must not cost years. */
const LONG_STRETCH = 400;
/** A row that is not found begins again at revision 1 and loses against the stored one: all have to be read. */
const NO_LIMIT = 4_000_000_000;
/** Above this p-value no schedule asks which values are new. */
const WORTH_NAMING = 0.01;

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

type Watched = {
  state: ModelState;
  measurer: WindowMeasurer;
  metrics: DriftMetrics;
  plans: readonly Plan[];
  progress: Map<string, Millis>;
  first: Millis | null;
};

/** What takes the place of what is watched, once it is made, and who is to be told when everything is counted. */
type Replacement = { readonly next: Watched | null; readonly counted: Promise<void>; readonly done: () => void };

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
  const watched = new Map<string, Watched>();
  /** What takes the place of what is watched as soon as everything is counted on its bins. */
  const replacing = new Map<string, Replacement>();
  const settler = createSettler({ store, nextSequence, clock, patience: options.settlePatience, onSuperseded: options.onSuperseded });
  const counting = createCounting(store, nextSequence);

  async function start(): Promise<void> {
    for (const model of models.values()) await watch(model);
  }

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
    const strange = (model.constraints ?? []).filter(({ feature }) => !state.grids.has(`feature:${feature}`));
    if (strange.length > 0)
      log.warn("constraints on features that no baseline has", {
        model: model.name,
        features: strange.slice(0, 20).map(({ feature }) => feature),
      });
    const found = {
      state,
      measurer: createWindowMeasurer(store, state),
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

  async function tick(): Promise<TickResult> {
    const total = { bucketsCounted: 0, windowsMeasured: 0, measurements: 0 };
    const failures: unknown[] = [];
    for (const model of models.values()) {
      try {
        const found = replacing.get(model.name)?.next ?? watched.get(model.name) ?? (await watch(model));
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
    model.measurer.forget(touched.map((one) => one.bucket));
    if (replacing.get(settings.name)?.next === model) {
      watched.set(settings.name, model);
      letGo(settings.name);
    }
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

  async function measureDue(model: Watched, due: readonly DueWindow[], mark: Millis): Promise<number> {
    const load = (state: ModelState) => historyFor(model, state, due);
    const history = await load(model.state);
    const isPending = (one: DueWindow) => labelsPending(model, one, mark);
    const bySegment = await measureSegments({ store, state: model.state, due, load, isPending });
    const maturity = await maturityOf(
      model,
      due.filter(({ family }) => family === "performance").map(({ window }) => window),
    );
    const before = await storedBefore(model, due);
    const changed: Measurement[] = [];
    const judged: MeasuredWindow[] = [];
    const revised: MeasuredWindow[] = [];
    for (const one of due) {
      const known = changed.length;
      const found = [...(await measureOne(model, one, history, isPending(one))), ...(bySegment.get(one) ?? [])];
      const ripe = one.family === "performance" ? maturity(one.window) : null;
      const measured = await nameCauses(
        model,
        found.map((measurement) => withMaturity(measurement, ripe)),
      );
      for (const measurement of measured) {
        const previous = before.get(identity(measurement));
        if (previous && sameAnswer(previous, measurement)) continue;
        const next = { ...measurement, revision: (previous?.revision ?? 0) + 1 };
        before.set(identity(measurement), next);
        changed.push(next);
      }
      const isRevised = one.cause === "revised";
      const gone = isRevised ? withdrawn(one, measured, before, model.metrics) : [];
      for (const each of gone) before.set(identity(each), each);
      changed.push(...gone);
      if (isRevised ? changed.length === known : measured.length === 0) continue;
      (isRevised ? revised : judged).push({
        model: model.state.settings.name,
        window: one.window,
        families: judgedFamilies(one, isPending(one)),
        measurements: [...measured, ...gone],
        versions: activeVersions(history, one.window),
        ...(isRevised
          ? { judgedTo: model.progress.get(`${one.plan.name} ${one.family === "performance" ? "mature" : "closed"}`) ?? 0 }
          : {}),
        segmentGroups: groupsOf(model.state.grid),
      });
    }
    await insertMeasurements(store, changed, clock());
    onDone({ bucketsCounted: 0, windowsMeasured: due.length, measurements: changed.length });
    for (const window of judged) await onMeasured(window);
    if (revised.length > 0) await onRevised(revised.toSorted((a, b) => a.window.to - b.window.to));
    // Recorded after the effects: windows measured again after a crash give the same answers and the same alerts.
    await recordProgress(model, due);
    return changed.length;
  }

  async function measureOne(model: Watched, due: DueWindow, history: History, pending: boolean): Promise<Measurement[]> {
    const { baselines } = due.plan;
    if (due.family === "performance") {
      const labels = await model.measurer.labels(due.window, baselines.labels, history, pending, model.metrics);
      return baselines.performance.size === 0 && due.plan.length !== DAY
        ? labels
        : [...(await model.measurer.performance(due.window, baselines.performance, history, pending)), ...labels];
    }
    const drift = await model.measurer.inputs(due.window, ["drift"], baselines.drift, history, model.metrics);
    const quality = await model.measurer.inputs(due.window, ["quality"], baselines.quality, history, model.metrics);
    return [...drift, ...quality];
  }

  /** How ripe the labels of some windows are, from one look at the buckets of all. */
  async function maturityOf({ state }: Watched, windows: readonly Window[]): Promise<(window: Window) => Maturity | null> {
    const { settings, outcomeGrid } = state;
    if (windows.length === 0 || outcomeGrid === null) return () => null;
    const stretches = windows.map((window) => maturityStretch(window, settings));
    const span = { from: Math.min(...stretches.map(({ from }) => from)), to: Math.max(...stretches.map(({ to }) => to)) };
    const buckets = await readLabelDelays(store, settings.name, span);
    return (window) => labelMaturity(buckets, window, settings);
  }

  function labelsPending(model: Watched, { plan, window }: DueWindow, mark: Millis): boolean {
    // What was mature stays so, also where a restart set the watermark back.
    const matured = window.to <= (model.progress.get(`${plan.name} mature`) ?? 0);
    return !matured && window.to + model.state.settings.labelsExpectedWithin > mark;
  }

  /** What an alert may need to name beside its numbers, looked up where there may be one. */
  async function nameCauses(model: Watched, measurements: readonly Measurement[]): Promise<Measurement[]> {
    const named = await nameUnseen(model, measurements);
    return model.state.grid.segments ? nameSegments(model, named) : named;
  }

  /** Which segments carry a loss of performance, or a move of a feature, the prediction or the score. */
  async function nameSegments({ state }: Watched, measurements: readonly Measurement[]): Promise<Measurement[]> {
    const named: Measurement[] = [];
    // Several metrics of one subject are of one change.
    const known = new Map<string, ReturnType<typeof largestShares> | null>();
    for (const one of measurements) {
      const { status, segment, version, baseline, model, pValue } = one;
      const of = changeOf(one);
      if (of === null || status !== "ok" || segment !== null || baseline === null || (pValue ?? 1) > WORTH_NAMING) {
        named.push(one);
        continue;
      }
      const window = { from: one.from, to: one.to };
      const key = JSON.stringify([version, baseline, window, of]);
      if (!known.has(key)) {
        const found = await explainSegments(store, state, { model, version, window, baseline, of });
        known.set(key, found === null ? null : largestShares(found));
      }
      const segments = known.get(key) ?? null;
      named.push(segments === null ? one : { ...one, detail: { ...one.detail, segments } });
    }
    return named;
  }

  /** What segments may carry of a measurement; null where it is nothing they could share out. */
  function changeOf({ subject, feature, metric }: Measurement): SegmentQuestion["of"] | null {
    if (isMeanMetric(metric)) return { metric };
    if (
      subject === "performance" ||
      subject === "traffic" ||
      subject === "label" ||
      !(JUDGED_DRIFT_METRICS as readonly Metric[]).includes(metric)
    )
      return null;
    return { subject, feature: feature ?? "" };
  }

  /** Which values are new stands in the events alone: they are looked up where an alert may need to name them. */
  async function nameUnseen({ state }: Watched, measurements: readonly Measurement[], upTo = WORTH_NAMING): Promise<Measurement[]> {
    const named: Measurement[] = [];
    for (const one of measurements) {
      const isNew = one.metric === "unseen_rate" && one.segment === null && one.feature !== null && (one.detail.hits ?? 0) > 0;
      if (!isNew || (one.pValue ?? 1) > upTo) {
        named.push(one);
        continue;
      }
      const where = { model: one.model, version: one.version, feature: one.feature ?? "", grid: state.grid.version, window: one };
      named.push({ ...one, detail: { ...one.detail, unseen: await readUnseenValues(store, where) } });
    }
    return named;
  }

  function historyFor(model: Watched, state: ModelState, due: readonly DueWindow[]): Promise<History> {
    const steps = due.flatMap(({ plan }) => [plan.length, plan.every]);
    const step = steps.reduce(greatestCommonDivisor, DAY);
    const spanOf = (family: DueWindow["family"]) => {
      const of = due.filter((one) => one.family === family);
      const from = of.map(({ plan, window }) => window.from - model.measurer.lookBack(plan.length, baselinesOf(plan, family)));
      return of.length === 0 ? null : { from: floorTo(Math.min(...from), step), to: Math.max(...of.map(({ window }) => window.to)) };
    };
    const windows = { from: Math.min(...due.map(({ window }) => window.from)), to: Math.max(...due.map(({ window }) => window.to)) };
    const inputs = spanOf("inputs");
    // What was predicted in a window may explain its performance.
    const together = { from: Math.min(floorTo(windows.from, step), inputs?.from ?? Infinity), to: windows.to };
    return loadHistory(store, state, { inputs: together, outcomes: spanOf("performance"), traffic: inputs }, step);
  }

  /** The stored answers of windows that may have been measured before, so that only changes are written. */
  async function storedBefore(model: Watched, due: readonly DueWindow[]): Promise<Map<string, Measurement>> {
    const revised = due.filter((one) => one.cause !== "closed");
    if (revised.length === 0) return new Map();
    const endsAt = [...new Set(revised.map(({ window }) => window.to))];
    const rows = await readMeasurements(store, {
      model: model.state.settings.name,
      segments: "each",
      // Most often performance has become mature, and nothing else is looked at again.
      ...(revised.every(({ family }) => family === "performance") ? { ofLabels: true } : {}),
      endsAt,
      after: Math.min(...endsAt) - 1,
      upTo: Math.max(...endsAt),
      limit: NO_LIMIT,
    });
    return new Map(rows.map((row) => [identity(row), row]));
  }

  async function recordProgress(model: Watched, due: readonly DueWindow[]): Promise<void> {
    const reached = new Map<string, Millis>();
    for (const { plan, cause, family, window } of due) {
      if (cause === "revised" || (cause === "closed" && family === "performance")) continue;
      const key = `${plan.name} ${cause}`;
      reached.set(key, Math.max(window.to, reached.get(key) ?? 0));
    }
    await recordReached(model, reached);
  }

  async function recordReached(model: Watched, reached: ReadonlyMap<string, Millis>): Promise<void> {
    const further = new Map([...reached].filter(([key, to]) => to > (model.progress.get(key) ?? 0)));
    await insertWindowProgress(store, model.state.settings.name, further);
    for (const [key, to] of further) model.progress.set(key, to);
  }

  async function rebuild(name: string, live: Window): Promise<Grid | null> {
    const model = replacing.get(name)?.next ?? watched.get(name);
    if (!model) return null;
    const { settings, baselines } = model.state;
    await settler.settle(settings);
    if (!replacing.has(name)) replacing.set(name, promised());
    try {
      const grid = await rebuildGrid(gridOptions(settings, baselines), live);
      if (grid === null) {
        letGo(name);
        return null;
      }
      const state = modelState(settings, baselines, grid);
      const replacement = replacing.get(name) ?? promised();
      replacing.set(name, { ...replacement, next: { ...model, state, measurer: createWindowMeasurer(store, state) } });
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

  async function measure(query: MeasureQuery): Promise<Measurement[]> {
    await replacing.get(query.model)?.counted;
    const model = watched.get(query.model);
    if (!model) return [];
    if (query.segments === undefined) return measureWindow(model, model.state, model.measurer, query);
    const measured: Measurement[] = [];
    for (const segment of segmentsAsked(model.state.grid.segments ?? [], query.segments)) {
      const state = { ...model.state, segment };
      measured.push(...(await measureWindow(model, state, createWindowMeasurer(store, state), query)));
    }
    return measured;
  }

  async function measureWindow(model: Watched, state: ModelState, measurer: WindowMeasurer, query: MeasureQuery): Promise<Measurement[]> {
    const baselines = new Set(query.baselines);
    const { window } = query;
    const step = [window.from, window.to].reduce(greatestCommonDivisor, DAY);
    const length = window.to - window.from;
    const back = measurer.lookBack(length, baselines);
    const span = { from: window.from - back, to: window.to };
    const asks = (family: MetricFamily) => query.families.includes(family);
    const asksLabels = asks("drift") && state.outcomeGrid !== null && isOf(query)(LABEL);
    const spans = { inputs: span, outcomes: asks("performance") || asksLabels ? span : null, traffic: asks("quality") ? span : null };
    const history = await loadHistory(store, state, spans, step, back === 0 ? length : step);
    const mark = watermark(query.model);
    const asOf = mark ?? window.to;
    const inputs = query.families.filter((family) => family !== "performance");
    // Who asks for one window wants names, however few rows hold them.
    const measured =
      inputs.length > 0
        ? await nameUnseen(
            model,
            await measurer.inputs(
              window,
              inputs,
              baselines,
              history,
              { ...model.metrics, measured: new Set(query.metrics ?? DRIFT_METRICS) },
              isOf(query),
              asOf,
            ),
            1,
          )
        : [];
    const pending = mark !== null && window.to + state.settings.labelsExpectedWithin > mark;
    const matureTo = asOf - state.settings.labelsExpectedWithin;
    if (!asksLabels && !asks("performance")) return measured;
    const ripe = (await maturityOf(model, [window]))(window);
    if (asksLabels) {
      const metrics = { ...model.metrics, measured: new Set(query.metrics ?? DRIFT_METRICS) };
      const labels = await measurer.labels(window, baselines, history, pending, metrics, matureTo);
      measured.push(...labels.map((one) => withMaturity(one, ripe)));
    }
    if (!asks("performance")) return measured;
    const performance = await measurer.performance(window, baselines, history, pending, matureTo);
    return [...measured, ...performance.map((one) => withMaturity(one, ripe))];
  }

  async function exactly(name: string, measurements: readonly Measurement[]): Promise<Measurement[]> {
    const model = watched.get(name);
    return model ? withExactValues(store, model.state, measurements) : [...measurements];
  }

  async function changes(query: ChangesQuery): Promise<Changes | null> {
    const model = watched.get(query.model);
    if (!model) return null;
    const { settings, outcomeGrid } = model.state;
    if (outcomeGrid === null || outcomeGrid.task === "ranking") return null;
    const baseline = evidenceBaselineFor(model.state, query.version);
    return findChanges({ store, settings, outcomeGrid, baseline, watermark: watermark(query.model) }, query);
  }

  async function explain(question: SegmentQuestion): Promise<SegmentAnswer | null> {
    const model = watched.get(question.model);
    return model ? explainSegments(store, model.state, question) : null;
  }

  async function suggestConstraints(name: string, baseline: string): Promise<Suggestion | null> {
    const state = watched.get(name)?.state;
    const settings = state?.settings.baselines.find((one) => one.name === baseline);
    return state && settings ? readSuggestion(store, state, settings, watermark(name)) : null;
  }

  return { start, tick, changes, suggestConstraints, measure, rebuild, withExactValues: exactly, explainSegments: explain };
}

function isOf({ only: { subject, feature } = {} }: MeasureQuery): (key: SubjectKey | LabelKey) => boolean {
  return (key) =>
    (subject ?? key.subject) === key.subject && (feature === undefined || (key.subject === "feature" && key.feature === feature));
}

function groupsOf({ segments = [] }: Grid): ReadonlyMap<string, string> {
  return new Map(segments.flatMap((group) => group.segments.map(({ name }) => [name, group.name])));
}

function progressOf({ progress }: Watched, plan: Plan): PlanProgress {
  return { closedTo: progress.get(`${plan.name} closed`) ?? 0, matureTo: progress.get(`${plan.name} mature`) ?? 0 };
}

function greatestCommonDivisor(a: Millis, b: Millis): Millis {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Performance is judged once its labels have had their time: until then it is stored, and says "pending". Its estimate needs none. */
function judgedFamilies({ family, cause }: DueWindow, pending: boolean): readonly JudgedFamily[] {
  if (family === "inputs") return ["drift", "quality"];
  if (cause === "revised") return pending ? ["estimate"] : ["performance", "labels", "estimate"];
  return cause === "mature" ? ["performance", "labels"] : ["estimate"];
}

function promised(): Replacement {
  let done = (): void => {};
  const counted = new Promise<void>((resolve) => (done = resolve));
  return { next: null, counted, done };
}
