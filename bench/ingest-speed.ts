import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Store } from "../src/store/store.ts";
import { predictionEvents, type Shape } from "./support/events.ts";
import { decodeFetch, encodeFetch } from "./support/fetched.ts";
import { costOf, type Cost } from "./support/measure.ts";
import { settleMerges, withScratchStore } from "./support/scratch-store.ts";
import { openPipeline, takeFetch } from "./support/taking.ts";

/**
 * The CPU of one event on its way from fetched bytes to queryable rows, beside what cannot be avoided: decoding the
 * records, parsing the JSON, inserting the same rows as a finished Native block. And beside what asks for no program at
 * all: the same bytes given to the engine as JSONEachRow. All in one process, in turns, merges included.
 */

const PARTITIONS = 3;
/** What a consumer that is behind gets of each partition at once. */
const BYTES_PER_PARTITION = 2 * 1024 * 1024;

const ROUTES = ["ours", "records", "json", "binary", "native", "raw"] as const;
type Route = (typeof ROUTES)[number];

export type Speed = {
  readonly shape: Shape;
  readonly bytes: number;
  readonly events: number;
  /** Microseconds of CPU an event, one figure a round. */
  readonly cpu: Readonly<Record<Route, readonly number[]>>;
  readonly longestTurn: number;
  readonly stored: { readonly bytes: number };
};

export async function measureSpeed(shape: Shape, events: number, rounds: number, note: (text: string) => void): Promise<Speed> {
  return withScratchStore(async (store, directory) => {
    const size = predictionEvents(shape, 0, 100).reduce((sum, value) => sum + value.length, 0) / 100;
    const perPartition = Math.max(100, Math.round(BYTES_PER_PARTITION / size));
    const fetches: Buffer[] = [];
    const values: Buffer[] = [];
    for (let from = 0; from < events; from += perPartition * PARTITIONS) {
      const partitions = Array.from({ length: PARTITIONS }, (_, partition) => {
        const count = Math.max(0, Math.min(perPartition, events - from - partition * perPartition));
        const made = predictionEvents(shape, from + partition * perPartition, count);
        values.push(...made);
        return { partition, offset: (from / PARTITIONS) | 0, values: made };
      }).filter(({ values: some }) => some.length > 0);
      fetches.push(await encodeFetch("bench", partitions));
    }
    const raw = join(directory, "raw.ndjson");
    const perBlock = perPartition * PARTITIONS;
    const blocks = Math.ceil(events / perBlock);
    for (let block = 0; block < blocks; block++)
      writeFileSync(
        `${raw}.${block}`,
        Buffer.concat(values.slice(block * perBlock, (block + 1) * perBlock).flatMap((value) => [value, NEWLINE])),
      );

    const captured: { columns: readonly string[]; rows: number; blocks: readonly Uint8Array[] }[] = [];
    await ingestAll(
      {
        ...store,
        insertNative: async (table, columns, block) => {
          captured.push({ columns, ...block });
          await store.insertNative(table, columns, block);
        },
      },
      fetches,
    );
    const [count] = await store.query<{ rows: number }>("SELECT count() AS rows FROM predictions FINAL");
    if (Number(count?.rows) !== events) throw new Error(`${count?.rows} rows are stored of ${events} events.`);
    const native = join(directory, "native");
    for (let block = 0; block < blocks; block++)
      await store.execute(
        `INSERT INTO FUNCTION file('${native}.${block}', 'Native') SELECT ${await columnsOf(store)} FROM predictions FINAL ORDER BY time, id LIMIT ${perBlock} OFFSET ${block * perBlock}`,
      );
    await settleMerges(store, "predictions");
    const [disk] = await store.query<{ bytes: number }>(
      "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE database = currentDatabase() AND table = 'predictions' AND active",
    );
    await store.execute("CREATE TABLE floor_native AS predictions");
    if (!shape.mixed) await store.execute(RAW_TABLE);

    const cpu: Record<Route, number[]> = { ours: [], records: [], json: [], binary: [], native: [], raw: [] };
    let longestTurn = 0;
    const run: Record<Route, () => Promise<void>> = {
      ours: async () => {
        const turns = monitorEventLoopDelay({ resolution: 1 });
        turns.enable();
        await ingestAll(store, fetches);
        turns.disable();
        longestTurn = Math.max(longestTurn, turns.max / 1e6);
        await settleMerges(store, "predictions");
      },
      records: async () => {
        for (const fetched of fetches) await decodeFetch(fetched);
      },
      json: async () => {
        let kept = 0;
        for (const value of values) kept += (JSON.parse(value.toString("utf8")) as { score: number }).score > 0.5 ? 1 : 0;
        if (kept === 0) throw new Error("Nothing was parsed.");
        await Promise.resolve();
      },
      binary: async () => {
        for (const { columns, ...block } of captured) await store.insertNative("predictions", columns, block);
        await settleMerges(store, "predictions");
      },
      native: async () => {
        for (let block = 0; block < blocks; block++)
          await store.execute(
            `INSERT INTO floor_native (${await columnsOf(store)}) FROM INFILE '${native}.${block}' COMPRESSION 'none' FORMAT Native`,
          );
        await settleMerges(store, "floor_native");
      },
      raw: async () => {
        if (shape.mixed) return;
        for (let block = 0; block < blocks; block++)
          await store.execute(
            `INSERT INTO raw_events FROM INFILE '${raw}.${block}' COMPRESSION 'none' SETTINGS input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort', input_format_null_as_default = 1 FORMAT JSONEachRow`,
          );
        await settleMerges(store, "raw_events");
      },
    };
    for (let round = -1; round < rounds; round++) {
      // A, B, C …, then … C, B, A: what grows or heats up meanwhile falls on all alike.
      for (const route of round % 2 === 0 ? ROUTES : [...ROUTES].reverse()) {
        for (const table of ["predictions", "floor_native", ...(shape.mixed ? [] : ["raw_events"])])
          await store.execute(`TRUNCATE TABLE ${table}`);
        (globalThis as { gc?: () => void }).gc?.();
        const cost: Cost = await costOf(run[route]);
        // The first round warms up.
        if (round >= 0) cpu[route].push(cost.cpu / events);
      }
      if (round === -1) longestTurn = 0;
      note(`${shape.features} features, round ${round + 1} of ${rounds}`);
    }
    return { shape, bytes: Math.round(size), events, cpu, longestTurn, stored: { bytes: Number(disk?.bytes) / events } };
  });
}

const NEWLINE = Buffer.from("\n");

const RAW_TABLE = `CREATE TABLE raw_events (
  type LowCardinality(String), id String, model LowCardinality(String), version LowCardinality(String), time DateTime64(3, 'UTC'),
  features Map(LowCardinality(String), Float64), prediction Nullable(String), score Nullable(Float64), latency_ms Nullable(Float64)
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(time) ORDER BY (model, toStartOfHour(time), id) SETTINGS fsync_after_insert = 1`;

async function ingestAll(store: Store, fetches: readonly Buffer[]): Promise<void> {
  const pipeline = openPipeline(store);
  for (const fetched of fetches) await takeFetch(pipeline, fetched);
  await pipeline.close();
}

async function columnsOf(store: Store): Promise<string> {
  const rows = await store.query<{ name: string }>(
    "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'predictions' ORDER BY position",
  );
  return rows.map(({ name }) => name).join(", ");
}
