import * as z from "zod";
import { tooMuchToReadAgain } from "../model/exact.ts";
import { SUBJECTS, type Measurement } from "../model/measurement.ts";
import { DRIFT_METRICS, metricFamily, QUALITY_METRICS, type MetricFamily } from "../model/metric.ts";
import type { ModelSettings } from "../model/settings.ts";
import { DAY, formatDuration, type Millis, type Window } from "../model/time.ts";
import { measurementPlace, readMeasurementPage, type MeasurementPlace } from "../store/measurement-pages.ts";
import { pageOf, readCursor } from "./cursor.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { page } from "./json.ts";
import { measurement, MEASUREMENT_STATUSES, measurementJson } from "./measurement-json.ts";
import { duration, flag, oneOf, pageSize, paging, performanceMetric, text, time } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { route, type Route } from "./route.ts";

const LONGEST_COMPUTED = 366 * DAY;
const METRICS = {
  drift: oneOf(DRIFT_METRICS, "A metric of this family."),
  performance: performanceMetric,
  quality: oneOf(QUALITY_METRICS, "A metric of this family."),
} as const;
const SUMMARIES = {
  drift: "How far features, predictions and scores have moved from a baseline.",
  performance: "How right the model was, with intervals and label coverage.",
  quality:
    "Values that are missing, of another type, not finite, never seen, out of range or always the same; and rows as such: unknown features, ids used twice, volume, silence.",
} as const;

const PLACE: z.ZodType<MeasurementPlace> = z.tuple([
  z.int(),
  z.int(),
  z.string(),
  z.string(),
  z.string(),
  z.string(),
  z.string(),
  z.string(),
]);

export function measurementRoutes(dependencies: Pick<ApiDependencies, "store" | "models" | "measure" | "withExactValues">): Route[] {
  return (["drift", "performance", "quality"] as const).map((family) => familyRoute(family, dependencies));
}

function familyRoute(
  family: MetricFamily,
  { store, models, measure, withExactValues }: Pick<ApiDependencies, "store" | "models" | "measure" | "withExactValues">,
): Route {
  return route({
    method: "GET",
    path: `/v1/models/{model}/${family}`,
    tag: "Measurements",
    summary: SUMMARIES[family],
    description:
      "What was measured and stored, newest window first. With compute=true and from and to: that one window, measured now against file baselines or the one named, and not stored.",
    scope: "read",
    query: {
      version: text("A version of the model.").optional(),
      subject: oneOf(SUBJECTS, "What is measured.").optional(),
      feature: text("A feature's name.").optional(),
      metric: METRICS[family].optional(),
      baseline: text("A baseline's name.").optional(),
      segment: text("A segment's name, as /v1/models/{model}/segments has it, or each. All rows together when not given.").optional(),
      status: oneOf(MEASUREMENT_STATUSES, "Only measurements of this status.").optional(),
      from: time("Windows that begin at this time or later.").optional(),
      to: time("Windows that end at this time or earlier.").optional(),
      window: duration("Windows of this length.").optional(),
      compute: flag("Measure the window from … to now.").optional(),
      ...(family === "drift"
        ? {
            exact: flag(
              "With compute: the same metrics from the rows themselves too, in detail.exact. For audits; up to a million rows.",
            ).optional(),
          }
        : {}),
      ...paging,
    },
    answers: { "application/json": page(measurement) },
    problems: [404, 503],
    handle: async ({ path, query }) => {
      const model = modelNamed(models, path.model ?? "");
      const { compute, exact, limit, cursor, window, ...filter } = query;
      if (filter.from !== undefined && filter.to !== undefined && filter.from >= filter.to)
        throw new Problem(400, "The time to ends before from begins.", "Give a from before to; windows include from and end before to.");
      if (exact && filter.segment !== undefined)
        throw new Problem(400, "Exact values are of all rows together.", "Leave segment out, or exact.");
      if (compute) {
        if (limit !== undefined || cursor !== undefined || window !== undefined)
          throw new Problem(400, "A computed answer comes whole: limit, cursor and window do not go with compute.", "Leave them out.");
        const span = computedWindow(model, filter.from, filter.to);
        const measured = await measure({
          model: model.name,
          window: span,
          baselines: baselinesOf(model, filter.baseline),
          families: [family],
          only: { subject: filter.subject, feature: filter.feature },
          ...(filter.segment === undefined ? {} : { segments: filter.segment === "each" ? "each" : [filter.segment] }),
        });
        const wanted = measured.filter((one) => metricFamily(one.metric) === family && fits(one, filter));
        const refusal = exact ? tooMuchToReadAgain(wanted) : null;
        if (refusal) throw new Problem(400, refusal.message, refusal.hint);
        return { items: (exact ? await withExactValues(model.name, wanted) : wanted).map(measurementJson), next_cursor: null };
      }
      if (exact)
        throw new Problem(400, "Stored measurements have no exact values.", "Add compute=true, from and to: the window is measured now.");
      const size = pageSize(limit);
      const found = await readMeasurementPage(
        store,
        { ...filter, model: model.name, family, windowMs: window },
        size + 1,
        readCursor(family, cursor, PLACE),
      );
      return pageOf(family, found, size, measurementPlace, measurementJson);
    },
  });
}

/** The window to be measured now: of whole buckets, and not too long. */
export function computedWindow(model: ModelSettings, from: Millis | undefined, to: Millis | undefined): Window {
  if (from === undefined || to === undefined)
    throw new Problem(400, "compute=true measures one window, so it needs from and to.", "Give both.");
  const bucket = formatDuration(model.bucket);
  if (from % model.bucket !== 0 || to % model.bucket !== 0)
    throw new Problem(
      400,
      `This model is counted in buckets of ${bucket}: the window must begin and end at one.`,
      `Round from and to to whole buckets of ${bucket}, UTC.`,
    );
  if (to - from > LONGEST_COMPUTED) throw new Problem(400, "The window is longer than 366 days.", "Choose a shorter one.");
  return { from, to };
}

function baselinesOf(model: ModelSettings, named: string | undefined): string[] {
  const names = model.baselines.map((baseline) => baseline.name);
  if (named === undefined) return model.baselines.filter((baseline) => baseline.kind === "file").map((baseline) => baseline.name);
  if (!names.includes(named))
    throw new Problem(
      400,
      "The model has no baseline of that name.",
      names.length === 0 ? "It has none: add one under baselines." : `It has ${names.join(", ")}.`,
    );
  return [named];
}

function fits(
  m: Measurement,
  filter: {
    version?: string | undefined;
    subject?: string | undefined;
    feature?: string | undefined;
    metric?: string | undefined;
    status?: string | undefined;
  },
): boolean {
  return (["version", "subject", "feature", "metric", "status"] as const).every(
    (name) => filter[name] === undefined || filter[name] === m[name],
  );
}
