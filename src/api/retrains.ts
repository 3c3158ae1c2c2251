import * as z from "zod";
import {
  RETRAIN_STATES,
  RETRAIN_TRIGGERS,
  RETRAIN_VERDICTS,
  SWAP_STATES,
  type Champion,
  type RetrainRun,
  type RetrainStep,
} from "../model/retraining.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { snakeCase } from "../model/wire.ts";
import { readChampions, readRetrainRuns, readRetrainSteps, readRetrainSwitches } from "../store/retrain-runs.ts";
import { pageOf, readCursor } from "./cursor.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { flag, oneOf, pageSize, paging, text } from "./parameters.ts";
import { Problem, quoted } from "./problem.ts";
import { readBody } from "./read-body.ts";
import { route, type Route } from "./route.ts";
import { page } from "./schemas.ts";

const PLACE = z.tuple([z.int(), z.string()]);
const OUTCOME_BYTES = 64 * 1024;

const moment = z.string().meta({ format: "date-time" });
const shape = {
  id: z.string(),
  model: z.string(),
  version: z.string(),
  rule: z.string().meta({ description: "Empty where no rule asked." }),
  transition_id: z.string(),
  state: z.enum(RETRAIN_STATES),
  reason: z.string(),
  at: moment.meta({ description: "In event time." }),
  trigger: z.enum(RETRAIN_TRIGGERS),
  requested_by: z.string(),
  launcher: z.string(),
  external_id: z.string(),
  external_url: z.string(),
  attempts: z.int().min(0),
  lease_until: moment.nullable(),
  changed_at: moment,
  new_version: z.string().nullable(),
  verdict: z.enum(RETRAIN_VERDICTS).nullable(),
  swap: z
    .enum(SWAP_STATES)
    .meta({ description: "Whether the alerts of the old version are to be closed: offered, and done when somebody agrees." }),
};
const retrain = z.strictObject(shape).meta({ id: "RetrainRun" });

const retrainInFull = z
  .strictObject({
    ...shape,
    config_hash: z.string().meta({ description: "Of the settings it was decided by, without secrets." }),
    facts: z.record(z.string(), z.unknown()).nullable().meta({ description: "What the decision rests on." }),
    steps: z.array(z.strictObject({ sequence: z.int(), state: z.enum(RETRAIN_STATES), detail: z.string(), by: z.string(), at: moment })),
    swap_advice: z
      .strictObject({ why: z.string(), command: z.string().nullable(), yaml: z.string().nullable() })
      .nullable()
      .meta({ description: "What a swap of baselines takes, where one is offered." }),
  })
  .meta({ id: "RetrainRunInFull" });

const champion = z.strictObject({
  registered: z.string(),
  alias: z.string(),
  registry_version: z.string().nullable(),
  version: z.string().nullable(),
  seen_at: moment,
});
const retraining = z
  .strictObject({
    model: z.string(),
    launcher: z.string().nullable(),
    dry_run: z.boolean().nullable(),
    approval: z.boolean().nullable(),
    stopped: z.strictObject({ by: z.string(), reason: z.string(), at: moment, model: z.string() }).nullable(),
    champion: champion.nullable(),
  })
  .meta({ id: "Retraining" });

/** A run as the API tells it. */
export type RetrainItem = z.infer<typeof retrain>;
export type RetrainInFull = z.infer<typeof retrainInFull>;
export type RetrainingItem = z.infer<typeof retraining>;

const outcome = z.strictObject({
  outcome: z.enum(["succeeded", "failed"]),
  version: z.string().min(1).max(200).optional(),
  detail: z.string().max(4_000).optional(),
});

const by = text("Who does it, for the record.").optional();
const reason = text("Why, for the record.").optional();

type Dependencies = Pick<ApiDependencies, "store" | "models" | "retraining">;

export function retrainRoutes({ store, models, retraining: { settings, retrainer, swapAdvice } }: Dependencies): Route[] {
  const named = (name: string) => modelNamed(models, name).name;

  async function runNamed(id: string | undefined): Promise<RetrainRun> {
    const [run] = await readRetrainRuns(store, { ids: [id ?? ""], limit: 1 });
    if (run) return run;
    throw new Problem(404, `There is no run ${quoted(id ?? "")}.`, "GET /v1/retrains lists those there are.");
  }

  /** What cannot be done to a run as it is becomes a conflict. */
  async function done(work: Promise<RetrainRun>): Promise<RetrainItem> {
    try {
      return retrainJson(await work);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "RetrainConflict") throw error;
      throw new Problem(409, error.message, "GET /v1/retrains/{id} says how it is.");
    }
  }

  const inWords = (who: string, given: string | undefined) => (given === undefined || given === "" ? who : `${given} (${who})`);

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
            model: named(query.model),
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
    route({
      method: "POST",
      path: "/v1/retrains/{id}/approve",
      tag: "Retraining",
      summary: "Lets a run start that waits for approval.",
      scope: "operate",
      query: { by },
      answers: { "application/json": retrain },
      problems: [404, 409, 503],
      handle: async ({ path, query, who }) => done(retrainer.approve((await runNamed(path.id)).id, inWords(who, query.by))),
    }),
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
    route({
      method: "POST",
      path: "/v1/retrains/{id}/swap",
      tag: "Retraining",
      summary: "Accepts a swap of baselines: closes the alerts of the version that was replaced.",
      scope: "operate",
      query: { by },
      answers: { "application/json": retrain },
      problems: [404, 409, 503],
      handle: async ({ path, query, who }) => done(retrainer.acceptSwap((await runNamed(path.id)).id, inWords(who, query.by))),
    }),
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
          const model = query.model === undefined ? null : named(query.model);
          await retrainer.switchTo(what === "stop", model ?? "", inWords(who, query.by), query.reason ?? "no reason was given");
          return { stopped: what === "stop", model };
        },
      }),
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

const timeOrNull = (time: Millis | null) => (time === null ? null : formatTime(time));

function retrainJson(run: RetrainRun): RetrainItem {
  return {
    id: run.id,
    model: run.model,
    version: run.version,
    rule: run.rule,
    transition_id: run.transitionId,
    state: run.state,
    reason: run.reason,
    at: formatTime(run.at),
    trigger: run.trigger,
    requested_by: run.by,
    launcher: run.launcher,
    external_id: run.externalId,
    external_url: run.externalUrl,
    attempts: run.attempts,
    lease_until: timeOrNull(run.leaseUntil),
    changed_at: formatTime(run.changedAt),
    new_version: run.newVersion,
    verdict: run.verdict,
    swap: run.swap,
  };
}

const stepJson = ({ sequence, state, detail, by: who, at }: RetrainStep) => ({ sequence, state, detail, by: who, at: formatTime(at) });

const championJson = (one: Champion) => ({
  registered: one.registered,
  alias: one.alias,
  registry_version: one.registryVersion,
  version: one.version,
  seen_at: formatTime(one.seenAt),
});
