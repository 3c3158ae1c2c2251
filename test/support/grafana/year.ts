import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "../../../src/app.ts";
import type { BatchHandler, EventSource, Message } from "../../../src/ingest/source.ts";
import { silentLog } from "../../../src/log.ts";
import type { Config, ModelSettings } from "../../../src/model/settings.ts";
import { DAY, HOUR } from "../../../src/model/time.ts";
import { flightYear, flightYearConfig, retrainingAt } from "../flight-year.ts";
import { createToyModel } from "../toy-model.ts";
import { startWebhookReceiver } from "../webhook-receiver.ts";

export const TOY = "fraud-score";
/** What somebody could name things to leave the literal they stand in: the toy's twin differs from it in these names alone. */
export const TWIN: ReadonlyMap<string, string> = new Map([
  [TOY, "it's \\' \"a\" \\ `b` -- $__timeFilter(x) $__fromTime ${model} $model [[model]] {a:String} %27 +&=\n/* é😀 */; DROP TABLE v; \\"],
  ["7", "7' OR 1=1 -- $__toTime \\"],
  ["8", "8\\', (\n${version:raw})"],
  ["amount", "am'ou\\nt\" <b>$__timeFilter</b>"],
  ["colour", "../col our?#%2F\\'"],
  ["red", "r'e\\d $__interval_s"],
]);
export const HOSTILE = nameOfTwin(TOY);
export const TOY_FROM = Date.UTC(2013, 9, 1);
export const TOY_TO = Date.UTC(2013, 9, 25);
const TOY_DAYS = (TOY_TO - TOY_FROM) / DAY;
const SWITCH_DAY = 12;

export type Year = { readonly store: string; readonly startedAt: number; readonly endedAt: number };

/**
 * A year of flights, and a toy model, perhaps with a twin that differs in its names alone, through the whole program: with
 * alerts that are sent and some that cannot be, retrainings, dead letters, and how far the source was read.
 */
export async function playYear(scratch: string, { hasTwin }: { readonly hasTwin: boolean }): Promise<Year> {
  const { store, startedAt } = await flightYear();
  const receiver = await startWebhookReceiver();
  let refusals = 1;
  receiver.answerWith(({ path }) => ({ status: path.endsWith("/gone") ? 404 : path.endsWith("/ops") && refusals-- > 0 ? 503 : 200 }));
  const feed = createFeed();
  const app = await createApp(yearConfig(store, scratch, receiver.url, hasTwin ? [TOY, HOSTILE] : [TOY]), {
    log: silentLog,
    tickEvery: null,
    sources: [feed.source],
  });
  try {
    await app.start();
    for (const events of toyDays(hasTwin)) {
      await feed.deliver(
        1,
        events.map((event) => Buffer.from(JSON.stringify(event))),
      );
      await feed.deliver(0, BAD_EVENTS);
      await app.tick();
    }
    app.watermarks.finish();
    await app.tick();
    await app.outbox.settle();
  } finally {
    await app.stop();
    await receiver.stop();
  }
  return { store, startedAt, endedAt: Date.now() };
}

const BAD_EVENTS = [
  Buffer.from("{this is not JSON"),
  Buffer.from(JSON.stringify({ type: "prediction", id: "no-model", version: "1", time: "2013-10-01T00:00:00Z", prediction: "yes" })),
  Buffer.from(JSON.stringify({ type: "label", id: "x", model: "nobody-knows-me", label: "yes", time: "2013-10-01T00:00:00Z" })),
];

