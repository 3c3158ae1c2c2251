import type { AlertHealth } from "../model/alert.ts";
import { isEstimated, WHOLE_MODEL, type Measurement, type Metric, type PerformanceMetric } from "../model/measurement.ts";
import { lossAgainst } from "../model/performance.ts";
import type { Rule } from "../model/rule.ts";
import { isAsked } from "../model/segment.ts";
import type { Observation } from "./transition.ts";

/** Turns p-values into p-values corrected for how many there are, in the same order. */
export type Adjust = (pValues: readonly number[]) => readonly number[];

/** What a rule makes of one subject in one window. */
export type Judgement = {
  readonly subject: string;
  readonly measurement: Measurement;
  readonly observation: Observation;
  /** How far the measurement lies on the bad side of what was expected; null without a value. */
  readonly effect: number | null;
  /** The effect above which the rule fires. */
  readonly threshold: number;
  readonly adjustedPValue: number | null;
  /** How many subjects the correction was made for. */
  readonly subjectsTested: number;
};

const RESERVED = /^(?:prediction$|score$|label$|performance$|traffic$|feature:)/;

/** The name an alert has for a subject. A feature that is called like another subject is told apart by a prefix. */
function alertSubject(measurement: Pick<Measurement, "subject" | "feature">): string {
  if (measurement.feature === null) return measurement.subject;
  return RESERVED.test(measurement.feature) ? `feature:${measurement.feature}` : measurement.feature;
}

/**
 * Judges the measurements of one version in one window: an observation for each subject that the rule watches. The
 * first key is an effect above the threshold, the second a p-value that holds after correction over all subjects
 * that were tested.
 *
 * `stretch` holds measurements of several windows as one, the newest being this one. A subject with too few rows to tell in
 * this window alone is clear where the stretch has enough and is clear; it never fires by it.
 */
export function judge(rule: Rule, measurements: readonly Measurement[], adjust: Adjust, stretch: readonly Measurement[] = []): Judgement[] {
  const watched = selectMeasurements(rule, measurements).flatMap((measurement) => {
    const bounds = boundsOf(rule, measurement.metric);
    return bounds
      ? [
          {
            measurement,
            bounds,
            effect: effectOf(rule, measurement),
            gap: gapIn(rule, measurement),
          },
        ]
      : [];
  });
  const tested = watched.filter((subject) => subject.gap === null);
  const adjusted = adjust(tested.map(({ measurement }) => measurement.pValue as number));
  const longer = new Map(selectMeasurements(rule, stretch).map((measurement) => [placeOf(measurement), measurement]));
  const adjustedOf = new Map(tested.map(({ measurement }, index) => [measurement, adjusted[index] ?? null]));
  return watched.map(({ measurement, bounds, effect, gap }) => {
    const adjustedPValue = adjustedOf.get(measurement) ?? null;
    const shared = {
      subject: alertSubject(measurement),
      measurement,
      effect,
      threshold: bounds.fire,
      adjustedPValue,
      subjectsTested: tested.length,
    };
    const wider = longer.get(placeOf(measurement));
    const clears = wider && isClear(rule, bounds, wider) && !isBlind(bounds, wider);
    const cleared = clears && { ...shared, measurement: wider, effect: effectOf(rule, wider), adjustedPValue: wider.pValue };
    if (gap !== null || effect === null || adjustedPValue === null) {
      const health = gap ?? "insufficient";
      if (health === "insufficient" && cleared) return { ...cleared, observation: { condition: "clear", health: "ok" } };
      return { ...shared, observation: { condition: "missing", health } };
    }
    if (effect > bounds.fire && adjustedPValue <= rule.fire.falseAlarms)
      return { ...shared, observation: { condition: "fire", health: "ok" } };
    if (adjustedPValue > rule.fire.falseAlarms && isBlind(bounds, measurement)) {
      if (cleared) return { ...cleared, observation: { condition: "clear", health: "ok" } };
      return { ...shared, observation: { condition: "neither", health: "insufficient" } };
    }
    return { ...shared, observation: { condition: isClear(rule, bounds, measurement) ? "clear" : "neither", health: "ok" } };
  });
}

type Bounds = { readonly fire: number; readonly clear: number };

/** Nothing of the size that matters could have shown in so few rows: that is not "no drift". */
function isBlind(bounds: Bounds, measurement: Measurement): boolean {
  return (measurement.detail.detectable ?? 0) > bounds.fire;
}

/** Whether the effect is gone, or the evidence for it. */
function isClear(rule: Rule, bounds: Bounds, measurement: Measurement): boolean {
  const effect = effectOf(rule, measurement);
  if (gapIn(rule, measurement) !== null || effect === null || measurement.pValue === null) return false;
  return effect < bounds.clear || measurement.pValue > rule.clear.pValue;
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

/** The effects at which the rule fires and clears; null when it names none for this metric, so does not watch it. */
function boundsOf(rule: Rule, metric: Metric): Bounds | null {
  if (rule.fire.drop !== null) return { fire: rule.fire.drop, clear: rule.clear.drop ?? rule.fire.drop };
  const fire = rule.fire.above.get(metric);
  return fire === undefined ? null : { fire, clear: rule.clear.below.get(metric) ?? fire };
}

function effectOf(rule: Rule, measurement: Measurement): number | null {
  const { value, expected, metric } = measurement;
  if (value === null) return null;
  if (rule.fire.drop === null) return value - (expected ?? 0);
  const reference = measurement.detail.reference;
  if (reference === undefined) return null;
  return lossAgainst(metric as PerformanceMetric, value, reference);
}

/** Why nothing can be said about this subject, or null when it can be tested. */
function gapIn(rule: Rule, measurement: Measurement): Exclude<AlertHealth, "ok"> | null {
  if (measurement.status !== "ok") return measurement.status;
  // Coverage and estimates are of all rows, of which none need have a label.
  const isOfLabelled = measurement.subject === "performance" && measurement.metric !== "label_coverage" && !isEstimated(measurement.metric);
  const rows = isOfLabelled ? (measurement.labelled ?? measurement.rows.current) : measurement.rows.current;
  // How many rows there are is what is measured of traffic by windows: none at all says most.
  const isByWindows = measurement.subject === "traffic" && measurement.evidence === "baseline_windows";
  if ((rows < rule.atLeastRows && !isByWindows) || measurement.pValue === null) return "insufficient";
  return effectOf(rule, measurement) === null ? "no_data" : null;
}
