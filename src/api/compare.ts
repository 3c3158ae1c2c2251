import * as z from "zod";
import {
  COMPARED_METRICS,
  METRICS_OF_TASK,
  COMPARISON_STATUSES,
  COMPARISON_VERDICTS,
  type Comparison,
  type MetricComparison,
} from "../model/comparison.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatDuration } from "../model/time.ts";
import { readVersions } from "../store/versions.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { count, moment, timeOrNull } from "./json.ts";
import { oneOf, text } from "./parameters.ts";
import { Problem, quoted } from "./problem.ts";
import { route, type Route } from "./route.ts";

const DEFAULT_MARGIN = 0.01;

const margin = z
  .string()
  .meta({ description: `The smallest difference that would matter. ${DEFAULT_MARGIN} when not given.`, examples: ["0.005"] })
  .transform((value, context) => {
    const parsed = /^\d{1,9}(\.\d{1,12})?$/.test(value) ? Number(value) : Number.NaN;
    if (parsed >= 0) return parsed;
    context.addIssue({ code: "custom", message: "must be a number, 0 or more, such as 0.005" });
    return z.NEVER;
  });

const further = count.nullable();
const compared = z.strictObject({ version: z.string(), predictions: count, labelled: count });

const metricComparison = z
  .strictObject({
    metric: z.enum(COMPARED_METRICS),
    better: z.enum(["higher", "lower"]).nullable().meta({ description: "Null where neither is better in itself." }),
    status: z.enum(["ok", "insufficient", "undefined"]),
    champion: z.number().nullable(),
    challenger: z.number().nullable(),
    rows: z.strictObject({ champion: count, challenger: count }),
    difference: z.number().nullable().meta({ description: "Challenger less champion." }),
    sequence: z
      .tuple([z.number(), z.number()])
      .nullable()
      .meta({ description: "The confidence sequence now: it holds the true difference at every look at once." }),
    e_value: z.number().nullable().meta({ description: "Evidence against no difference, now: 20 is twenty to one, at any look." }),
    p_value: z.number().nullable().meta({ description: "Valid at every look: from the largest e-value so far." }),
    one_look: z
      .strictObject({
        test: z.enum(["z", "fisher", "delong", "welch"]),
        interval: z.enum(["newcombe", "delong", "welch"]),
        p_value: z.number().nullable(),
        ci: z.tuple([z.number(), z.number()]).nullable(),
        valid_for: z.literal("one look"),
      })
      .nullable(),
    verdict: z.enum(COMPARISON_VERDICTS),
    verdict_since: moment.nullable(),
    verdict_holds_now: z.boolean().meta({ description: "Whether the sequence shows now what it showed then." }),
    within_margin: z
      .boolean()
      .meta({ description: "Whether the whole sequence lies within the margin: what is better then hardly matters." }),
    further_rows: z.strictObject({ at_observed: further, at_margin: further, at_most: further }).meta({
      description:
        "Rows such as those in rows, both versions together, until a verdict: if the difference stays, if it is as large as the margin, and whatever it is. Null: none in sight.",
    }),
  })
  .meta({ id: "MetricComparison" });

const comparison = z
  .strictObject({
    model: z.string(),
    champion: compared,
    challenger: compared,
    status: z.enum(COMPARISON_STATUSES),
    note: z.string().nullable(),
    from: moment.nullable(),
    to: moment.nullable(),
    buckets: z.strictObject({ length: z.string(), compared: count, waiting: count, only_champion: count, only_challenger: count }),
    looks: count,
    rows: z.literal("independent").meta({ description: "An id belongs to one version: no row was answered by both." }),
    alpha: z.number(),
    margin: z.number(),
    tuned_rows: count,
    metrics: z.array(metricComparison),
  })
  .meta({ id: "Comparison" });

/** A comparison as the API tells it. */
export type ComparisonItem = z.infer<typeof comparison>;

