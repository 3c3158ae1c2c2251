import type { ApiDependencies } from "./dependencies.ts";
import { Problem } from "./problem.ts";
import { readBody } from "./read-body.ts";
import { route, type Route } from "./route.ts";
import { ingested } from "./schemas.ts";
import { splitJson, splitLines } from "./split-events.ts";

const BODY_BYTES = 8 * 1024 * 1024;
const MOST_EVENTS = 10_000;

const EXAMPLE = {
  type: "prediction",
  id: "LGA-2013-04-01-DL1821-0600",
  model: "flight-delay",
  version: "2013-q1",
  time: "2013-04-01T09:58:00.000Z",
  features: { dep_delay: -2, temp: 42.8, carrier: "DL", precip: null },
  prediction: "on_time",
  score: 0.0413,
};

const event = {
  type: "object",
  required: ["type", "model"],
  properties: { type: { enum: ["prediction", "label"] }, id: { type: "string" }, model: { type: "string" } },
  additionalProperties: true,
};

export function eventRoutes({ ingest }: Pick<ApiDependencies, "ingest">): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/events",
      tag: "Events",
      summary: "Take predictions and labels.",
      description: `Answers once the events are durable. Events that cannot be taken are listed, and kept as dead letters; the others are taken. At most ${MOST_EVENTS} events and ${BODY_BYTES / 1024 / 1024} MiB, gzip allowed. Sending an event again is harmless.`,
      scope: "ingest",
      query: {},
      body: {
        "application/json": {
          schema: {
            anyOf: [
              event,
              { type: "array", items: event },
              { type: "object", required: ["events"], properties: { events: { type: "array", items: event } } },
            ],
          },
          example: EXAMPLE,
        },
        "application/x-ndjson": { schema: { type: "string", description: "A line an event." }, example: `${JSON.stringify(EXAMPLE)}\n` },
      },
      answers: { "application/json": ingested },
      problems: [413, 415, 503],
      handle: async ({ request }) => {
        const split = splitterFor(request);
        const events = split(await readBody(request, BODY_BYTES), MOST_EVENTS);
        const { accepted, rejected } = await ingest(events.map((bytes, index) => ({ bytes, index })));
        return { accepted, rejected: rejected.map(({ index, reason, message }) => ({ index, reason, message })) };
      },
    }),
  ];
}

function splitterFor(request: Request) {
  const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return splitJson;
  if (type === "application/x-ndjson" || type === "application/jsonl") return splitLines;
  throw new Problem(
    415,
    "The body's Content-Type is not known here.",
    "Send application/json, or application/x-ndjson with a line an event.",
    { headers: { accept: "application/json, application/x-ndjson", connection: "close" } },
  );
}
