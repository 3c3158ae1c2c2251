import { isOfOutcomes, type Measurement } from "../model/measurement.ts";
import { metricFamily, type DriftMetric } from "../model/metric.ts";
import type { DriftMetrics } from "./measure-drift.ts";
import { isAnswer, wholeBaselines, type DueWindow } from "./plan.ts";
import { identity } from "./same-answer.ts";

/**
 * What was measured of a window before and is no longer, as said now: its rows turned out to belong elsewhere. A metric that
 * is no longer asked for is left as it was.
 */
export function withdrawn(
  { window, family, plan }: DueWindow,
  measured: readonly Measurement[],
  before: ReadonlyMap<string, Measurement>,
  metrics: DriftMetrics,
): Measurement[] {
  const isAsked = (one: Measurement) => {
    const of = metricFamily(one.metric);
    if (one.segment === null)
      return (
        (one.baseline === null || wholeBaselines(plan).has(one.baseline)) &&
        (of !== "drift" || metrics.measured.has(one.metric as DriftMetric))
      );
    return plan.segments.some((ask) => isAnswer(ask, one));
  };
  const now = new Set(measured.map(identity));
  const gone = [...before.values()].filter(
    (one) =>
      one.from === window.from &&
      one.to === window.to &&
      isOfOutcomes(one) === (family === "performance") &&
      one.status !== "no_data" &&
      isAsked(one) &&
      !now.has(identity(one)),
  );
  return gone.map((one) => ({
    ...one,
    value: null,
    expected: null,
    pValue: null,
    ci: null,
    evidence: null,
    labelled: one.labelled === null ? null : 0,
    rows: { ...one.rows, current: 0 },
    status: "no_data",
    detail: {},
    revision: one.revision + 1,
  }));
}
