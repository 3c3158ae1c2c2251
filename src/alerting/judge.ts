import type { AlertHealth } from "../model/alert.ts";
import { WHOLE_MODEL, type Measurement, type MeasurementDetail } from "../model/measurement.ts";
import { isEstimated } from "../model/metric.ts";
import type { FeatureShare, Rule, Severity } from "../model/rule.ts";
import { isAsked } from "../model/segment.ts";
import { boundsOf, effectOf, evidenceOf, fireBound, type Bounds, type UpperTail } from "./condition.ts";
import type { Observation } from "./transition.ts";

/** Turns p-values into p-values corrected for how many there are, in the same order. */
export type Adjust = (pValues: readonly number[]) => readonly number[];

/** The statistics a judgement needs; this room knows none. */
export type Tools = { readonly adjust: Adjust; readonly upperTail: UpperTail };

/** What is looked at beside the measurements of the window. */
export type Beside = {
  /**
   * Of several windows as one, the newest being this one. A subject with too few rows to tell in this window alone is clear
   * where the stretch has enough and is clear; it never fires by it.
   */
  readonly stretch?: readonly Measurement[];
  /** Of the window that a rule on change compares with. */
  readonly earlier?: readonly Measurement[];
};

/** What a rule makes of one subject in one window. */
export type Judgement = {
  readonly subject: string;
  readonly measurement: Measurement;
  readonly observation: Observation;
  /** How far the measurement lies on the bad side of what was expected; null without a value. */
  readonly effect: number | null;
  /** The effect above which the rule fires. */
  readonly threshold: number;
  /** What the rule's own question has of evidence, before the correction. */
  readonly pValue: number | null;
  readonly adjustedPValue: number | null;
  /** How many subjects the correction was made for. */
  readonly subjectsTested: number;
  /** The value a rule on change compares with. */
  readonly earlier?: number;
  /** Of a rule on the features together: which fire. */
  readonly share?: NonNullable<MeasurementDetail["share"]>;
};

const RESERVED = /^(?:prediction$|score$|label$|performance$|traffic$|features$|feature:)/;

/** The name an alert has for a subject. A feature that is called like another subject is told apart by a prefix. */
export function alertSubject(measurement: Pick<Measurement, "subject" | "feature">): string {
  if (measurement.feature === null) return measurement.subject;
  return RESERVED.test(measurement.feature) ? `feature:${measurement.feature}` : measurement.feature;
}

/**
 * Judges the measurements of one version in one window: an observation for each subject that the rule watches, or one for
 * all features together. The first key is an effect above the threshold, the second a p-value that holds after
 * correction over all subjects that were tested.
 */
export function judge(rule: Rule, measurements: readonly Measurement[], tools: Tools, beside: Beside = {}): Judgement[] {
  const judged = judgeEach(rule, measurements, tools, beside);
  const { share } = rule.fire;
  return share === undefined ? judged : judgeShare(rule, share, judged);
}

