import * as z from "zod";
import { isMetricAt, METRICS_AT_CUTOFFS, METRICS_AT_THRESHOLDS, PERFORMANCE_METRICS } from "../model/metric.ts";
import { formatDuration, parseDuration, parseTime } from "../model/time.ts";
import { Problem, quoted } from "./problem.ts";

/** A parameter's text, turned into its value; the description stands in the OpenAPI document. */
export const text = (description: string) => z.string().max(1_024).meta({ description });

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values, description: string) =>
  z.enum(values, { error: () => `must be one of ${values.join(", ")}` }).meta({ description });

export const metricAt = z
  .templateLiteral([z.enum([...new Set([...METRICS_AT_THRESHOLDS, ...METRICS_AT_CUTOFFS])]), "@", z.number()])
  .refine(isMetricAt);

/** A metric of performance, as stored: the named ones, and those at thresholds or of the first items of a list. */
export const performanceMetric = z
  .union([z.enum(PERFORMANCE_METRICS), metricAt], {
    error: () =>
      `must be one of ${PERFORMANCE_METRICS.join(", ")}, or one at a threshold or of the first items of a list, such as recall@0.3 or ndcg@10`,
  })
  .meta({ description: "A metric of this family." });

export const time = (description: string) =>
  z
    .string()
    .meta({ description, format: "date-time", examples: ["2013-07-01T00:00:00Z"] })
    .transform((value, context) => {
      const parsed = parseTime(value);
      if (parsed !== null && parsed >= 0 && parsed < 4e12) return parsed;
      context.addIssue({ code: "custom", message: "must be an RFC 3339 time such as 2013-07-01T00:00:00Z, or a date" });
      return z.NEVER;
    });

export const duration = (description: string) =>
  z
    .string()
    .meta({ description, pattern: "^[0-9]{1,6}(ms|s|m|h|d|y)$", examples: [formatDuration(86_400_000)] })
    .transform((value, context) => {
      const parsed = parseDuration(value);
      if (parsed !== null && parsed > 0) return parsed;
      context.addIssue({ code: "custom", message: "must be a duration such as 1h, 1d or 7d" });
      return z.NEVER;
    });

export const flag = (description: string) =>
  z
    .enum(["true", "false"], { error: () => "must be true or false" })
    .meta({ description })
    .transform((value) => value === "true");

export const wholeNumber = (description: string) =>
  z
    .string()
    .meta({ description, pattern: "^[0-9]{1,16}$" })
    .transform((value, context) => {
      const parsed = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
      if (Number.isSafeInteger(parsed)) return parsed;
      context.addIssue({ code: "custom", message: "must be a whole number" });
      return z.NEVER;
    });

const MOST_ITEMS = 1_000;
const limit = z
  .string()
  .meta({ description: `Items on a page, at most ${MOST_ITEMS}. 100 when not given.`, pattern: "^[0-9]{1,4}$", examples: ["100"] })
  .transform((value, context) => {
    const parsed = /^\d{1,4}$/.test(value) ? Number(value) : 0;
    if (parsed >= 1 && parsed <= MOST_ITEMS) return parsed;
    context.addIssue({ code: "custom", message: `must be a whole number from 1 to ${MOST_ITEMS}` });
    return z.NEVER;
  })
  .optional();

/** The parameters every list takes. */
export const paging = { limit, cursor: text("next_cursor of the page before.").max(8_000).optional() };
export const pageSize = (given: number | undefined): number => given ?? 100;

/** The query of a request, checked: an unknown, repeated or malformed parameter is a Problem that says so. */
export function parseQuery<Shape extends z.ZodRawShape>(shape: Shape, url: string): z.output<z.ZodObject<Shape>> {
  const given = new URL(url).searchParams;
  const names = Object.keys(shape);
  const takes = names.length === 0 ? "It takes no parameters." : `It takes ${names.join(", ")}.`;
  const values = new Map<string, string>();
  for (const [name, value] of given) {
    if (!names.includes(name)) throw new Problem(400, `There is no query parameter ${quoted(name)} here.`, takes);
    if (values.has(name)) throw new Problem(400, `The query parameter ${name} is given more than once.`, "Give it once.");
    values.set(name, value);
  }
  const parsed = z.object(shape).safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? "");
  throw new Problem(400, `The query parameter ${name} ${issue?.message.startsWith("must") ? issue.message : "is not valid"}.`, takes);
}