export function compareRoutes({ store, models, compare }: Pick<ApiDependencies, "store" | "models" | "compare">): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/models/{model}/compare",
      tag: "Measurements",
      summary: "One version against another, as often as you like.",
      description:
        "Over the buckets in which both versions were live and whose labels have had their time. Intervals, e-values and p-values hold at every look; those of one_look hold for one look that was planned in advance. Metrics are those of the task: eight of binary models, accuracy, log_loss and brier of several classes, mae of numbers, ndcg of lists (of as many items as the model's ranking.at names first).",
      scope: "read",
      query: {
        a: text("The champion. When neither is given: the two versions seen last, the older one being the champion.").optional(),
        b: text("The challenger.").optional(),
        metric: oneOf(COMPARED_METRICS, "One metric only.").optional(),
        margin: margin.optional(),
      },
      answers: { "application/json": comparison },
      problems: [404, 503],
      handle: async ({ path, query }) => {
        const settings = modelNamed(models, path.model ?? "");
        const metrics = METRICS_OF_TASK[settings.task];
        if (query.metric !== undefined && !metrics.includes(query.metric))
          throw new Problem(
            400,
            `${query.metric} has no meaning for a ${settings.task} model.`,
            `Its versions are compared by ${metrics.join(", ")}.`,
          );
        const known = (await readVersions(store, settings.name)).map(({ version }) => version);
        const [champion, challenger] = chosen(settings, known, query.a, query.b);
        const found = await compare(settings, {
          model: settings.name,
          champion,
          challenger,
          metrics: query.metric === undefined ? metrics : [query.metric],
          margin: query.margin ?? DEFAULT_MARGIN,
        });
        return comparisonJson(found);
      },
    }),
  ];
}

/** Champion and challenger, both known; `known` has the one seen last first. */
function chosen(settings: ModelSettings, known: readonly string[], a: string | undefined, b: string | undefined): [string, string] {
  if ((a === undefined) !== (b === undefined))
    throw new Problem(400, "A comparison is between two versions.", "Give both a (the champion) and b (the challenger), or neither.");
  if (a !== undefined && a === b) throw new Problem(400, "Both versions are the same one.", "Give two different versions.");
  const [newest, older] = known;
  if (newest === undefined)
    throw new Problem(404, `No version of ${quoted(settings.name)} has sent predictions that are counted.`, "Send events first.");
  if (a === undefined || b === undefined) {
    if (older === undefined)
      throw new Problem(
        404,
        `There is one version of ${quoted(settings.name)} only: ${quoted(newest)}.`,
        "Send events of another version.",
      );
    return [older, newest];
  }
  const seen = known.slice(0, 10).map(quoted).join(", ");
  for (const version of [a, b])
    if (!known.includes(version))
      throw new Problem(404, `There is no version ${quoted(version)} of ${quoted(settings.name)}.`, `Seen were ${seen}.`);
  return [a, b];
}

function comparisonJson(found: Comparison): ComparisonItem {
  return {
    model: found.model,
    champion: found.champion,
    challenger: found.challenger,
    status: found.status,
    note: noteOf(found),
    from: timeOrNull(found.from),
    to: timeOrNull(found.to),
    buckets: {
      length: formatDuration(found.buckets.length),
      compared: found.buckets.compared,
      waiting: found.buckets.waiting,
      only_champion: found.buckets.onlyChampion,
      only_challenger: found.buckets.onlyChallenger,
    },
    looks: found.looks,
    rows: "independent",
    alpha: found.alpha,
    margin: found.margin,
    tuned_rows: found.tunedRows,
    metrics: found.metrics.map(metricJson),
  };
}

function metricJson({ rows, sequence, oneLook, verdict, furtherRows, ...found }: MetricComparison): ComparisonItem["metrics"][number] {
  return {
    metric: found.metric,
    better: found.better,
    status: found.status,
    champion: found.champion,
    challenger: found.challenger,
    rows,
    difference: found.difference,
    sequence: sequence && [sequence.low, sequence.high],
    e_value: found.eValue,
    p_value: found.pValue,
    one_look: oneLook && {
      test: oneLook.test,
      interval: oneLook.interval,
      p_value: oneLook.pValue,
      ci: oneLook.ci && [...oneLook.ci],
      valid_for: "one look",
    },
    verdict: verdict.kind,
    verdict_since: timeOrNull(verdict.since),
    verdict_holds_now: verdict.holdsNow,
    within_margin: verdict.withinMargin,
    further_rows: { at_observed: furtherRows.atObserved, at_margin: furtherRows.atMargin, at_most: furtherRows.atMost },
  };
}

/** Why nothing is compared, and what to do. */
function noteOf({ status, champion, challenger, buckets }: Comparison): string | null {
  const bucket = formatDuration(buckets.length);
  switch (status) {
    case "ok":
      return null;
    case "no_common_buckets":
      return `The two were never live in the same bucket of ${bucket}: only one alone in ${buckets.onlyChampion} and ${buckets.onlyChallenger}. Let both answer at the same time.`;
    case "labels_pending":
      return `Both were live in ${buckets.waiting} buckets of ${bucket}, whose labels may still come. Ask again when they have had their time.`;
    case "no_labels": {
      const without = [champion, challenger].filter(({ labelled }) => labelled === 0).map(({ version }) => quoted(version));
      return `No label has come for ${without.join(" and ")} in the ${buckets.compared} buckets in which both were live. Send labels with the ids of the predictions.`;
    }
  }
}
