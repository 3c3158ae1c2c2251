import type { Grid } from "../model/grid.ts";
import type { Measurement, MeasuredWindow } from "../model/measurement.ts";
import type { JudgedFamily } from "../model/metric.ts";
import { DAY, floorTo, type Clock, type Millis } from "../model/time.ts";
import { greatestCommonDivisor } from "../stats/greatest-common-divisor.ts";
import { insertMeasurements, readMeasurements } from "../store/measurements.ts";
import type { Store } from "../store/store.ts";
import { insertWindowProgress } from "../store/window-progress.ts";
import { withMaturity } from "./label-maturity.ts";
import { maturityOf } from "./maturity-of-windows.ts";
import { measureSegments } from "./measure-segments.ts";
import { activeVersions, loadHistory, type History } from "./history.ts";
import type { ModelState } from "./model-state.ts";
import { nameCauses } from "./name-causes.ts";
import { baselinesOf, type DueWindow } from "./plan.ts";
import { identity, sameAnswer } from "./same-answer.ts";
import type { Watched } from "./watched.ts";
import { withdrawn } from "./withdrawn.ts";

/** A row that is not found begins again at revision 1 and loses against the stored one: all have to be read. */
const NO_LIMIT = 4_000_000_000;

/** Measures windows that are due, stores what changed, and hands over what rules are judged on. */
export type DueMeasuring = {
  /** Windows of one load of history; how many measurements changed. `mark` is the time up to which events are complete. */
  measureDue(model: Watched, due: readonly DueWindow[], mark: Millis): Promise<number>;
  /** What the schedules of a model have come to, by schedule. */
  recordReached(model: Watched, reached: ReadonlyMap<string, Millis>): Promise<void>;
};

export function createDueMeasuring(options: {
  readonly store: Store;
  readonly onMeasured: (window: MeasuredWindow) => Promise<void>;
  readonly onRevised: (windows: readonly MeasuredWindow[]) => Promise<void>;
  readonly onMeasuredPart: (windows: number, measurements: number) => void;
  readonly clock: Clock;
}): DueMeasuring {
  const { store, onMeasured, onRevised, onMeasuredPart, clock } = options;

  async function measureDue(model: Watched, due: readonly DueWindow[], mark: Millis): Promise<number> {
    const load = (state: ModelState) => historyFor(model, state, due);
    const history = await load(model.state);
    const isPending = (one: DueWindow) => labelsPending(model, one, mark);
    const bySegment = await measureSegments({ store, state: model.state, due, load, isPending });
    const maturity = await maturityOf(
      store,
      model.state,
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
        store,
        model.state,
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
    onMeasuredPart(due.length, changed.length);
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
    return loadHistory(store, state, model.live, { inputs: together, outcomes: spanOf("performance"), traffic: inputs }, step);
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

  return { measureDue, recordReached };
}

function labelsPending(model: Watched, { plan, window }: DueWindow, mark: Millis): boolean {
  // What was mature stays so, also where a restart set the watermark back.
  const matured = window.to <= (model.progress.get(`${plan.name} mature`) ?? 0);
  return !matured && window.to + model.state.settings.labelsExpectedWithin > mark;
}

function groupsOf({ segments = [] }: Grid): ReadonlyMap<string, string> {
  return new Map(segments.flatMap((group) => group.segments.map(({ name }) => [name, group.name])));
}

/** Performance is judged once its labels have had their time: until then it is stored, and says "pending". Its estimate needs none. */
function judgedFamilies({ family, cause }: DueWindow, pending: boolean): readonly JudgedFamily[] {
  if (family === "inputs") return ["drift", "quality"];
  if (cause === "revised") return pending ? ["estimate"] : ["performance", "labels", "estimate"];
  return cause === "mature" ? ["performance", "labels"] : ["estimate"];
}
