import { readFileSync } from "node:fs";
import { createAdapters, type Adapted } from "../../../src/ingest/adapters/adapter.ts";
import type { DecodeContext } from "../../../src/ingest/decode.ts";
import { boundHeaders, type Message } from "../../../src/ingest/source.ts";
import type { Half, Label } from "../../../src/model/event.ts";
import type { Config } from "../../../src/model/settings.ts";
import { load, loaded } from "../../config/workplace.ts";
import { byName } from "../../support/by-name.ts";

export const NOW = Date.UTC(2026, 10, 21, 12);

const MODELS = `
models:
  iris: {task: multiclass}
  churn: {task: binary, positive: "yes"}
  price: {task: regression}
  sklearn-iris: {task: regression}
`;

/** A configuration with these adapters, as the program loads it. */
export function configOf(adapters: string): Config {
  return loaded(load(`${MODELS}adapters:\n${adapters.replaceAll(/^/gm, "  ")}\n`));
}

/** What the adapter `it` makes of messages. */
export function adapterOf(it: string, context: Partial<DecodeContext> = {}) {
  const config = configOf(`it: ${it}`);
  const adapt = createAdapters(config.adapters);
  return (message: Message): Adapted =>
    adapt({ ...message, adapter: "it" }, { models: config.models, now: NOW, liveClock: true, ...context });
}

export function fixture(path: string): string {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), "utf8");
}

/** A message out of a file, as the native examples of other tests. */
export function line(value: unknown, more: Partial<Message> = {}): Message {
  return {
    origin: { source: "kafka", topic: "t", partition: 0, offset: "7" },
    bytes: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
    timestamp: null,
    ...more,
  };
}

type Captured = { readonly headers: readonly (readonly [string, string])[]; readonly bodyText: string };

/** A request of KServe's agent, as its receiver saw it. */
export function captured(name: string): Message {
  const { headers, bodyText } = JSON.parse(fixture(`kserve/${name}.json`)) as Captured;
  return {
    origin: { source: "http", topic: "", partition: 0, offset: "0" },
    bytes: Buffer.from(bodyText),
    timestamp: null,
    headers: boundHeaders(headers),
  };
}

/** The records of MLServer's input and output topics. */
export function mlserverRecords(): Message[] {
  type Record = { topic: string; partition: number; offset: number; key: string | null; headers: [string, string][]; valueText: string };
  return (JSON.parse(fixture("mlserver/kafka-messages.json")) as Record[]).map(({ topic, partition, offset, key, headers, valueText }) => ({
    origin: { source: "kafka", topic, partition, offset: String(offset) },
    bytes: Buffer.from(valueText),
    timestamp: NOW - 60_000 + offset + (topic === "mlserver-output" ? 10 : 0),
    headers: boundHeaders(headers),
    ...(key === null ? {} : { key }),
  }));
}

/** The predictions among events, with their features by name. */
export function predictionsIn(adapted: Adapted) {
  if (adapted.kind !== "events") throw new Error(JSON.stringify(adapted));
  return adapted.events.filter((event) => event.type === "prediction").map(byName);
}

export function labelsIn(adapted: Adapted): Label[] {
  if (adapted.kind !== "events") throw new Error(JSON.stringify(adapted));
  return adapted.events.filter((event) => event.type === "label");
}

export function halfIn(adapted: Adapted): Half {
  if (adapted.kind !== "half") throw new Error(JSON.stringify(adapted));
  return adapted.half;
}
