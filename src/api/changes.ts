import * as z from "zod";
import { DETECTORS, type Changes } from "../model/change.ts";
import { DAY, formatDuration, formatTime } from "../model/time.ts";
import { readVersions } from "../store/versions.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { count, moment, timeOrNull } from "./json.ts";
import { duration, text } from "./parameters.ts";
import { Problem, quoted } from "./problem.ts";
import { route, type Route } from "./route.ts";

const changes = z
  .strictObject({
    model: z.string(),
    version: z.string(),
    quantity: z.enum(["error_rate", "absolute_error"]),
    step: z.string(),
    from: moment.nullable(),
    to: moment.nullable(),
    steps: count,
    labelled: count,
    reference: z.strictObject({ baseline: z.string(), mean: z.number(), rows: count, between: z.number() }).nullable().meta({
      description: "The baseline's own level, and the standard deviation by which its steps differ beyond the noise of their rows.",
    }),
    found: z.array(
      z.strictObject({
        detector: z.enum(DETECTORS),
        direction: z.enum(["up", "down"]),
        since: moment,
        found_at: moment,
        held_until: moment,
        before: z.number().nullable(),
        after: z.number(),
        rows: count,
      }),
    ),
  })
  .meta({ id: "Changes" });

export type ChangesItem = z.infer<typeof changes>;

export function changesRoutes({ store, models, changes: find }: Pick<ApiDependencies, "store" | "models" | "changes">): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/models/{model}/changes",
      tag: "Measurements",
      summary: "When a version began to be wrong more often, or less.",
      description:
        "Detectors of concept drift over all of a version's labelled predictions, in steps of a day unless told otherwise: ADWIN, CUSUM, EWMA and an e-process. A step is looked at once its labels have had their time.",
      scope: "read",
      query: {
        version: text("A version. The one seen last when not given.").optional(),
        step: duration("Predictions are taken together by this much time: a day unless told otherwise.").optional(),
      },
      answers: { "application/json": changes },
      problems: [404, 503],
      handle: async ({ path, query }) => {
        const settings = modelNamed(models, path.model ?? "");
        const step = query.step ?? Math.max(DAY, settings.bucket);
        if (step % settings.bucket !== 0)
          throw new Problem(
            400,
            `This model is counted in buckets of ${formatDuration(settings.bucket)}: a step is a whole number of them.`,
            "Give a step such as 1d.",
          );
        const known = (await readVersions(store, settings.name)).map(({ version }) => version);
        const version = query.version ?? known[0];
        if (version === undefined || !known.includes(version))
          throw new Problem(
            404,
            version === undefined
              ? `No version of ${quoted(settings.name)} has been seen.`
              : `There is no version ${quoted(version)} of ${quoted(settings.name)}.`,
            known.length === 0 ? "Send events first." : `Seen were ${known.slice(0, 10).map(quoted).join(", ")}.`,
          );
        const found = await find({ model: settings.name, version, step });
        if (found === null)
          throw settings.task === "ranking"
            ? new Problem(
                400,
                `Changes are looked for in errors, and a list of ${quoted(settings.name)} is neither right nor wrong.`,
                "Ask for its performance over time, or write a rule on ndcg.",
              )
            : new Problem(
                400,
                `Outcomes of ${quoted(settings.name)} are not counted.`,
                "They are once there is a baseline file, or a thousand predictions.",
              );
        return changesJson(found);
      },
    }),
  ];
}

function changesJson(found: Changes): ChangesItem {
  return {
    model: found.model,
    version: found.version,
    quantity: found.quantity,
    step: formatDuration(found.step),
    from: timeOrNull(found.from),
    to: timeOrNull(found.to),
    steps: found.steps,
    labelled: found.labelled,
    reference: found.reference,
    found: found.found.map((one) => ({
      detector: one.detector,
      direction: one.direction,
      since: formatTime(one.since),
      found_at: formatTime(one.foundAt),
      held_until: formatTime(one.heldUntil),
      before: one.before,
      after: one.after,
      rows: one.rows,
    })),
  };
}
