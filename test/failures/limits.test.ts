import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPipeline, type PipelineOptions } from "../../src/ingest/pipeline.ts";
import { silentLog } from "../../src/log.ts";
import { HOUR } from "../../src/model/time.ts";
import { openStore } from "../../src/store/open.ts";
import { StoreError, type Store } from "../../src/store/store.ts";
import { message, models, NOW, prediction } from "../ingest/examples.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { often } from "../support/soak.ts";

const MEGABYTE = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function open(options: Partial<PipelineOptions> = {}) {
  const store = await openStore({ kind: "embedded", path: scratchDirectory() });
  const pipeline = createPipeline({ store, models, clock: () => NOW, liveClock: true, log: silentLog, wait: async () => {}, ...options });
  onTestFinished(async () => {
    await pipeline.close();
    await store.close();
  });
  return { store, pipeline };
}

const ids = async (store: Store) => (await store.query<{ id: string }>("SELECT id FROM predictions FINAL ORDER BY id")).map(({ id }) => id);

describe("a disk that is full", () => {
  test(
    "R20 takes nothing for stored, and goes on once there is room",
    async () => {
      const times = often(3, 10);
      const { store, pipeline } = await open({ limits: { retryFor: 0 } });
      const acknowledged: string[] = [];
      for (let time = 0; time < times; time++) {
        const send = async (id: string) => {
          await pipeline.ingest([message({ ...prediction, id })]);
          acknowledged.push(id);
        };
        await send(`before ${time}`);
        // The engine itself looks at what the disk has left, and wants more than there is.
        await store.execute("ALTER TABLE predictions MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1000000000000000000");
        const refusal: unknown = await send(`full ${time}`).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(StoreError);
        expect(refusal).toMatchObject({ retryable: true, hint: expect.stringContaining("disk is full") as string });
        expect(await ids(store)).toEqual([...acknowledged].sort());
        await store.execute("ALTER TABLE predictions RESET SETTING min_free_disk_bytes_to_perform_insert");
        await send(`full ${time}`);
      }
      expect(await ids(store)).toEqual([...acknowledged].sort());
      expect(acknowledged).toHaveLength(2 * times);
    },
    often(60_000, 120_000),
  );
});

describe("messages nobody could use", () => {
  test(
    "R30 one in a hundred: all others are stored, those are letters, and every one is counted",
    async () => {
      const total = often(20_000, 1_000_000);
      const { store, pipeline } = await open();
      const poison = ["", "{", "null", "[]", '{"type":"prediction"}', `{"a":${"[".repeat(50)}`, "\u0000", null];
      let refused = 0;
      for (let from = 0; from < total; from += 10_000) {
        const { rejected } = await pipeline.ingest(
          Array.from({ length: 10_000 }, (_, index) => {
            const number = from + index;
            const value = number % 100 === 37 ? poison[((number / 100) % poison.length) | 0] : { ...prediction, id: `p${number}` };
            return message(value ?? null, { offset: String(number) });
          }),
        );
        refused += rejected.length;
      }
      expect(refused).toBe(total / 100);
      const [rows] = await store.query<{ rows: number; ids: number }>("SELECT count() AS rows, uniqExact(id) AS ids FROM predictions");
      expect(rows).toEqual({ rows: 0.99 * total, ids: 0.99 * total });
      const [letters] = await store.query<{ rows: number }>("SELECT count() AS rows FROM dead_letters FINAL");
      expect(letters).toEqual({ rows: total / 100 });
      expect([...pipeline.counters().rejected.values()].reduce((sum, count) => sum + count, 0)).toBe(total / 100);
    },
    often(60_000, 1_200_000),
  );

  test("R31 of 10 MB cost no memory: they are refused by their size", async () => {
    const { pipeline } = await open();
    const huge = Buffer.alloc(10 * MEGABYTE, "x");
    const send = (offset: number) => pipeline.ingest([{ ...message("", { offset: String(offset) }), bytes: huge }]);
    await send(0);
    const before = process.memoryUsage().heapUsed;
    for (let offset = 1; offset <= 20; offset++) expect((await send(offset)).rejected).toMatchObject([{ reason: "too_large" }]);
    expect((process.memoryUsage().heapUsed - before) / MEGABYTE).toBeLessThan(30);
  });

  test(
    "R37 a sender of ever new feature names: nothing grows without end, and the others' features are exact",
    async () => {
      const names = often(100_000, 1_000_000);
      const each = 1_000;
      const rounds = names / each;
      const { store, pipeline } = await open();
      const odd = (number: number) =>
        message({
          ...prediction,
          id: `odd${number}`,
          features: Object.fromEntries(Array.from({ length: each }, (_, place) => [`n${number * each + place}`, place])),
        });
      const usual = (number: number) =>
        message({ ...prediction, id: `usual${number}`, time: NOW - HOUR, features: { x: number, c: "red" } });
      // Twenty together: the engine keeps parts in memory for minutes after they are merged, whatever they hold.
      const send = async (from: number, to: number) => {
        for (let start = from; start < to; start += 20)
          await pipeline.ingest(Array.from({ length: 20 }, (_, index) => start + index).flatMap((number) => [odd(number), usual(number)]));
      };
      // As much with names that stay comes first: engine and heap grow with their first load, whatever it is.
      const known = Object.fromEntries(Array.from({ length: each }, (_, place) => [`k${place}`, place]));
      for (let start = 0; start < rounds; start += 20)
        await pipeline.ingest(
          Array.from({ length: 20 }, (_, index) =>
            message({ ...prediction, model: "classes", id: `known${start + index}`, features: known }),
          ),
        );
      collectGarbage();
      const before = process.memoryUsage().rss;
      await send(0, rounds);
      // What nobody holds any more is not grown: the collector takes names only when it goes over all of the heap.
      collectGarbage();
      const grown = (process.memoryUsage().rss - before) / MEGABYTE;
      console.log(`R37: ${names} names, ${grown.toFixed(0)} MB more`);
      expect(grown).toBeLessThan(100);
      const [layouts] = await store.query<{ layouts: number; longest: number }>(
        "SELECT count() AS layouts, max(length(names)) AS longest FROM layouts FINAL",
      );
      expect(layouts?.layouts).toBeLessThanOrEqual(64);
      expect(layouts?.longest).toBeLessThanOrEqual(4_096);
      const [stored] = await store.query<{ rows: number; sum: number }>(
        `SELECT count() AS rows, sum(numbers[indexOf(if(p.layout = 0, p.names, l.names), 'x')]) AS sum FROM predictions AS p
         LEFT JOIN layouts AS l ON p.layout = l.layout WHERE startsWith(id, 'usual')`,
      );
      expect(stored).toEqual({ rows: rounds, sum: (rounds * (rounds - 1)) / 2 });
      const [found] = await store.query<{ names: number }>(
        `SELECT uniqExact(arrayJoin(if(p.layout = 0, p.names, l.names))) AS names FROM predictions AS p LEFT JOIN layouts AS l ON p.layout = l.layout
         WHERE startsWith(id, 'odd')`,
      );
      expect(found?.names).toBeGreaterThanOrEqual(names);
    },
    often(120_000, 1_200_000),
  );
});
