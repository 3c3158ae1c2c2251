import type { Measurement } from "../model/measurement.ts";
import type { Metric, PerformanceMetric } from "../model/metric.ts";
import { lossAgainst } from "../model/performance.ts";
import type { Level, Rule } from "../model/rule.ts";

/** The effects at which a rule fires, and below which it clears. */
export type Bounds = { readonly fire: number; readonly clear: number };

/** The probability of a standard normal variable above `z`. */
export type UpperTail = (z: number) => number;

/** Half the width of a 95 % interval, in standard errors. */
const REACH = 1.959963984540054;

/** The effects of one metric at which the rule fires and clears; null when it names none for it, so does not watch it. */
export function boundsOf({ fire, clear }: Pick<Rule, "fire" | "clear">, metric: Metric): Bounds | null {
  const fires = fireBound(fire, metric);
  if (fires === null) return null;
  if (fire.limit) return { fire: fires, clear: clear.limit === undefined ? fires : signed(fire.limit.side, clear.limit) };
  if (fire.change) return { fire: fires, clear: clear.least ?? fires / 2 };
  return { fire: fires, clear: (fire.drop === null ? clear.below.get(metric) : clear.drop) ?? fires };
}

/** The effect above which these conditions hold. */
export function fireBound({ above, drop, limit, change }: Level["fire"], metric: Metric): number | null {
  if (limit) return signed(limit.side, limit.value);
  if (change) return change.by;
  return drop ?? above.get(metric) ?? null;
}

function signed(side: "above" | "below", value: number): number {
  return side === "above" ? value : -value;
}

/** How far a measurement lies on the bad side, in the rule's own measure; null where there is nothing to compare. */
export function effectOf({ fire }: Pick<Rule, "fire">, measurement: Measurement, earlier: Measurement | undefined): number | null {
  const { value, expected, metric, detail } = measurement;
  if (value === null) return null;
  if (fire.limit) return signed(fire.limit.side, value);
  if (fire.change) {
    if (earlier === undefined || earlier.value === null || earlier.status !== "ok") return null;
    const moved = value - earlier.value;
    return fire.change.direction === "either" ? Math.abs(moved) : fire.change.direction === "up" ? moved : -moved;
  }
  if (fire.drop === null) return value - (expected ?? 0);
  return detail.reference === undefined ? null : lossAgainst(metric as PerformanceMetric, value, detail.reference);
}

/**
 * The second key: how likely it is that chance alone shows so much. A measurement says so of itself, against its baseline.
 * Against a limit, or against itself earlier, its count or its interval says how far it may be off; what has neither is
 * taken at its evidence against the baseline.
 */
export function evidenceOf(
  { fire }: Pick<Rule, "fire">,
  measurement: Measurement,
  earlier: Measurement | undefined,
  upperTail: UpperTail,
): number | null {
  const { value, pValue } = measurement;
  if ((!fire.limit && !fire.change) || value === null) return pValue;
  if (fire.limit) {
    const error = errorAt(measurement, fire.limit.value);
    return error === null ? pValue : tail(signed(fire.limit.side, value - fire.limit.value), error, upperTail);
  }
  const effect = effectOf({ fire }, measurement, earlier);
  if (effect === null || earlier === undefined || earlier.value === null) return null;
  const both = [errorAt(measurement, value), errorAt(earlier, earlier.value)];
  const [now, then] = both;
  if (now === null || then === null || now === undefined || then === undefined) return pValue;
  const one = tail(effect, Math.hypot(now, then), upperTail);
  return fire.change?.direction === "either" ? Math.min(1, 2 * one) : one;
}

function tail(distance: number, error: number, upperTail: UpperTail): number {
  if (error === 0) return distance > 0 ? 0 : 1;
  return upperTail(distance / error);
}

/** The standard error of a measurement, if its true value were this one. */
function errorAt({ detail: { hits }, rows, ci }: Measurement, value: number): number | null {
  if (hits !== undefined && rows.current > 0 && value >= 0 && value <= 1) return Math.sqrt((value * (1 - value)) / rows.current);
  return ci === null ? null : (ci[1] - ci[0]) / (2 * REACH);
}
