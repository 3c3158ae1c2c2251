import * as z from "zod";
import { formatTime } from "../model/time.ts";
import { readChampions, readRetrainSwitches } from "../store/retrain-runs.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { by, inWords, reason } from "./operator.ts";
import { text } from "./parameters.ts";
import { championJson, retraining, type RetrainingItem } from "./retrain-json.ts";
import { route, type Route } from "./route.ts";

/** How models are retrained, and the switch that stops it. */
export function retrainingRoutes({
  store,
  models,
  retraining: { settings, retrainer },
}: Pick<ApiDependencies, "store" | "models" | "retraining">): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/retraining",
      tag: "Retraining",
      summary: "How each model is retrained, whether that is stopped, and which version its registry says serves.",
      scope: "read",
      query: {},
      answers: { "application/json": z.strictObject({ items: z.array(retraining) }) },
      handle: async () => {
        const switches = await readRetrainSwitches(store);
        const champions = new Map((await readChampions(store, 1)).map((one) => [one.model, one]));
        const items = [...models.keys()].map((model): RetrainingItem => {
          const own = settings.get(model);
          const stopped = switches.find((one) => one.stopped && (one.model === "" || one.model === model));
          const known = champions.get(model);
          return {
            model,
            launcher: own?.launcher.type ?? null,
            dry_run: own?.dryRun ?? null,
            approval: own?.approval ?? null,
            stopped: stopped ? { by: stopped.by, reason: stopped.reason, at: formatTime(stopped.at), model: stopped.model } : null,
            champion: known ? championJson(known) : null,
          };
        });
        return { items };
      },
    }),
    ...(["stop", "resume"] as const).map((what) =>
      route({
        method: "POST",
        path: `/v1/retraining/${what}`,
        tag: "Retraining",
        summary: what === "stop" ? "Stops all retraining, of one model or of all." : "Lets retraining go on, and closes its circuit.",
        description:
          what === "stop"
            ? "Nothing is decided or started until it is resumed; jobs that run are left alone."
            : "Failures before it no longer count.",
        scope: "operate",
        query: { model: text("A model's name. All models when not given.").optional(), by, reason },
        answers: { "application/json": z.strictObject({ stopped: z.boolean(), model: z.string().nullable() }) },
        problems: [404, 503],
        handle: async ({ query, who }) => {
          const model = query.model === undefined ? null : modelNamed(models, query.model).name;
          await retrainer.switchTo(what === "stop", model ?? "", inWords(who, query.by), query.reason ?? "no reason was given");
          return { stopped: what === "stop", model };
        },
      }),
    ),
  ];
}
