import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createApp, type App } from "../../src/app.ts";
import { peekTime, replayFeed } from "../../src/ingest/file-source.ts";
import type { Message } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import type { Config } from "../../src/model/settings.ts";
import type { Millis, Window } from "../../src/model/time.ts";
import { copyOfStore, FLIGHTS, flightConfig, storeOfFlights } from "./flight-app.ts";
import { onceARun } from "./once-a-run.ts";

export const FLIGHT_MODEL = "flight-delay";
export const REFERENCE_FILES: Readonly<Record<string, string>> = {
  "2013-q1": "reference-2013-q1.ndjson.gz",
  "2013-h1": "reference-2013-h1.ndjson.gz",
};

/** A row of the files as it stands there; `label` on reference rows only. */
export type FlightRow = {
  readonly id: string;
  readonly version: string;
  readonly time: string;
  readonly features: Readonly<Record<string, number | string | null>>;
  readonly prediction: string;
  readonly score: number;
  readonly label?: string;
};

/** Rules add windows of their own to what is measured by schedule, which these tests do not look at. */
export const NO_RULES = { rules: [], retraining: new Map() } satisfies Partial<Config>;

const BATCH = 2_000;
/** The whole program on the flights, started, the caller ticking and stopping it: for what a file opens once for all its tests. */
export async function openFlights(path: string, changes: Partial<Config> = {}): Promise<App> {
  const app = await createApp(flightConfig(path, changes), { log: silentLog, tickEvery: null });
  await app.start();
  return app;
}

/**
 * The flights as the files have them, without the demo's made-up fault, brought in, counted and measured: once a run. The
 * store is a copy of the caller's own.
 */
export async function flightsAsTheyWere(): Promise<{ store: string; accepted: number; rejected: number }> {
  const made = await onceARun("flights-as-they-were", async (directory) => {
    const app = await openFlights(await storeOfFlights(join(directory, "store")), NO_RULES);
    try {
      const taken = await ingestFlights(app);
      app.watermarks.finish();
      await app.tick();
      writeFileSync(join(directory, "taken.json"), JSON.stringify(taken));
    } finally {
      await app.stop();
    }
  });
  const taken = JSON.parse(readFileSync(join(made, "taken.json"), "utf8")) as { accepted: number; rejected: number };
  return { ...taken, store: copyOfStore(join(made, "store")) };
}

/** The predictions and labels in order of event time, those of `[from, to)` where given. */
export async function* flightMessages(span: Partial<Window> = {}): AsyncGenerator<Message> {
  const { from = -Infinity, to = Infinity } = span;
  for await (const message of replayFeed([join(FLIGHTS, "predictions.ndjson.gz"), join(FLIGHTS, "labels.ndjson.gz")])) {
    const time: Millis | null = message.bytes === null ? null : peekTime(message.bytes);
    if (time !== null && time >= from && time < to) yield message;
  }
}

/** Brings the flights in as any source would, and says how many events were taken and refused. It does not tick. */
export async function ingestFlights(
  app: Pick<App, "pipeline">,
  span: Partial<Window> = {},
): Promise<{ accepted: number; rejected: number }> {
  const total = { accepted: 0, rejected: 0 };
  let batch: Message[] = [];
  const deliver = async () => {
    const { accepted, rejected } = await app.pipeline.ingest(batch);
    total.accepted += accepted;
    total.rejected += rejected.length;
    batch = [];
  };
  for await (const message of flightMessages(span)) {
    batch.push(message);
    if (batch.length === BATCH) await deliver();
  }
  if (batch.length > 0) await deliver();
  return total;
}

/** The rows of one of the files, parsed by JSON alone. */
export function readFlightRows<Row = FlightRow>(file: string): Row[] {
  const lines = gunzipSync(readFileSync(join(FLIGHTS, file)))
    .toString("utf8")
    .split("\n");
  return lines.flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Row]));
}

/** The true class of every flight that has one, by id. */
export function readFlightLabels(): Map<string, string> {
  return new Map(readFlightRows<{ id: string; label: string }>("labels.ndjson.gz").map(({ id, label }) => [id, label]));
}
