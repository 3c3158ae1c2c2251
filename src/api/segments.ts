import * as z from "zod";
import { DRIFT_METRICS, PERFORMANCE_METRICS } from "../model/metric.ts";
import { leadMetric } from "../model/performance.ts";
import type { SegmentAnswer, SegmentQuestion } from "../model/segment-search.ts";
import type { SegmentGroup } from "../model/segment.ts";
import { DAY, floorTo, formatTime } from "../model/time.ts";
import { readNewestGrid } from "../store/grids.ts";
import { readVersions } from "../store/versions.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { count, moment } from "./json.ts";
import { computedWindow } from "./measurements.ts";
import { metricAt, oneOf, performanceMetric, text, time } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { route, type Route } from "./route.ts";

const probability = z.number().nullable();

const segmentGroup = z
  .strictObject({
    group: z.string().meta({ description: "An entry of the model's `segments`: its columns, or its name." }),
    kind: z.enum(["by", "where"]),
    segments: z.array(
      z.strictObject({ segment: z.string(), rows: count.meta({ description: "Rows of the references it was pinned by." }) }),
    ),
    gathered: count.meta({ description: "Values of the references that share the segment (other)." }),
    problem: z.string().nullable().meta({ description: "Why it has no segments, or one that may stay empty." }),
  })
  .meta({ id: "SegmentGroup" });

const segmentExplanation = z
  .strictObject({
    model: z.string(),
    version: z.string().nullable(),
    baseline: z.string(),
    from: moment,
    to: moment,
    metric: z.union([z.enum([...DRIFT_METRICS, ...PERFORMANCE_METRICS]), metricAt]).nullable(),
    feature: z.string().nullable(),
    change: z.number().nullable().meta({ description: "Of all rows: the window less the baseline." }),
    note: z.string().nullable().meta({ description: "Why nothing is taken apart." }),
    groups: z.array(
      z.strictObject({
        group: z.string(),
        change: z.number().meta({ description: "The sum of what its segments add." }),
        segments: z.array(
          z.strictObject({
            segment: z.string(),
            rows: z.strictObject({ reference: count, current: count }),
            value: z.strictObject({ reference: z.number().nullable(), current: z.number().nullable() }),
            contribution: z.number().meta({ description: "What it adds to the change: mix and within." }),
            mix: z.number().meta({ description: "By being a larger or smaller part of the rows." }),
            within: z.number().meta({ description: "By having changed itself." }),
            p_value: probability.meta({ description: "That it has not changed itself, as if rows were independent." }),
            adjusted_p_value: probability.meta({ description: "Corrected for all segments that were looked at." }),
          }),
        ),
      }),
    ),
  })
  .meta({ id: "SegmentExplanation" });
export type SegmentExplanationItem = z.output<typeof segmentExplanation>;
export type SegmentGroupItem = z.output<typeof segmentGroup>;

type Needed = Pick<ApiDependencies, "store" | "models" | "explainSegments" | "status" | "clock">;

export function segmentRoutes({ store, models, explainSegments, status, clock }: Needed): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/models/{model}/segments",
      tag: "Measurements",
      summary: "The segments a model's rows are counted by.",
      scope: "read",
      query: {},
      answers: {
        "application/json": z.strictObject({ items: z.array(segmentGroup), next_cursor: z.null() }).meta({ id: "SegmentGroups" }),
      },
      problems: [404],
      handle: async ({ path }) => {
        const { name } = modelNamed(models, path.model ?? "");
        return { items: ((await readNewestGrid(store, name))?.grid.segments ?? []).map(groupJson), next_cursor: null };
      },
    }),
    route({
      method: "GET",
      path: "/v1/models/{model}/segments/explain",
      tag: "Measurements",
      summary: "Which segments carry a change between a baseline and a window.",
      description:
        "Of a metric that is a mean over rows, or (with feature or subject) of a distribution, as total variation distance. Within each group the contributions sum to the change.",
      scope: "read",
      query: {
        version: text("A version of the model. The one seen last when not given.").optional(),
        baseline: text("A baseline's name. The first there is when not given.").optional(),
        from: time("Begin of the window. Seven days before the newest event when neither is given.").optional(),
        to: time("End of the window, itself not in it.").optional(),
        metric: performanceMetric.meta({ description: "A metric of performance. accuracy, mae or ndcg when nothing is said." }).optional(),
        feature: text("A feature's name, for what is in it.").optional(),
        subject: oneOf(["prediction", "score"], "For what is predicted.").optional(),
      },
      answers: { "application/json": segmentExplanation },
      problems: [404, 503],
      handle: async ({ path, query }) => {
        const model = modelNamed(models, path.model ?? "");
        const { baseline = model.baselines[0]?.name, metric, feature, subject } = query;
        const version = query.version ?? (await readVersions(store, model.name))[0]?.version ?? null;
        if (baseline === undefined || !model.baselines.some(({ name }) => name === baseline))
          throw new Problem(
            400,
            "The model has no baseline of that name.",
            `It has ${model.baselines.map(({ name }) => name).join(", ") || "none"}.`,
          );
        if ([metric, feature, subject].filter((one) => one !== undefined).length > 1)
          throw new Problem(400, "One of metric, feature and subject, not more.", "Ask for each by itself.");
        const end = floorTo(status().watermarks.get(model.name) ?? clock(), model.bucket);
        const isGiven = query.from !== undefined || query.to !== undefined;
        const window = isGiven ? computedWindow(model, query.from, query.to) : { from: end - 7 * DAY, to: end };
        const of: SegmentQuestion["of"] =
          feature === undefined && subject === undefined
            ? { metric: metric ?? leadMetric(model) }
            : { subject: subject ?? "feature", feature: feature ?? "" };
        const found = version === null ? null : await explainSegments({ model: model.name, version, window, baseline, of });
        return {
          model: model.name,
          version,
          baseline,
          from: formatTime(window.from),
          to: formatTime(window.to),
          feature: feature ?? null,
          ...answerJson(found),
          note: found === null ? NOTHING_TO_TELL : null,
        };
      },
    }),
  ];
}

function groupJson({ name, settings, segments, gathered, problem }: SegmentGroup): SegmentGroupItem {
  return { group: name, kind: settings.kind, segments: segments.map((one) => ({ segment: one.name, rows: one.rows })), gathered, problem };
}

const NOTHING_TO_TELL =
  "There is nothing to take apart: no rows on one side, no segments, or a metric that is no mean over rows (accuracy, precision, recall, mean_value, log_loss, brier, mae, bias and those of ranked lists are).";

function answerJson(answer: SegmentAnswer | null) {
  if (answer === null) return { metric: null, change: null, groups: [] };
  const { metric, change, partitions } = answer;
  return {
    metric,
    change,
    groups: partitions.map(({ group, change: sum, segments }) => ({
      group,
      change: sum,
      segments: segments.map(({ pValue, adjustedPValue, ...rest }) => ({ ...rest, p_value: pValue, adjusted_p_value: adjustedPValue })),
    })),
  };
}
