import * as z from "zod";
import { REJECT_REASONS } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import { snakeCase } from "../model/wire.ts";
import { readBaselines } from "../store/baselines.ts";
import { letterPlace, readDeadLetterPage, type LetterPlace, type OpenPlace } from "../store/dead-letters.ts";
import { baseline, baselineJson } from "./baseline-json.ts";
import { pageOf, pageOfWhole, readCursor, writeCursor } from "./cursor.ts";
import { deadLetter, deadLetterJson, replayed } from "./dead-letter-json.ts";
import type { ApiDependencies } from "./dependencies.ts";
import { page, plainText, timeOrNull } from "./json.ts";
import { flag, oneOf, pageSize, paging, text, time } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { route, type Route } from "./route.ts";
import { health, ready, status as statusSchema } from "./status-json.ts";

const LETTER: z.ZodType<LetterPlace> = z.tuple([z.int(), z.string(), z.string(), z.int(), z.string(), z.string()]);
const REPLAY: z.ZodType<readonly [before: Millis, ...OpenPlace]> = z.tuple([
  z.int(),
  z.string(),
  z.string(),
  z.int(),
  z.string(),
  z.string(),
]);

export function operationRoutes({
  store,
  models,
  replay,
  status,
  metrics,
  clock,
  version,
  instance,
}: Pick<ApiDependencies, "store" | "models" | "replay" | "clock" | "status" | "metrics" | "version" | "instance">): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/baselines",
      tag: "Models",
      summary: "What windows are compared with, and what of it is loaded.",
      scope: "read",
      query: { model: text("A model's name.").optional(), ...paging },
      answers: { "application/json": page(baseline) },
      handle: async ({ query }) => {
        const all = [...models.values()]
          .filter((model) => query.model === undefined || model.name === query.model)
          .flatMap((model) => model.baselines.map((one) => ({ model: model.name, one })));
        const stored = await readBaselines(store, query.model ?? null);
        return pageOfWhole("baselines", all, pageSize(query.limit), query.cursor, ({ model, one }) => baselineJson(model, one, stored));
      },
    }),
    route({
      method: "GET",
      path: "/v1/dead-letters",
      tag: "Events",
      summary: "Messages that could not be taken, newest first.",
      scope: "read",
      query: { reason: oneOf(REJECT_REASONS, "Only letters of this reason.").optional(), ...paging },
      answers: { "application/json": page(deadLetter) },
      handle: async ({ query }) => {
        const size = pageSize(query.limit);
        const found = await readDeadLetterPage(store, { reason: query.reason }, size + 1, readCursor("dead-letters", query.cursor, LETTER));
        return pageOf("dead-letters", found, size, letterPlace, deadLetterJson);
      },
    }),
    route({
      method: "POST",
      path: "/v1/dead-letters/replay",
      tag: "Events",
      summary: "Take dead letters again, after what was wrong is put right.",
      description:
        "Each goes through the same checks as when it first came. What is taken is marked so and not tried again; what is refused stays, with its reason of now. Some letters at a time: go on with next_cursor. Doing it again stores nothing twice. The body is not looked at.",
      scope: "operate",
      query: {
        reason: oneOf(REJECT_REASONS, "Only letters of this reason.").optional(),
        since: time("Only letters received from then on.").optional(),
        dry_run: flag("Only tell what would become of them.").optional(),
        cursor: paging.cursor,
      },
      answers: { "application/json": replayed },
      problems: [503],
      handle: async ({ query }) => {
        const [before, ...after] = readCursor("replay", query.cursor, REPLAY) ?? [clock()];
        const { next, refused, ...counts } = await replay({
          reason: query.reason,
          since: query.since ?? 0,
          before,
          after: after.length === 0 ? null : after,
          dryRun: query.dry_run ?? false,
        });
        return {
          ...counts,
          refused: Object.fromEntries(refused),
          next_cursor: next === null ? null : writeCursor("replay", [before, ...next]),
        };
      },
    }),
    route({
      method: "GET",
      path: "/v1/status",
      tag: "Operation",
      summary: "Watermarks, counters of ingestion, and the state of every source.",
      scope: "read",
      query: {},
      answers: { "application/json": statusSchema },
      handle: () => {
        const now = status();
        const watermarks = Object.fromEntries([...now.watermarks].map(([model, mark]) => [model, timeOrNull(mark)]));
        return {
          version,
          ready: now.ready,
          reasons: now.reasons,
          watermarks,
          ingest: snakeCase(now.ingest),
          sources: now.sources.map(snakeCase),
        };
      },
    }),
    route({
      method: "GET",
      path: "/metrics",
      tag: "Operation",
      summary: "What this process has done and how it is, in the text format of Prometheus.",
      scope: "read",
      query: {},
      answers: { "text/plain": plainText },
      handle: async () => {
        const { contentType, text: body } = await metrics();
        return new Response(body, { headers: { "content-type": contentType } });
      },
    }),
    route({
      method: "GET",
      path: "/healthz",
      tag: "Operation",
      summary: "Whether the process lives.",
      scope: null,
      query: {},
      answers: { "application/json": health },
      handle: () => ({ status: "ok", version, instance }),
    }),
    route({
      method: "GET",
      path: "/readyz",
      tag: "Operation",
      summary: "Whether it does its work; 503 with reasons until then.",
      scope: null,
      query: {},
      answers: { "application/json": ready },
      problems: [503],
      handle: () => {
        const { ready: isReady, reasons } = status();
        if (isReady) return { ready: true };
        throw new Problem(503, reasons.join(" ") || "Not ready yet.", "Ask again in a few seconds.", {
          headers: { "retry-after": "5" },
          more: { reasons },
        });
      },
    }),
  ];
}
