import * as z from "zod";
import type { AdapterSettings } from "../model/settings.ts";
import type { ApiDependencies } from "./dependencies.ts";
import { ingested } from "./ingested-json.ts";
import { Problem, quoted } from "./problem.ts";
import { readBody } from "./read-body.ts";
import { route, type Route } from "./route.ts";
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

const adapter = z.string().max(256).optional().meta({ description: "The adapter of the configuration that makes events of what is sent." });

const CLOUD_EVENT = {
  specversion: "1.0",
  id: "b943f10c",
  type: "org.kubeflow.serving.inference.request",
  source: "http://localhost:9081/",
  inferenceservicename: "sklearn-iris",
  time: "2026-11-21T03:10:22.620625379Z",
  data: { instances: [[5.1, 3.5, 1.4, 0.2]] },
};

type Events = Pick<ApiDependencies, "ingest" | "adapters" | "cloudevents">;

export function eventRoutes(dependencies: Events): Route[] {
  const { ingest } = dependencies;
  return [
    route({
      method: "POST",
      path: "/v1/events",
      tag: "Events",
      summary: "Take predictions and labels.",
      description: `Answers once the events are durable. Events that cannot be taken are listed, and kept as dead letters; the others are taken. At most ${MOST_EVENTS} events and ${BODY_BYTES / 1024 / 1024} MiB, gzip allowed. Sending an event again is harmless.`,
      scope: "ingest",
      query: { adapter },
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
      handle: async ({ request, query }) => {
        if (query.adapter !== undefined) adapterOf(dependencies, query.adapter, "mapped");
        const split = splitterFor(request);
        const events = split(await readBody(request, BODY_BYTES), MOST_EVENTS);
        return answerOf(
          await ingest(
            events.map((bytes, index) => ({ bytes, index, ...(query.adapter === undefined ? {} : { adapter: query.adapter }) })),
          ),
        );
      },
    }),
    route({
      method: "POST",
      path: "/v1/cloudevents",
      tag: "Events",
      summary: "Take CloudEvents of serving systems.",
      description:
        "For KServe's logger, whose requests and answers come as one CloudEvent each: with headers such as Ce-Id, or as a whole in the body, one or a batch. Always answers 200 once they are durable: the logger takes anything else for a failure. What cannot be taken is listed, and kept as dead letters.",
      scope: "ingest",
      query: { adapter },
      body: {
        "application/cloudevents+json": { schema: { type: "object", additionalProperties: true }, example: CLOUD_EVENT },
        "application/cloudevents-batch+json": { schema: { type: "array", items: { type: "object" } }, example: [CLOUD_EVENT] },
        "application/json": { schema: { type: "object", additionalProperties: true }, example: CLOUD_EVENT.data },
      },
      answers: { "application/json": ingested },
      problems: [413, 415, 503],
      handle: async ({ request, query }) => {
        const name = adapterOf(dependencies, query.adapter ?? dependencies.cloudevents, "cloudevents");
        const body = await readBody(request, BODY_BYTES);
        const isBatch = typeOf(request) === "application/cloudevents-batch+json";
        const headers = isBatch ? new Headers({ "content-type": "application/cloudevents+json" }) : request.headers;
        const events = isBatch ? splitJson(body, MOST_EVENTS) : [body];
        return answerOf(await ingest(events.map((bytes, index) => ({ bytes, index, adapter: name, headers }))));
      },
    }),
  ];
}

function answerOf({ accepted, rejected }: Awaited<ReturnType<Events["ingest"]>>) {
  return { accepted, rejected: rejected.map(({ index, reason, message }) => ({ index, reason, message })) };
}

function adapterOf({ adapters }: Events, name: string | null, type: AdapterSettings["type"]): string {
  const known = [...adapters].filter(([, adapter]) => adapter.type === type).map(([one]) => one);
  if (name !== null && known.includes(name)) return name;
  throw new Problem(
    400,
    name === null ? "It is not clear which adapter these events are for." : `There is no adapter ${quoted(name)} of type ${type}.`,
    known.length === 0
      ? `Configure one of type ${type} under adapters.`
      : `Name one with ?adapter=: ${known.slice(0, 10).map(quoted).join(", ")}.`,
  );
}

function typeOf(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function splitterFor(request: Request) {
  const type = typeOf(request);
  if (type === "application/json") return splitJson;
  if (type === "application/x-ndjson" || type === "application/jsonl") return splitLines;
  throw new Problem(
    415,
    "The body's Content-Type is not known here.",
    "Send application/json, or application/x-ndjson with a line an event.",
    { headers: { accept: "application/json, application/x-ndjson", connection: "close" } },
  );
}