function judgeEach(rule: Rule, measurements: readonly Measurement[], { adjust, upperTail }: Tools, beside: Beside): Judgement[] {
  const before = byPlace(rule, beside.earlier);
  const watched = selectMeasurements(rule, measurements).flatMap((measurement) => {
    const bounds = boundsOf(rule, measurement.metric);
    const earlier = before.size === 0 ? undefined : before.get(placeOf(measurement));
    const effect = effectOf(rule, measurement, earlier);
    const pValue = evidenceOf(rule, measurement, earlier, upperTail);
    return bounds ? [{ measurement, bounds, earlier, effect, pValue, gap: gapIn(rule, measurement, effect, pValue) }] : [];
  });
  const tested = watched.filter((subject) => subject.gap === null);
  const adjusted = adjust(tested.map(({ pValue }) => pValue as number));
  const longer = byPlace(rule, beside.stretch);
  // Those tested lie in the order of those watched.
  let place = 0;
  return watched.map(({ measurement, bounds, earlier, effect, pValue, gap }) => {
    const adjustedPValue = gap === null ? (adjusted[place++] ?? null) : null;
    const shared = {
      subject: alertSubject(measurement),
      measurement,
      effect,
      threshold: bounds.fire,
      pValue,
      adjustedPValue,
      subjectsTested: tested.length,
      ...(earlier === undefined || earlier.value === null ? {} : { earlier: earlier.value }),
    };
    const wider = longer.size === 0 ? undefined : longer.get(placeOf(measurement));
    const clears = wider && isClear(rule, bounds, wider) && !isBlind(rule, bounds, wider);
    const cleared = clears && {
      ...shared,
      measurement: wider,
      effect: effectOf(rule, wider, undefined),
      pValue: wider.pValue,
      adjustedPValue: wider.pValue,
    };
    if (gap !== null || effect === null || adjustedPValue === null) {
      const health = gap ?? "insufficient";
      if (health === "insufficient" && cleared) return { ...cleared, observation: { condition: "clear", health: "ok" } };
      return { ...shared, observation: { condition: "missing", health } };
    }
    if (effect > bounds.fire && adjustedPValue <= rule.fire.falseAlarms)
      return { ...shared, observation: { condition: "fire", health: "ok" } };
    if (adjustedPValue > rule.fire.falseAlarms && isBlind(rule, bounds, measurement)) {
      if (cleared) return { ...cleared, observation: { condition: "clear", health: "ok" } };
      return { ...shared, observation: { condition: "neither", health: "insufficient" } };
    }
    return { ...shared, observation: { condition: isClear(rule, bounds, measurement, earlier) ? "clear" : "neither", health: "ok" } };
  });
}

const NONE: ReadonlyMap<string, Measurement> = new Map();

function byPlace(rule: Rule, measurements: readonly Measurement[] = []): ReadonlyMap<string, Measurement> {
  if (measurements.length === 0) return NONE;
  return new Map(selectMeasurements(rule, measurements).map((measurement) => [placeOf(measurement), measurement]));
}

/** All features as one: by weight, how many of those that could be tested fire. */
function judgeShare(rule: Rule, share: FeatureShare, all: readonly Judgement[]): Judgement[] {
  const bySegment = new Map<string | null, Judgement[]>();
  for (const one of all) bySegment.set(one.measurement.segment, [...(bySegment.get(one.measurement.segment) ?? []), one]);
  return [...bySegment.values()].flatMap((judged) => {
    const tested = judged.filter(({ observation }) => observation.condition !== "missing");
    const weight = ({ subject }: Judgement) => share.weights.get(subject.replace(/^feature:/, "")) ?? 1;
    const strength = ({ effect, threshold }: Judgement) => Math.min(1, (effect ?? 0) / (threshold * share.wholeAt));
    const whole = tested.reduce((sum, one) => sum + weight(one), 0);
    const firing = tested
      .filter(({ observation }) => observation.condition === "fire")
      .sort((a, b) => weight(b) * strength(b) - weight(a) * strength(a) || (a.subject < b.subject ? -1 : 1));
    const blind = tested.filter(({ observation }) => observation.health === "insufficient").reduce((sum, one) => sum + weight(one), 0);
    const [first = judged[0]] = firing;
    if (first === undefined) return [];
    const value = whole === 0 ? 0 : firing.reduce((sum, one) => sum + weight(one) * strength(one), 0) / whole;
    const features = firing.slice(0, 20).map(({ subject }) => subject);
    const together = {
      ...first,
      subject: "features",
      effect: value,
      threshold: share.above,
      share: { value, features, tested: tested.length },
    };
    if (whole === 0) return [{ ...together, observation: first.observation }];
    if (value > share.above) return [{ ...together, observation: { condition: "fire", health: "ok" } }];
    // Those that could not be told may be what is missing to the share.
    if (value + blind / whole > share.above) return [{ ...together, observation: { condition: "neither", health: "insufficient" } }];
    return [{ ...together, observation: { condition: value < (rule.clear.least ?? share.above / 2) ? "clear" : "neither", health: "ok" } }];
  });
}

