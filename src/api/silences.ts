import { randomUUID } from "node:crypto";
import { SEVERITIES } from "../model/rule.ts";
import { SILENCE_FIELDS, type Silence } from "../model/silence.ts";
import { insertAcknowledgement, insertSilence, readSilences } from "../store/silences.ts";
import type { Store } from "../store/store.ts";
import { alert } from "./alert-json.ts";
import { pageOfWhole } from "./cursor.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { page } from "./json.ts";
import { duration, flag, oneOf, pageSize, paging, text, time } from "./parameters.ts";
import { Problem, quoted } from "./problem.ts";
import { route, type Route } from "./route.ts";
import { alertNamed, alertsJson } from "./shown-alerts.ts";
import { silence, silenceJson } from "./silence-json.ts";

const by = text("Who does it, for those who ask later.").optional();
const comment = text("Why, for those who ask later.").optional();
const NOBODY = "an operator";
/** The last time that can be given: what ends later could neither be shown nor found again to be ended. */
const LATEST = 4e12;

/** Who is to be told no more: of one alert, or of what matches for some time. */
export function silenceRoutes(dependencies: Pick<ApiDependencies, "store" | "models" | "rules" | "clock">): Route[] {
  const { store, models, rules, clock } = dependencies;

  function checkNames(model: string | undefined, rule: string | undefined): void {
    if (model !== undefined) modelNamed(models, model);
    if (rule === undefined || rules.some(({ name }) => name === rule)) return;
    throw new Problem(404, `There is no rule ${quoted(rule)}.`, "`driftwatch check`, or GET /v1/rules, shows those there are.");
  }

  return [
    route({
      method: "POST",
      path: "/v1/alerts/{id}/ack",
      tag: "Alerts",
      summary: "Takes an alert up: nobody is told of it again until it is over.",
      description: "Doing it again changes who has it, and why. Its end is told. The body is not looked at.",
      scope: "operate",
      query: { by, comment },
      answers: { "application/json": alert },
      problems: [404],
      handle: async ({ path, query }) => {
        const found = await alertNamed(store, path.id ?? "");
        await insertAcknowledgement(store, {
          alertId: found.alert.id,
          by: query.by || NOBODY,
          comment: query.comment ?? "",
          at: clock(),
        });
        return (await alertsJson(dependencies, [found.alert]))[0];
      },
    }),
    route({
      method: "GET",
      path: "/v1/silences",
      tag: "Alerts",
      summary: "Silences, the newest first.",
      scope: "read",
      query: { active: flag("Only those that are in force now.").optional(), ...paging },
      answers: { "application/json": page(silence) },
      handle: async ({ query }) => {
        const now = clock();
        const all = await readSilences(store, query.active ? { endingAfter: now } : {});
        const shown = query.active ? all.filter(({ from }) => from <= now) : all;
        return pageOfWhole("silences", shown, pageSize(query.limit), query.cursor, (one) => silenceJson(one, now));
      },
    }),
    route({
      method: "POST",
      path: "/v1/silences",
      tag: "Alerts",
      summary: "Silences alerts: nobody is told of those that match until it ends.",
      description:
        "All that is given has to match, and something has to be given. Alerts go on by themselves; what fires still at the end is told then, what is over by then is not. Doing it twice makes two. The body is not looked at.",
      scope: "operate",
      query: {
        model: text("A model's name.").optional(),
        rule: text("A rule's name.").optional(),
        version: text("A version of a model.").optional(),
        segment: text("A segment.").optional(),
        subject: text("A feature's name, or prediction, score, performance, traffic.").optional(),
        severity: oneOf(SEVERITIES, "Only alerts as severe as this.").optional(),
        from: time("Its begin. Now when not given.").optional(),
        for: duration("How long.").optional(),
        by,
        comment,
      },
      answers: { "application/json": silence },
      problems: [404],
      handle: async ({ query }) => {
        const match = Object.fromEntries(SILENCE_FIELDS.map((field) => [field, query[field] || null])) as Silence["match"];
        if (Object.values(match).every((value) => value === null))
          throw new Problem(400, "This would silence everything.", `Give at least one of ${SILENCE_FIELDS.join(", ")}.`);
        if (query.for === undefined || query.for === 0) throw new Problem(400, "A silence has an end.", "Say how long, as in for=2h.");
        checkNames(query.model, query.rule);
        const now = clock();
        const from = query.from ?? now;
        const to = from + query.for;
        if (to > LATEST)
          throw new Problem(400, "This silence would end when nobody looks any more.", "Say how long in hours or days, as in for=2h.");
        const made: Silence = {
          id: randomUUID(),
          match,
          from,
          to,
          by: query.by || NOBODY,
          comment: query.comment ?? "",
          createdAt: now,
        };
        await insertSilence(store, made, now);
        return silenceJson(made, now);
      },
    }),
    route({
      method: "POST",
      path: "/v1/silences/{id}/end",
      tag: "Alerts",
      summary: "Ends a silence now.",
      description: "One that has ended stays as it is. The body is not looked at.",
      scope: "operate",
      query: {},
      answers: { "application/json": silence },
      problems: [404],
      handle: async ({ path }) => {
        const now = clock();
        const ended = await endSilence(store, path.id ?? "", now);
        if (!ended)
          throw new Problem(
            404,
            `There is no silence ${quoted(path.id ?? "")}.`,
            "`driftwatch silence list`, or GET /v1/silences, shows those there are.",
          );
        return silenceJson(ended, now);
      },
    }),
  ];
}

async function endSilence(store: Store, id: string, now: number): Promise<Silence | null> {
  const [found] = await readSilences(store, { id });
  if (!found || found.to <= now) return found ?? null;
  const ended = { ...found, from: Math.min(found.from, now), to: now };
  await insertSilence(store, ended, now);
  return ended;
}
