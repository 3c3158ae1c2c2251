import * as z from "zod";
import { DRIFT_METRICS, PERFORMANCE_METRICS, QUALITY_METRICS } from "../model/metric.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { metricAt } from "./parameters.ts";

/** What answers are made of: for the OpenAPI document, and for tests that hold every answer against it. */

export const moment = z.string().meta({ format: "date-time" });
export const count = z.int().min(0);
export const millis = z.int().meta({ description: "Milliseconds since 1970." });
export const metric = z.union([z.enum([...DRIFT_METRICS, ...QUALITY_METRICS, ...PERFORMANCE_METRICS]), metricAt]);
export const rows = z.strictObject({ reference: count, current: count });
export const interval = z.tuple([z.number(), z.number()]).meta({ description: "A 95 % confidence interval." });

export const evidence = z.enum(["baseline_windows", "independent_rows"]).meta({
  description: "Where the p-value comes from: the baseline's own windows of this length, or a calculation that takes rows as independent.",
});

export const detail = z.record(z.string(), z.unknown()).meta({
  description:
    "What stands behind the value, by kind of measurement: bins, hits, scale, range, unseen, constraints, without, unknown, schema, usual, confusion, label_coverage, labels (how ripe they are), corrected, note …; and `verdict`, whether the feed broke or the world moved, where it is more than chance",
});

export const page = (item: z.ZodType) =>
  z.strictObject({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: "Pass it as cursor for what follows; null at the end." }),
  });

export const document = z.record(z.string(), z.unknown());
export const html = z.string();
export const plainText = z.string();

/** A moment that may not have come. */
export function timeOrNull(time: Millis | null): string | null {
  return time === null ? null : formatTime(time);
}
