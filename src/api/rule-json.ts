import * as z from "zod";
import { SEVERITIES, type Level, type Rule } from "../model/rule.ts";
import { formatDuration } from "../model/time.ts";
import { count, metric } from "./json.ts";

const thresholds = z.record(z.string(), z.number());

const condition = {
  above: thresholds,
  drop: z.number().nullable(),
  value: z.strictObject({ above: z.number().optional(), below: z.number().optional() }).nullable(),
  change: z
    .strictObject({ up: z.number().optional(), down: z.number().optional(), either: z.number().optional(), over: z.string() })
    .nullable(),
  share: z.strictObject({ above: z.number(), weights: thresholds, whole_at: z.number() }).nullable(),
};

export const rule = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    models: z.array(z.string()).nullable(),
    measure: z.strictObject({
      metric: z.union([metric, z.literal("drift")]),
      of: z.union([z.literal("features"), z.array(z.string())]).nullable(),
      baseline: z.string(),
      window: z.string(),
      every: z.string(),
      segments: z.union([z.literal("each"), z.array(z.string())]).nullable(),
    }),
    fire: z.strictObject({ ...condition, false_alarms: z.number(), for: count, out_of: count.nullable() }),
    clear: z.strictObject({
      below: thresholds,
      drop: z.number().nullable(),
      value: z.number().nullable(),
      change: z.number().nullable(),
      share: z.number().nullable(),
      p_value: z.number(),
      for: count,
    }),
    at_least: z.strictObject({ rows: count, label_coverage: z.number().nullable() }),
    severity: z.enum(SEVERITIES),
    levels: z.partialRecord(z.enum(SEVERITIES), z.strictObject(condition)),
    when: z.strictObject({ days: z.array(z.string()), from: z.string(), to: z.string(), time_zone: z.string() }).nullable(),
    notify: z.array(z.string()),
    retrain: z.boolean(),
    summary: z.string().nullable(),
    runbook: z.string().nullable(),
  })
  .meta({ id: "Rule" });

export function ruleJson(rule: Rule) {
  const { measure, fire, clear } = rule;
  return {
    name: rule.name,
    description: rule.description,
    models: rule.models,
    measure: {
      metric: measure.metric,
      of: measure.of,
      baseline: measure.baseline,
      window: formatDuration(measure.window),
      every: formatDuration(measure.every),
      segments: measure.segments ?? null,
    },
    fire: { ...conditionJson(fire), false_alarms: fire.falseAlarms, for: rule.evaluations, out_of: rule.outOf ?? null },
    clear: {
      below: Object.fromEntries(clear.below),
      drop: clear.drop,
      value: clear.limit ?? null,
      change: fire.change ? (clear.least ?? fire.change.by / 2) : null,
      share: fire.share ? (clear.least ?? fire.share.above / 2) : null,
      p_value: clear.pValue,
      for: clear.evaluations,
    },
    at_least: { rows: rule.atLeastRows, label_coverage: rule.atLeastCoverage ?? null },
    severity: rule.severity,
    levels: Object.fromEntries((rule.levels ?? []).map((level) => [level.severity, conditionJson(level.fire)])),
    when: rule.when
      ? {
          days: rule.when.days.map((day) => WEEKDAYS[day] ?? ""),
          from: timeOfDay(rule.when.from),
          to: timeOfDay(rule.when.to),
          time_zone: rule.when.zone,
        }
      : null,
    notify: rule.notify,
    retrain: rule.retrain,
    summary: rule.summary ?? null,
    runbook: rule.runbook ?? null,
  };
}

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

function timeOfDay(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

function conditionJson({ above, drop, limit, change, share }: Level["fire"]) {
  return {
    above: Object.fromEntries(above),
    drop,
    value: limit ? { [limit.side]: limit.value } : null,
    change: change ? { [change.direction]: change.by, over: formatDuration(change.over) } : null,
    share: share ? { above: share.above, weights: Object.fromEntries(share.weights), whole_at: share.wholeAt } : null,
  };
}
