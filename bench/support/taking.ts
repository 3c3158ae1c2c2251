import { toMessage } from "../../src/ingest/kafka-message.ts";
import { createPipeline, type Pipeline } from "../../src/ingest/pipeline.ts";
import { silentLog } from "../../src/log.ts";
import type { Store } from "../../src/store/store.ts";
import { BENCH_START } from "./events.ts";
import { decodeFetch } from "./fetched.ts";
import { BENCH_SETTINGS } from "./model.ts";

/** The program's own way of events into the store. */
export function openPipeline(store: Store): Pipeline {
  return createPipeline({
    store,
    models: new Map([[BENCH_SETTINGS.name, BENCH_SETTINGS]]),
    clock: () => BENCH_START,
    liveClock: false,
    log: silentLog,
  });
}

/** Takes what a broker answered one fetch with, its partitions at once, as the program does. */
export async function takeFetch(pipeline: Pipeline, fetched: Buffer): Promise<void> {
  const batches = await decodeFetch(fetched);
  const results = await Promise.all(
    batches.map((batch) => pipeline.ingest(batch.messages.map((message) => toMessage(batch, message, null)))),
  );
  for (const { rejected } of results) if (rejected[0]) throw new Error(rejected[0].message);
}
