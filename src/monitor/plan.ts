import { subjectId, type LabelKey, type SubjectKey } from "../model/grid.ts";
import type { Measurement } from "../model/measurement.ts";
import type { DriftMetric, Metric, MetricFamily } from "../model/metric.ts";
import { DRIFT_METRICS, DRIFT_METRICS_BY_WINDOWS, JUDGED_DRIFT_METRICS, metricFamily } from "../model/metric.ts";
import { isOnLabels, type Rule } from "../model/rule.ts";
import { segmentsAsked, type SegmentGroup } from "../model/segment.ts";
import type { ModelSettings } from "../model/settings.ts";
import type { DriftMetrics } from "./measure-drift.ts";
import { DAY, ceilTo, formatDuration, windowsEnding, type Millis, type Window } from "../model/time.ts";

/** Windows of one length, one ending every `every`, and what is measured on each: baselines by family. */
export type Plan = {
  readonly name: string;
  readonly length: Millis;
  readonly every: Millis;
  readonly baselines: Readonly<Record<MetricFamily | "labels", ReadonlySet<string>>>;
  /** What rules ask of segments. */
  readonly segments: readonly SegmentAsk[];
};

/** What one rule asks of segments. */
export type SegmentAsk = {
  readonly names: ReadonlySet<string>;
  readonly family: MetricFamily | "labels";
  readonly baseline: string;
  readonly metrics: DriftMetrics;
  readonly isWanted: (metric: Metric) => boolean;
  /** Whether it is about a subject. */
  readonly isOf: (key: SubjectKey | LabelKey) => boolean;
};

/**
 * What is measured for a model by schedule: every day against each baseline that stands still, and whatever else
 * its rules look at.
 */
export function plansFor(model: ModelSettings, rules: readonly Rule[], groups: readonly SegmentGroup[] = []): Plan[] {
  const plans = new Map<
    string,
    { length: Millis; every: Millis; baselines: Record<MetricFamily | "labels", Set<string>>; segments: SegmentAsk[] }
  >();
  const planOf = (length: Millis, every: Millis) => {
    const name = `${formatDuration(length)}/${formatDuration(every)}`;
    let plan = plans.get(name);
    if (!plan)
      plans.set(
        name,
        (plan = {
          length,
          every,
          baselines: { drift: new Set(), quality: new Set(), performance: new Set(), labels: new Set() },
          segments: [],
        }),
      );
    return plan;
  };
  const daily = planOf(DAY, DAY);
  const known = new Set(model.baselines.map((baseline) => baseline.name));
  for (const baseline of model.baselines) {
    if (baseline.kind !== "file" && baseline.kind !== "period") continue;
    for (const family of ["drift", "quality", "performance", "labels"] as const) daily.baselines[family].add(baseline.name);
  }
  for (const rule of rules) {
    if (rule.models !== null && !rule.models.includes(model.name)) continue;
    if (!known.has(rule.measure.baseline)) continue;
    const family = isOnLabels(rule.measure) ? "labels" : rule.measure.metric === "drift" ? "drift" : metricFamily(rule.measure.metric);
    const plan = planOf(rule.measure.window, rule.measure.every);
    if (rule.measure.segments === undefined) plan.baselines[family].add(rule.measure.baseline);
    else plan.segments.push(askOf(rule, family, new Set(segmentsAsked(groups, rule.measure.segments))));
  }
  return [...plans].map(([name, plan]) => ({ name, ...plan }));
}

/** The baselines a plan measures anything of a kind against. */
export function baselinesOf({ baselines, segments }: Plan, kind: DueWindow["family"]): ReadonlySet<string> {
  const families = kind === "performance" ? (["performance", "labels"] as const) : (["drift", "quality"] as const);
  const asked = segments.flatMap(({ family, baseline }) => (families.some((one) => one === family) ? [baseline] : []));
  return new Set([...families.flatMap((family) => [...baselines[family]]), ...asked]);
}

/** The baselines a plan measures all rows together against. */
export function wholeBaselines({ baselines }: Plan): ReadonlySet<string> {
  return new Set([...baselines.drift, ...baselines.quality, ...baselines.performance, ...baselines.labels]);
}

/** Whether a measurement of a segment answers what a rule asks. */
export function isAnswer({ names, baseline, isWanted, isOf }: SegmentAsk, one: Measurement): boolean {
  return (
    names.has(one.segment ?? "") &&
    baseline === one.baseline &&
    isWanted(one.metric) &&
    (one.subject === "performance" ||
      (one.subject !== "traffic" &&
        isOf(one.subject === "label" ? { subject: "label", feature: "" } : { subject: one.subject, feature: one.feature ?? "" })))
  );
}

