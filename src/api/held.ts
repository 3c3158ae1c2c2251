import * as z from "zod";
import { HELD, readCounted, readDue, readHeldHours, readHeldRows, readLetterOrigins, type LetterOrigin } from "../store/held.ts";
import { pageOf, readCursor } from "./cursor.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { countedBuckets, due, heldHours, heldRows, letterOrigins } from "./held-json.ts";
import { pageSize, paging, wholeNumber } from "./parameters.ts";
import { route, type Route } from "./route.ts";

const LETTER: z.ZodType<LetterOrigin> = z.tuple([z.string(), z.string(), z.int(), z.string(), z.string()]);

/** For somebody who counts what is stored himself (`driftwatch verify`): rows as hashes, never what an event says. */
export function heldRoutes({ store, models }: Pick<ApiDependencies, "store" | "models">): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/models/{model}/held",
      tag: "Operation",
      summary: "How many rows are held of each hour: predictions, labels at their place, and labels without one.",
      scope: "operate",
      query: {},
      answers: { "application/json": heldHours },
      problems: [404],
      handle: async ({ path }) => {
        const { name } = modelNamed(models, path.model ?? "");
        const kinds = [];
        for (const kind of HELD) kinds.push([kind, await readHeldHours(store, name, kind)] as const);
        return Object.fromEntries(kinds);
      },
    }),
    ...HELD.map((kind) =>
      route({
        method: "GET",
        path: `/v1/models/{model}/held/${kind}`,
        tag: "Operation",
        summary: `The rows that are held (${kind}), each as a hash of its id, its precedence, its time in milliseconds, and flags.`,
        scope: "operate",
        query: {
          from: wholeNumber("Milliseconds since 1970. 0 when not given.").optional(),
          to: wholeNumber("Milliseconds since 1970.").optional(),
          part: wholeNumber("Which part of the ids, from 0.").optional(),
          parts: wholeNumber("In how many parts the ids are asked for. 1 when not given.").optional(),
        },
        answers: { "application/json": heldRows },
        problems: [404],
        handle: async ({ path, query }) => ({
          rows: await readHeldRows(store, modelNamed(models, path.model ?? "").name, kind, {
            from: query.from ?? 0,
            to: query.to ?? Date.UTC(2200, 0),
            part: query.part ?? 0,
            parts: Math.max(1, query.parts ?? 1),
          }),
        }),
      }),
    ),
    route({
      method: "GET",
      path: "/v1/models/{model}/counted",
      tag: "Operation",
      summary: "What was counted of each bucket.",
      scope: "operate",
      query: {},
      answers: { "application/json": countedBuckets },
      problems: [404],
      handle: ({ path }) => readCounted(store, modelNamed(models, path.model ?? "").name),
    }),
    route({
      method: "GET",
      path: "/v1/models/{model}/due",
      tag: "Operation",
      summary: "The buckets that are still to be settled or counted.",
      scope: "operate",
      query: { since: wholeNumber("Also what was marked after this, as told by an earlier answer in `last`.").optional() },
      answers: { "application/json": due },
      problems: [404],
      handle: ({ path, query }) => readDue(store, modelNamed(models, path.model ?? "").name, query.since ?? Number.MAX_SAFE_INTEGER),
    }),
    route({
      method: "GET",
      path: "/v1/dead-letters/origins",
      tag: "Operation",
      summary: "Where every dead letter came from, and its reason.",
      scope: "operate",
      query: { ...paging },
      answers: { "application/json": letterOrigins },
      handle: async ({ query }) => {
        const size = pageSize(query.limit);
        const found = await readLetterOrigins(store, size + 1, readCursor("letter-origins", query.cursor, LETTER));
        const same = (origin: LetterOrigin) => origin;
        return pageOf("letter-origins", found, size, same, same);
      },
    }),
  ];
}
