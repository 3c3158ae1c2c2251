import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Decoded, Label, Origin, Prediction } from "../../src/model/event.ts";
import type { ModelSettings } from "../../src/model/settings.ts";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import { decode, type DecodeContext } from "../../src/ingest/decode.ts";
import type { Message } from "../../src/ingest/source.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";

export const NOW = Date.UTC(2024, 5, 1);

function model(name: string, task: ModelSettings["task"]): [string, ModelSettings] {
  return [
    name,
    {
      name,
      task,
      positive: task === "binary" ? "late" : null,
      bucket: HOUR,
      lateness: 10 * MINUTE,
      labelsExpectedWithin: DAY,
      baselines: [],
    },
  ];
}

export const models = new Map([
  model("binary", "binary"),
  model("classes", "multiclass"),
  model("numbers", "regression"),
  model("ranks", "ranking"),
]);

export function message(value: unknown, origin: Partial<Origin> = {}): Message {
  const bytes = value === null ? null : Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  return { origin: { source: "kafka", topic: "events", partition: 3, offset: "41", ...origin }, bytes, timestamp: null };
}

export const prediction = {
  type: "prediction",
  id: "a",
  model: "binary",
  version: "v1",
  time: "2024-05-01T10:20:00Z",
  features: { x: 1.5, c: "red" },
  prediction: "late",
  score: 0.75,
};
export const label = { type: "label", id: "a", model: "binary", time: "2024-05-01T12:00:00Z", label: "late" };

export function decodeValue(value: unknown, context: Partial<DecodeContext> = {}): Decoded {
  return decode(message(value), { models, now: NOW, liveClock: true, ...context });
}

export function predictionOf(value: unknown): Prediction {
  const decoded = decodeValue(value);
  if (!decoded.ok || decoded.event.type !== "prediction") throw new Error(JSON.stringify(decoded));
  return decoded.event;
}

export function labelOf(value: unknown): Label {
  const decoded = decodeValue(value);
  if (!decoded.ok || decoded.event.type !== "label") throw new Error(JSON.stringify(decoded));
  return decoded.event;
}

/** A real store for one test file, gone after it. */
export function useStore(): () => Store {
  const path = mkdtempSync(join(tmpdir(), "driftwatch-store-"));
  let store: Store | null = null;
  beforeAll(async () => {
    store = await openStore({ kind: "embedded", path });
  });
  afterAll(async () => {
    await store?.close();
    rmSync(path, { recursive: true, force: true });
  });
  return () => {
    if (!store) throw new Error("The store is not open yet.");
    return store;
  };
}