/** How bad what fires is, by the levels of its rule. */
export function severityOf({ severity, levels = [] }: Rule, { effect, measurement, share }: Judgement): Severity {
  const reached = levels.filter(({ fire }) => {
    const bound = share === undefined ? fireBound(fire, measurement.metric) : (fire.share?.above ?? null);
    return bound !== null && effect !== null && effect > bound;
  });
  return reached.at(-1)?.severity ?? severity;
}

/** Nothing of the size that matters could have shown in so few rows: that is not "no drift". */
function isBlind({ fire }: Rule, bounds: Bounds, measurement: Measurement): boolean {
  return fire.limit === undefined && fire.change === undefined && (measurement.detail.detectable ?? 0) > bounds.fire;
}

/** Whether the effect is gone, or the evidence for it. Of a limit, or a change, only the effect says so: a wide interval is no end. */
function isClear(rule: Rule, bounds: Bounds, measurement: Measurement, earlier?: Measurement): boolean {
  const effect = effectOf(rule, measurement, earlier);
  if (effect === null || gapIn(rule, measurement, effect, measurement.pValue) !== null) return false;
  if (rule.fire.limit || rule.fire.change) return rule.fire.limit ? effect <= bounds.clear : effect < bounds.clear;
  return effect < bounds.clear || (measurement.pValue ?? 0) > rule.clear.pValue;
}

/** What tells the measurements of a window apart, metric and all. */
function placeOf(measurement: Measurement): string {
  return JSON.stringify([measurement.version, measurement.segment, alertSubject(measurement), measurement.metric]);
}

/** Whether a rule is about the rows of a measurement: all of them together, or those of a segment it names. */
export function isAbout(rule: Rule, { segment }: Measurement, groups: ReadonlyMap<string, string>): boolean {
  const { segments } = rule.measure;
  if (segment === null || segments === undefined) return segment === null && segments === undefined;
  return isAsked(segments, segment, groups.get(segment) ?? "");
}

function selectMeasurements(rule: Rule, measurements: readonly Measurement[]): Measurement[] {
  const { metric, of, baseline } = rule.measure;
  const inScope = measurements.filter((measurement) => {
    if (measurement.baseline !== baseline) return false;
    if (of === null) return WHOLE_MODEL.includes(measurement.subject);
    return of === "features" ? measurement.subject === "feature" : of.includes(alertSubject(measurement));
  });
  if (metric !== "drift") return inScope.filter((measurement) => measurement.metric === metric);
  const place = (measurement: Measurement) => JSON.stringify([measurement.segment, alertSubject(measurement)]);
  const numeric = new Set(inScope.filter((measurement) => measurement.metric === "wasserstein").map(place));
  return inScope.filter(
    (measurement) => measurement.metric === "wasserstein" || (measurement.metric === "psi" && !numeric.has(place(measurement))),
  );
}

/** Why nothing can be said about this subject, or null when it can be tested. */
function gapIn(rule: Rule, measurement: Measurement, effect: number | null, pValue: number | null): Exclude<AlertHealth, "ok"> | null {
  if (measurement.status !== "ok") return measurement.status;
  // Coverage and estimates are of all rows, of which none need have a label.
  const isOfLabelled = measurement.subject === "performance" && measurement.metric !== "label_coverage" && !isEstimated(measurement.metric);
  const rows = isOfLabelled ? (measurement.labelled ?? measurement.rows.current) : measurement.rows.current;
  // How many rows there are is what is measured of traffic by windows: none at all says most.
  const isByWindows = measurement.subject === "traffic" && measurement.evidence === "baseline_windows";
  if (rows < rule.atLeastRows && !isByWindows) return "insufficient";
  if (isOfLabelled && (measurement.detail.labelCoverage ?? 1) < (rule.atLeastCoverage ?? 0)) return "insufficient";
  if (pValue === null) return rule.fire.change && effect === null ? "no_data" : "insufficient";
  return effect === null ? "no_data" : null;
}