/** A source of two partitions that reads what it is handed. */
function createFeed() {
  let handle: BatchHandler = async () => {};
  const keys = ["flights/0", "toys/0"];
  const read = [0, 0];
  const source: EventSource = {
    name: "kafka",
    start: async (given) => {
      handle = given;
    },
    stop: async () => {},
    status: () => ({
      running: true,
      error: null,
      gaps: 0,
      lost: 0,
      // A few messages always wait; who reads in order of event time holds nothing back for them.
      partitions: keys.map((key, index) => ({
        key,
        committed: String(read[index]),
        highWatermark: String((read[index] ?? 0) + 3 * index),
        drained: true,
      })),
    }),
  };
  async function deliver(partition: 0 | 1, events: readonly (Message | Buffer)[]): Promise<void> {
    if (events.length === 0) return;
    const [topic = ""] = (keys[partition] ?? "").split("/");
    const first = read[partition] ?? 0;
    const messages = events.map((event, index): Message => ({
      origin: { source: "kafka", topic, partition: 0, offset: String(first + index) },
      bytes: event instanceof Buffer ? event : (event as Message).bytes,
      timestamp: null,
    }));
    await handle(messages, { key: keys[partition] ?? "", drained: true });
    read[partition] = first + events.length;
  }
  return { source, deliver };
}

/** Days of the toys' requests: some fail, some take long, the second version is slower, and the data moves in the second week. */
function toyDays(hasTwin: boolean): Record<string, unknown>[][] {
  const toy = createToyModel(11);
  return Array.from({ length: TOY_DAYS }, (_, day) => {
    const from = TOY_FROM + day * DAY;
    const { predictions, labels } = toy.day(from, { rows: 120, ...(day >= 8 ? { shift: 4 } : {}), ...(day >= 15 ? { wrong: 0.45 } : {}) });
    const version = day < SWITCH_DAY ? "7" : "8";
    const requests = predictions.map((row, index) => {
      const { prediction, score, ...failed } = row;
      const asked = {
        ...failed,
        version,
        latency_ms: Number((4 + (day < SWITCH_DAY ? 0 : 3) + 30 * (index % 17 === 0 ? 1 : 0) + (index % 7) / 2).toFixed(2)),
      };
      return index % (day === 20 ? 5 : 120) === 3 ? { ...asked, status: "error" } : { ...asked, prediction, score };
    });
    const events: Record<string, unknown>[] = [...requests, ...labels];
    return [...events.map((event) => ({ ...event, model: TOY })), ...(hasTwin ? events.map(asTwin) : [])];
  });
}

function nameOfTwin(name: string): string {
  return TWIN.get(name) ?? name;
}

type ToyRow = { readonly version?: unknown; readonly features?: Readonly<Record<string, unknown>> };

/** A row of the toy as its twin has it. */
function asTwin(row: ToyRow): Record<string, unknown> {
  const features = Object.entries(row.features ?? {}).map(([name, value]) => [
    nameOfTwin(name),
    typeof value === "string" ? nameOfTwin(value) : value,
  ]);
  return {
    ...row,
    model: HOSTILE,
    ...(row.version === undefined ? {} : { version: nameOfTwin(String(row.version)) }),
    ...(row.features === undefined ? {} : { features: Object.fromEntries(features) }),
  };
}

function yearConfig(store: string, scratch: string, url: string, names: readonly string[]): Config {
  mkdirSync(scratch, { recursive: true });
  const flights = flightYearConfig(store, url);
  const toys = names.map((name, index): ModelSettings => ({
    name,
    task: "binary",
    positive: "yes",
    bucket: HOUR,
    lateness: HOUR,
    labelsExpectedWithin: DAY,
    baselines: [{ kind: "file", name: "training", file: trainingFile(scratch, name, index), byVersion: new Map() }],
  }));
  return {
    ...flights,
    models: new Map([...flights.models, ...toys.map((model) => [model.name, model] as const)]),
    retraining: new Map([...flights.retraining, ...names.map((model) => [model, { ...retrainingAt(url), model, dryRun: false }] as const)]),
  };
}

function trainingFile(scratch: string, model: string, index: number): string {
  const toy = createToyModel(3);
  const rows = Array.from({ length: 40 }, (_, day) => toy.day(TOY_FROM - (50 - day) * DAY)).flatMap(({ predictions, labels }) =>
    predictions.map((row, at) => ({ ...(model === TOY ? { ...row, model } : asTwin(row)), label: labels[at]?.label })),
  );
  const file = join(scratch, `training-${index}.ndjson`);
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n"));
  return file;
}
