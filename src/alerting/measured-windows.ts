import type { MeasuredWindow, Measurement } from "../model/measurement.ts";
import { metricFamily } from "../model/metric.ts";
import type { Rule } from "../model/rule.ts";
import type { Millis } from "../model/time.ts";
import { readMeasurements } from "../store/measurements.ts";
import type { Store } from "../store/store.ts";

/** No window of one rule holds more than this. */
const MOST_ROWS = 4_000_000_000;

/** What is stored of the windows of a rule that end at these times, oldest first, as the rule judges it. */
export async function measuredWindows(
  store: Store,
  { measure: { metric, baseline, window, segments } }: Rule,
  model: string,
  endsAt: readonly Millis[],
  segmentGroups: ReadonlyMap<string, string> | undefined,
): Promise<MeasuredWindow[]> {
  if (endsAt.length === 0) return [];
  const measurements = await readMeasurements(store, {
    model,
    baseline,
    windowMs: window,
    endsAt,
    after: Math.min(...endsAt) - 1,
    upTo: Math.max(...endsAt),
    ...(metric === "drift" ? { family: metricFamily("psi") } : { metric }),
    ...(segments === undefined ? {} : { segments: "each" }),
    limit: MOST_ROWS,
  });
  const byEnd = new Map<Millis, Measurement[]>();
  for (const one of measurements) byEnd.set(one.to, [...(byEnd.get(one.to) ?? []), one]);
  return [...byEnd].map(([to, list]) => ({
    model,
    window: { from: to - window, to },
    families: ["drift", "quality", "performance", "labels", "estimate"],
    measurements: list,
    versions: [...new Set(list.map(({ version }) => version))],
    ...(segmentGroups === undefined ? {} : { segmentGroups }),
  }));
}
