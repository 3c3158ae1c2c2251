import * as z from "zod";
import {
  DRIFT_METRICS,
  isMetricAt,
  METRICS_AT_CUTOFFS,
  METRICS_AT_THRESHOLDS,
  PERFORMANCE_METRICS,
  QUALITY_METRICS,
  type NamedMetric,
} from "../model/metric.ts";
import { SEVERITIES, type Severity } from "../model/rule.ts";
import { duration, object, says, text, time } from "./schema-values.ts";

const METRICS = [...DRIFT_METRICS, ...QUALITY_METRICS, ...PERFORMANCE_METRICS] as const;
/** As `Date` counts them. */
export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const metricAt = z
  .templateLiteral([z.enum([...new Set([...METRICS_AT_THRESHOLDS, ...METRICS_AT_CUTOFFS])]), "@", z.number()])
  .refine(
    isMetricAt,
    says(
      "expected a score between 0 and 1 behind the @, as it is written under `thresholds`, or a number of items, as under `ranking: {at}`",
      "as in recall@0.3 or ndcg@10",
    ),
  );

const threshold = z.number().min(0);
const isThresholds = says("expected a number, or one number for each metric", "as in 0.1 or {wasserstein: 0.1, psi: 0.1}");
const byMetric = object(
  Object.fromEntries(METRICS.map((metric) => [metric, threshold.optional()])) as Record<NamedMetric, z.ZodOptional<z.ZodNumber>>,
);
const thresholds = z.union([threshold, byMetric], isThresholds);
const times = z.int(says("expected a whole number of evaluations", "1 or more")).min(1);
const isTimes = says("expected a number of evaluations", "as in 3, for three in a row, or `3 of 5`");
const someTimes = z
  .string(isTimes)
  .regex(/^[1-9]\d{0,2} of [1-9]\d{0,2}$/, isTimes)
  .transform((value) => {
    const [needed = 1, outOf = 1] = value.split(" of ").map(Number);
    return { needed, outOf };
  })
  .refine(({ needed, outOf }) => needed <= outOf, says("more evaluations are asked for than are looked at", "as in `3 of 5`"));
const isShare = says("expected a number between 0 and 1", "as in 0.01");
const share = z.number(isShare).gt(0, isShare).lt(1, isShare);
const positive = z.number().gt(0);

const isSegments = says("expected `each` or a list of segments", "as in [carrier=DL, long-haul], or [carrier] for each carrier");
const isSubjects = says("expected `features` or a list of names", "as in [temp, prediction, score]");
const isShareOfFeatures = says("expected a share of the features", "as in 0.3, or {above: 0.3, weights: {temp: 3}}");
const isHours = says("expected hours of the day", "as in 08:00-20:00");
const isRunbook = says("expected an http or https address", "as in https://runbooks.example.com/{{rule}}");

/** What is too much: exactly one of the first four, and of features a share. */
const condition = {
  above: thresholds.optional(),
  drop: positive.optional(),
  value: object({ above: z.number().optional(), below: z.number().optional() }).optional(),
  change: object({ up: positive.optional(), down: positive.optional(), either: positive.optional(), over: duration.optional() }).optional(),
  share: z
    .union(
      [
        share,
        object({
          above: share,
          weights: z.record(text, z.number().min(0)).default({}),
          whole_at: z.number().min(1, says("expected a number from 1 on", "3: a feature counts whole at three times its limit")).default(1),
        }),
      ],
      isShareOfFeatures,
    )
    .optional(),
};
const conditionSchema = object(condition);
export type ParsedCondition = z.output<typeof conditionSchema>;

export const ruleSchema = object({
  name: text,
  description: z.string().default(""),
  models: z.array(text).min(1, says("expected at least one model", "remove the key to apply the rule to all models")).optional(),
  measure: object({
    metric: z.union([z.enum(["drift", ...METRICS]), metricAt]),
    of: z.union([z.literal("features"), z.array(text).min(1)], isSubjects).optional(),
    baseline: text,
    window: duration,
    every: duration.optional(),
    segments: z.union([z.literal("each"), z.array(text).min(1)], isSegments).optional(),
  }),
  fire: object({ ...condition, false_alarms: share.optional(), confidence: share.optional() }),
  clear: object({
    below: thresholds.optional(),
    drop: threshold.optional(),
    value: z.number().optional(),
    change: threshold.optional(),
    share: z.number().min(0).optional(),
    p_value: share.default(0.2),
    for: times.default(2),
  }).prefault({}),
  for: z.union([times, someTimes], isTimes).default(1),
  at_least: object({
    rows: z.int().min(1).default(50),
    label_coverage: z.number(isShare).min(0, isShare).max(1, isShare).optional(),
  }).prefault({}),
  severity: z.enum(SEVERITIES).default("warning"),
  levels: object(
    Object.fromEntries(SEVERITIES.map((severity) => [severity, conditionSchema.optional()])) as Record<
      Severity,
      z.ZodOptional<typeof conditionSchema>
    >,
  ).optional(),
  when: object({
    days: z.array(z.enum(WEEKDAYS)).min(1).optional(),
    hours: z
      .string(isHours)
      .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, isHours)
      .optional(),
    time_zone: text.default("UTC"),
  }).optional(),
  notify: z.array(text).default(["all"]),
  retrain: z.boolean().default(false),
  summary: text.optional(),
  runbook: z
    .string(isRunbook)
    .regex(/^https?:\/\/[^\s{}/]+(\/\S*)?$/, isRunbook)
    .optional(),
});

export type ParsedRule = z.output<typeof ruleSchema>;

export const maintenanceSchema = object({
  from: time,
  to: time,
  reason: text,
  models: z.array(text).min(1).optional(),
});

export const rulesSchema = object({ rules: z.array(ruleSchema).default([]), maintenance: z.array(maintenanceSchema).optional() });
