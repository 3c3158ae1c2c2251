import * as z from "zod";
import { RETRAIN_STATES, type RetrainRun } from "../model/retraining.ts";
import { snakeCase } from "../model/wire.ts";
import { readRetrainRuns, readRetrainSteps } from "../store/retrain-runs.ts";
import { pageOf, readCursor } from "./cursor.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { page } from "./json.ts";
import { by, inWords, reason } from "./operator.ts";
import { flag, oneOf, pageSize, paging, text } from "./parameters.ts";
import { Problem, quoted } from "./problem.ts";
import { readBody } from "./read-body.ts";
import { retrain, retrainInFull, retrainJson, stepJson, type RetrainInFull, type RetrainItem } from "./retrain-json.ts";
import { route, type Route } from "./route.ts";

const PLACE = z.tuple([z.int(), z.string()]);
const OUTCOME_BYTES = 64 * 1024;

const outcome = z.strictObject({
  outcome: z.enum(["succeeded", "failed"]),
  version: z.string().min(1).max(200).optional(),
  detail: z.string().max(4_000).optional(),
});

/** Retraining runs: those there are, a new one, and what may be done to one. */
export function retrainRoutes({
  store,
  models,
  retraining: { retrainer, swapAdvice },
}: Pick<ApiDependencies, "store" | "models" | "retraining">): Route[] {
  async function runNamed(id: string | undefined): Promise<RetrainRun> {
    const [run] = await readRetrainRuns(store, { ids: [id ?? ""], limit: 1 });
    if (run) return run;
    throw new Problem(
      404,
      `There is no run ${quoted(id ?? "")}.`,
      "`driftwatch retrain list`, or GET /v1/retrains, shows those there are.",
    );
  }

  /** What cannot be done to a run as it is becomes a conflict. */
  async function done(work: Promise<RetrainRun>): Promise<RetrainItem> {
    try {
      return retrainJson(await work);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "RetrainConflict") throw error;
      throw new Problem(409, error.message, "`driftwatch retrain show`, or GET /v1/retrains/{id}, says how it is.");
    }
  }

  /** Somebody agrees to what a run waits for. */
  const agreement = (what: "approve" | "swap", summary: string, agree: (id: string, who: string) => Promise<RetrainRun>) =>
    route({
      method: "POST",
      path: `/v1/retrains/{id}/${what}`,
      tag: "Retraining",
      summary,
      scope: "operate",
      query: { by },
      answers: { "application/json": retrain },
      problems: [404, 409, 503],
      handle: async ({ path, query, who }) => done(agree((await runNamed(path.id)).id, inWords(who, query.by))),
    });

  return [
    route({
      method: "GET",
      path: "/v1/retrains",
      tag: "Retraining",
      summary: "Retraining runs and refusals, newest first.",
      scope: "read",
      query: { model: text("A model's name.").optional(), state: oneOf(RETRAIN_STATES, "Only runs in this state.").optional(), ...paging },
      answers: { "application/json": page(retrain) },
      handle: async ({ query }) => {
        const size = pageSize(query.limit);
        const found = await readRetrainRuns(store, {
          model: query.model,
          ...(query.state === undefined ? {} : { states: [query.state] }),
          after: readCursor("retrains", query.cursor, PLACE),
          limit: size + 1,
        });
        return pageOf("retrains", found, size, (run) => [run.at, run.id], retrainJson);
      },
    }),
    route({
      method: "POST",
      path: "/v1/retrains",
      tag: "Retraining",
      summary: "Asks for a retraining.",
      description:
        "It is decided as for an alert, and the answer is the run, refused or not. The same key again is the same run. With force, only the switch and a run in flight hold it back. The body is not looked at.",
      scope: "operate",
      query: {
        model: text("A model's name."),
        version: text("The version to replace. The one seen last when not given.").optional(),
        key: text("The same key asked twice is one run."),
        reason,
        by,
        force: flag("Without regard to cooldown, budget, circuit, labels and the state of the data.").optional(),
        client: oneOf(["api", "cli"], "What asks.").optional(),
      },
      answers: { "application/json": retrain },
      problems: [404, 409, 503],
      handle: ({ query, who }) =>
        done(
          retrainer.trigger({
            model: modelNamed(models, query.model).name,
            version: query.version ?? null,
            key: query.key,
            kind: query.client ?? "api",
            by: inWords(who, query.by),
            reason: query.reason ?? "",
            force: query.force ?? false,
          }),
        ),
    }),
    route({
      method: "GET",
      path: "/v1/retrains/{id}",
      tag: "Retraining",
      summary: "One run: what it was decided by, and every step.",
      scope: "read",
      query: {},
      answers: { "application/json": retrainInFull },
      problems: [404],
      handle: async ({ path }) => {
        const run = await runNamed(path.id);
        return {
          ...retrainJson(run),
          config_hash: run.configHash,
          facts: run.facts === null ? null : (snakeCase(run.facts) as Record<string, unknown>),
          steps: (await readRetrainSteps(store, run)).map(stepJson),
          swap_advice: run.swap === "none" ? null : swapAdvice(run),
        } satisfies RetrainInFull;
      },
    }),
    agreement("approve", "Lets a run start that waits for approval.", (id, who) => retrainer.approve(id, who)),
    route({
      method: "POST",
      path: "/v1/retrains/{id}/cancel",
      tag: "Retraining",
      summary: "Ends a run, and stops its job where that is possible from here.",
      scope: "operate",
      query: { by, reason },
      answers: { "application/json": retrain },
      problems: [404, 409, 503],
      handle: async ({ path, query, who }) =>
        done(retrainer.cancel((await runNamed(path.id)).id, inWords(who, query.by), query.reason ?? "")),
    }),
    route({
      method: "POST",
      path: "/v1/retrains/{id}/outcome",
      tag: "Retraining",
      summary: "A job says how it went.",
      description:
        "With a token that may operate, or with the key the request carried, which opens this run only. `version` is what events of the new version will call it.",
      scope: "operate",
      query: {},
      body: {
        "application/json": { schema: z.toJSONSchema(outcome, { io: "input" }), example: { outcome: "succeeded", version: "2013-q2" } },
      },
      answers: { "application/json": retrain },
      problems: [404, 409, 413, 415, 503],
      isKnownOtherwise: async (request, path) => {
        const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
        return key !== undefined && retrainer.opens(path.id ?? "", key);
      },
      handle: async ({ path, request, who }) => {
        const run = await runNamed(path.id);
        const said = outcome.safeParse(parsed(await readBody(request, OUTCOME_BYTES)));
        if (!said.success)
          throw new Problem(
            400,
            "The body does not say how the job went.",
            'Send {"outcome":"succeeded","version":"…"} or {"outcome":"failed","detail":"…"}.',
          );
        const { outcome: how, version = null, detail = "" } = said.data;
        return done(retrainer.report(run.id, { succeeded: how === "succeeded", version, detail }, who));
      },
    }),
    agreement("swap", "Accepts a swap of baselines: closes the alerts of the version that was replaced.", (id, who) =>
      retrainer.acceptSwap(id, who),
    ),
  ];
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return null;
  }
}
