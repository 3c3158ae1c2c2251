import { DETECTORS, type Changes, type ChangesQuery, type DetectorName, type FoundChange } from "../model/change.ts";
import { addOutcomes, sumOf, type OutcomeCounts } from "../model/counts.ts";
import type { LabelledGrid } from "../model/outcome-grid.ts";
import type { ModelSettings } from "../model/settings.ts";
import { ALWAYS, floorTo, type Millis } from "../model/time.ts";
import { adwinStart, adwinStep } from "../stats/adwin.ts";
import { meanResidual, rateResidual } from "../stats/bucket-residual.ts";
import { cusumStart, cusumStep } from "../stats/cusum.ts";
import type { DetectedChange } from "../stats/detected-change.ts";
import { ewmaStart, ewmaStep } from "../stats/ewma.ts";
import { wilsonInterval } from "../stats/proportion.ts";
import { rateChangeStart, rateChangeStep } from "../stats/rate-change.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { readOutcomeCounts } from "../store/outcome-counts.ts";
import type { Store } from "../store/store.ts";

/** The chance that the e-process ever alarms at nothing; ADWIN's is per look. */
const ALPHA = 0.01;
const ADWIN_DELTA = 0.002;
/** Steps of the baseline from which the spread between steps is learned. */
const LEAST_STEPS = 8;

/** Errors of one step. */
type Step = { readonly at: Millis; readonly n: number; readonly sum: number; readonly sumOfSquares: number };
type Reference = { readonly mean: number; readonly variance: number; readonly between: number; readonly rows: number };

/**
 * Looks for changes in the errors of one version: shares of wrong predictions, or sizes of errors, in steps of a day or so,
 * each as its labels have had their time. ADWIN compares the series with itself; CUSUM, EWMA and the e-process with the
 * file baseline, whose own steps say how much steps differ when nothing is wrong. What a detector finds again and again
 * without a return is told once.
 */
export async function findChanges(
  options: {
    readonly store: Store;
    readonly settings: ModelSettings;
    readonly outcomeGrid: LabelledGrid;
    readonly baseline: StoredBaseline | null;
    readonly watermark: Millis | null;
  },
  query: ChangesQuery,
): Promise<Changes> {
  const { store, settings, outcomeGrid, baseline, watermark } = options;
  const scale = outcomeGrid.task === "regression" ? outcomeGrid.scale : 1;
  const before = watermark === null ? 0 : Math.max(0, floorTo(watermark - settings.labelsExpectedWithin, query.step));
  const live = await readOutcomeCounts(store, { model: query.model, baseline: "" }, { from: 0, to: before }, query.step, settings.bucket);
  const steps = live.flatMap(({ from, byVersion }) => stepsOf(from, byVersion.get(query.version), outcomeGrid));
  const known =
    baseline && (await readOutcomeCounts(store, { model: query.model, baseline: baseline.key }, ALWAYS, query.step, settings.bucket));
  const usual =
    known && referenceOf(known.flatMap(({ from, byVersion }) => stepsOf(from, addOutcomes([...byVersion.values()]), outcomeGrid)));
  const isRate = outcomeGrid.task !== "regression";
  const found = DETECTORS.flatMap((detector) =>
    changesBy(detector, steps, detectorOf(detector, usual, isRate), query.step).map((one) => ({
      ...one,
      before: one.before === null ? null : one.before * scale,
      after: one.after * scale,
    })),
  );
  return {
    ...query,
    quantity: isRate ? "error_rate" : "absolute_error",
    from: steps[0]?.at ?? null,
    to: steps.length === 0 ? null : (steps.at(-1)?.at ?? 0) + query.step,
    steps: steps.length,
    labelled: steps.reduce((sum, { n }) => sum + n, 0),
    reference:
      usual && baseline
        ? { baseline: baseline.name, mean: usual.mean * scale, rows: usual.rows, between: Math.sqrt(usual.between) * scale }
        : null,
    found: found.sort((a, b) => a.foundAt - b.foundAt || DETECTORS.indexOf(a.detector) - DETECTORS.indexOf(b.detector)),
  };
}

function stepsOf(at: Millis, outcomes: OutcomeCounts | undefined, grid: LabelledGrid): Step[] {
  if (!outcomes || outcomes.labelled === 0) return [];
  const n = outcomes.labelled;
  if (grid.task === "regression")
    return [{ at, n, sum: sumOf(outcomes, "absolute_error"), sumOfSquares: sumOf(outcomes, "squared_error") }];
  const wrong = n - [...outcomes.cells].reduce((sum, [actual, row]) => sum + (row.get(actual) ?? 0), 0);
  return [{ at, n, sum: wrong, sumOfSquares: wrong }];
}