function askOf({ measure: { metric, of, baseline } }: Rule, family: SegmentAsk["family"], names: ReadonlySet<string>): SegmentAsk {
  const wanted = new Set<DriftMetric>(metric === "drift" ? JUDGED_DRIFT_METRICS : DRIFT_METRICS.filter((one) => one === metric));
  const isOf = (key: SubjectKey | LabelKey) =>
    of === "features"
      ? key.subject === "feature"
      : of?.includes(key.subject === "feature" ? key.feature : key.subject) || (of?.includes(subjectId(key)) ?? false);
  const isWanted = (one: Metric) => one === metric || (metric === "drift" && wanted.has(one as DriftMetric));
  return { names, family, baseline, metrics: { measured: wanted, judged: wanted }, isWanted, isOf };
}

/** The divergences of a model that are measured by schedule, and those that something judges by. */
export function driftMetricsFor(model: ModelSettings, rules: readonly Rule[]): DriftMetrics {
  const named = DRIFT_METRICS.filter((metric) =>
    rules.some((rule) => rule.measure.metric === metric && (rule.models?.includes(model.name) ?? true)),
  );
  return {
    measured: new Set([...(model.driftMetrics ?? DRIFT_METRICS), ...JUDGED_DRIFT_METRICS, ...named]),
    judged: new Set([...DRIFT_METRICS_BY_WINDOWS, ...named]),
  };
}

/** A window that is due: newly closed, newly mature (its labels have had their time), or measured before and touched since. */
export type DueWindow = {
  readonly plan: Plan;
  readonly window: Window;
  readonly cause: "closed" | "mature" | "revised";
  readonly family: "inputs" | "performance";
  readonly dueAt: Millis;
};

export type PlanProgress = { readonly closedTo: Millis; readonly matureTo: Millis };

/**
 * The windows of one plan that are due, in the order they became so. `first` is the start of the model's first
 * bucket: windows that end at or before it are never measured. Touched buckets re-open measured windows.
 */
export function dueWindows(options: {
  plan: Plan;
  first: Millis;
  watermark: Millis;
  labelsExpectedWithin: Millis;
  progress: PlanProgress;
  bucket: Millis;
  touchedInputs: readonly Millis[];
  touchedOutcomes: readonly Millis[];
  /**
   * Days that hold live rows, where the stretch to be measured is long; windows far from all of them are left out.
   * Null: every window is looked at.
   */
  days: readonly Millis[] | null;
  /** How long after a bucket a window may still look back at it: as a reference, or to see whether a version lives. */
  reach: Readonly<Record<DueWindow["family"], Millis>>;
}): DueWindow[] {
  const { plan, first, watermark, labelsExpectedWithin, progress, bucket } = options;
  const closedFrom = Math.max(first, progress.closedTo);
  const matureFrom = Math.max(first, progress.matureTo);
  const due: DueWindow[] = [];
  const ending = (after: Millis, upTo: Millis) =>
    endingNear(options.days, Math.max(options.reach.inputs, options.reach.performance), after, upTo, plan);
  const closed = ending(closedFrom, watermark);
  for (const window of closed) {
    due.push({ plan, window, cause: "closed", family: "inputs", dueAt: window.to });
    due.push({ plan, window, cause: "closed", family: "performance", dueAt: window.to });
  }
  for (const window of ending(matureFrom, watermark - labelsExpectedWithin)) {
    due.push({ plan, window, cause: "mature", family: "performance", dueAt: window.to + labelsExpectedWithin });
  }
  due.push(...revised(plan, "inputs", options.touchedInputs, bucket, first, progress.closedTo, options.reach.inputs));
  // How long labels take is learned from predictions as old as that.
  const labelReach = Math.max(options.reach.performance, labelsExpectedWithin);
  due.push(...revised(plan, "performance", options.touchedOutcomes, bucket, first, progress.closedTo, labelReach));
  return due.sort((a, b) => a.dueAt - b.dueAt || a.window.to - b.window.to);
}

/** The windows of a plan that end in `(after, upTo]`, less those to which no day with rows can matter. */
function endingNear(days: readonly Millis[] | null, reach: Millis, after: Millis, upTo: Millis, plan: Plan): Window[] {
  if (days === null) return windowsEnding(after, upTo, plan.length, plan.every);
  const windows: Window[] = [];
  let from = after;
  for (const day of days) {
    const until = Math.min(upTo, day + DAY + plan.length + reach);
    from = Math.max(from, day);
    if (until > from) windows.push(...windowsEnding(from, until, plan.length, plan.every));
    from = Math.max(from, until);
  }
  return windows;
}

/** Windows already measured that hold a touched bucket, or look back at it. */
function revised(
  plan: Plan,
  family: DueWindow["family"],
  touched: readonly Millis[],
  bucket: Millis,
  first: Millis,
  closedTo: Millis,
  reach: Millis,
): DueWindow[] {
  const ends = new Set<Millis>();
  for (const start of touched) {
    // The first window that holds this bucket ends at or after the bucket's end; the last begins at its start.
    const last = Math.min(closedTo, start + plan.length + reach);
    for (let to = ceilTo(start + bucket, plan.every); to <= last; to += plan.every) if (to > first) ends.add(to);
  }
  return [...ends].map((to) => ({ plan, window: { from: to - plan.length, to }, cause: "revised", family, dueAt: to }));
}
