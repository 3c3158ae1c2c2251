import * as z from "zod";
import {
  DRIFT_METRICS,
  isThresholdMetric,
  METRICS_AT_THRESHOLDS,
  PERFORMANCE_METRICS,
  QUALITY_METRICS,
  type NamedMetric,
} from "../model/measurement.ts";
import { SEVERITIES } from "../model/rule.ts";
import { duration, object, says, text } from "./schema-values.ts";

const METRICS = [...DRIFT_METRICS, ...QUALITY_METRICS, ...PERFORMANCE_METRICS] as const;

const metricAtThreshold = z
  .templateLiteral([z.enum(METRICS_AT_THRESHOLDS), "@", z.number()])
  .refine(
    isThresholdMetric,
    says("expected a score between 0 and 1 behind the @, as it is written under `thresholds`", "as in recall@0.3"),
  );

const threshold = z.number().min(0);
const isThresholds = says("expected a number, or one number for each metric", "as in 0.1 or {wasserstein: 0.1, psi: 0.1}");
const byMetric = object(
  Object.fromEntries(METRICS.map((metric) => [metric, threshold.optional()])) as Record<NamedMetric, z.ZodOptional<z.ZodNumber>>,
);
const thresholds = z.union([threshold, byMetric], isThresholds);
const times = z.int(says("expected a whole number of evaluations", "1 or more")).min(1);
const isShare = says("expected a number between 0 and 1", "as in 0.01");
const share = z.number(isShare).gt(0, isShare).lt(1, isShare);

const isSegments = says("expected `each` or a list of segments", "as in [carrier=DL, long-haul], or [carrier] for each carrier");
const isSubjects = says("expected `features` or a list of names", "as in [temp, prediction, score]");

export const ruleSchema = object({
  name: text,
  description: z.string().default(""),
  models: z.array(text).min(1, says("expected at least one model", "remove the key to apply the rule to all models")).optional(),
  measure: object({
    metric: z.union([z.enum(["drift", ...METRICS]), metricAtThreshold]),
    of: z.union([z.literal("features"), z.array(text).min(1)], isSubjects).optional(),
    baseline: text,
    window: duration,
    every: duration.optional(),
    segments: z.union([z.literal("each"), z.array(text).min(1)], isSegments).optional(),
  }),
  fire: object({
    above: thresholds.optional(),
    drop: z.number().gt(0).optional(),
    false_alarms: share.optional(),
    confidence: share.optional(),
  }),
  clear: object({
    below: thresholds.optional(),
    drop: threshold.optional(),
    p_value: share.default(0.2),
    for: times.default(2),
  }).prefault({}),
  for: times.default(1),
  at_least: object({ rows: z.int().min(1).default(50) }).prefault({}),
  severity: z.enum(SEVERITIES).default("warning"),
  notify: z.array(text).default(["all"]),
  retrain: z.boolean().default(false),
});

export type ParsedRule = z.output<typeof ruleSchema>;

export const rulesSchema = object({ rules: z.array(ruleSchema) });