/**
 * Mean and variance of a row's error, and how much steps differ beyond the noise of their rows: the variance of their means
 * less what the rows alone would make it, at least 0. Null without errors to speak of.
 */
function referenceOf(steps: readonly Step[]): Reference | null {
  const rows = steps.reduce((sum, { n }) => sum + n, 0);
  const sum = steps.reduce((total, step) => total + step.sum, 0);
  const squares = steps.reduce((total, step) => total + step.sumOfSquares, 0);
  const mean = sum / rows;
  const variance = rows < 2 ? 0 : Math.max(0, squares - rows * mean * mean) / (rows - 1);
  if (rows === 0 || variance === 0) return null;
  if (steps.length < LEAST_STEPS) return { mean, variance, between: 0, rows };
  const spread = steps.reduce((total, step) => total + (step.sum / step.n - mean) ** 2, 0) / (steps.length - 1);
  const noise = steps.reduce((total, { n }) => total + variance / n, 0) / steps.length;
  return { mean, variance, between: Math.max(0, spread - noise), rows };
}

/** Takes a step, and says whether there was a change. */
type Detector = (step: Step) => Found | null;
/** ADWIN tells what it compared with: its window, which has let go of what lay before. */
type Found = DetectedChange & { readonly before?: number };

function detectorOf(name: DetectorName, usual: Reference | null, isRate: boolean): Detector | null {
  if (name === "adwin") {
    // Of numbers, six standard deviations hold about all rows: a range that is too small alarms at nothing.
    const range = isRate ? 1 : 6 * Math.sqrt(usual?.variance ?? 0);
    if (range === 0) return null;
    return folded(adwinStart(), (state, step) => {
      const { state: next, change } = adwinStep(state, step, ADWIN_DELTA, range);
      return { state: next, change: change?.again ? null : change };
    });
  }
  if (usual === null) return null;
  if (name === "rate_change") {
    const interval = isRate ? wilsonInterval(Math.round(usual.mean * usual.rows), usual.rows, 1 - ALPHA) : null;
    if (interval === null) return null;
    // What days differ by is no change.
    const reach = 2 * Math.sqrt(usual.between);
    const range = { low: Math.max(1e-6, interval[0] - reach), high: Math.min(1 - 1e-6, interval[1] + reach) };
    return folded(rateChangeStart(), (state, { at, n, sum }) => rateChangeStep(state, { at, n, successes: sum }, range, ALPHA));
  }
  const residual = ({ n, sum }: Step) =>
    (isRate ? rateResidual({ n, successes: sum }, { rate: usual.mean, between: usual.between }) : meanResidual({ n, sum }, usual)) ?? 0;
  return name === "cusum"
    ? folded(cusumStart(), (state, step) => cusumStep(state, step.at, residual(step)))
    : folded(ewmaStart(), (state, step) => ewmaStep(state, step.at, residual(step)));
}

function folded<State>(start: State, take: (state: State, step: Step) => { state: State; change: Found | null }): Detector {
  let state = start;
  return (step) => {
    const next = take(state, step);
    state = next.state;
    return next.change;
  };
}

function changesBy(detector: DetectorName, steps: readonly Step[], detect: Detector | null, length: Millis): FoundChange[] {
  const found: FoundChange[] = [];
  if (detect === null) return found;
  let begin = steps[0]?.at ?? 0;
  for (const step of steps) {
    const change = detect(step);
    if (change === null) continue;
    const last = found.at(-1);
    const until = step.at + length;
    const after = meanOf(steps, change.since, step.at);
    if (after === null) continue;
    if (last && last.direction === change.direction) {
      found[found.length - 1] = { ...last, heldUntil: until };
      continue;
    }
    found.push({
      detector,
      since: change.since,
      foundAt: until,
      heldUntil: until,
      direction: change.direction,
      before: change.before ?? meanOf(steps, begin, change.since - 1)?.mean ?? null,
      after: after.mean,
      rows: after.rows,
    });
    begin = change.since;
  }
  return found;
}

/** The mean error of the steps that begin within these times, both included. */
function meanOf(steps: readonly Step[], from: Millis, to: Millis): { mean: number; rows: number } | null {
  const within = steps.filter(({ at }) => at >= from && at <= to);
  const rows = within.reduce((sum, { n }) => sum + n, 0);
  return rows === 0 ? null : { mean: within.reduce((sum, step) => sum + step.sum, 0) / rows, rows };
}
