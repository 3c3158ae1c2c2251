import { describe, expect, it } from "vitest";
import type { Stored } from "../../src/ingest/batch.ts";
import { excerpt } from "../../src/ingest/letters.ts";
import { createPipeline, type PipelineOptions } from "../../src/ingest/pipeline.ts";
import { silentLog } from "../../src/log.ts";
import { HOUR } from "../../src/model/time.ts";
import { readDeadLetterPage } from "../../src/store/dead-letters.ts";
import { countPredictions } from "../../src/store/predictions.ts";
import { StoreError, type Store, type Table } from "../../src/store/store.ts";
import { markCounted, readTouched } from "../../src/store/touched-buckets.ts";
import { label, message, models, NOW, prediction, useStore } from "./examples.ts";

const store = useStore();
let ids = 0;
const freshId = () => `p${++ids}`;

function pipeline(options: Partial<PipelineOptions> = {}) {
  return createPipeline({ store: store(), models, clock: () => NOW, liveClock: true, log: silentLog, wait: async () => {}, ...options });
}

/** The buckets that are due, as `kind hour`; they are taken as counted. */
async function due(): Promise<string[]> {
  const buckets = await readTouched(store());
  await markCounted(store(), buckets);
  return buckets.map(({ kind, bucket }) => `${kind} ${new Date(bucket).toISOString().slice(0, 13)}`);
}

/** The store, with something done around every insert. */
function watched(hooks: {
  before?: (table: Table, rows: number) => void | Promise<void>;
  after?: (table: Table, rows: number) => void;
}): Store {
  const around = async (table: Table, rows: number, insert: () => Promise<void>) => {
    await hooks.before?.(table, rows);
    await insert();
    hooks.after?.(table, rows);
  };
  return {
    ...store(),
    insert: (table, rows) => around(table, rows.length, () => store().insert(table, rows)),
    insertNative: (table, columns, block) => around(table, block.rows, () => store().insertNative(table, columns, block)),
  };
}

/** The rows of some ids, repeats collapsed. */
function stored(model: string, ids: readonly string[]): Promise<{ id: string; time: number }[]> {
  return store().query(
    "SELECT id, toUnixTimestamp64Milli(p.time) AS time FROM predictions AS p FINAL WHERE model = {model:String} AND id IN {ids:Array(String)} ORDER BY p.time",
    { model, ids },
  );
}

const MARKS = ["features 2024-05-01T10", "identity 2024-05-01T10", "outcomes 2024-05-01T10"];
const ARRIVED = "labels 2024-06-01T00";

describe("ingest", () => {
  it("R30 stores the rest of a batch with bad messages in it, and keeps those", async () => {
    const ingest = pipeline();
    const [one, two] = [freshId(), freshId()];
    const result = await ingest.ingest([
      message({ ...prediction, id: one }, { offset: "1" }),
      message("{", { offset: "2" }),
      message({ ...prediction, id: "x", model: "nobody" }, { offset: "3" }),
      message({ ...label, id: one }, { offset: "4" }),
      message({ ...prediction, id: two, surprise: 1 }, { offset: "5" }),
    ]);
    expect(result.accepted).toBe(3);
    expect(result.rejected.map(({ index, reason }) => [index, reason])).toEqual([
      [1, "invalid_json"],
      [2, "unregistered_model"],
    ]);
    expect(await stored("binary", [one, two])).toHaveLength(2);
    expect(await store().query("SELECT label FROM label_inbox FINAL WHERE id = {one:String}", { one })).toEqual([{ label: "late" }]);
    const letters = await readDeadLetterPage(store(), {}, 10, null);
    expect(letters).toContainEqual({
      receivedAt: NOW,
      origin: { source: "kafka", topic: "events", partition: 3, offset: "2" },
      reason: "invalid_json",
      message: expect.stringContaining("not valid JSON") as string,
      payload: "{",
      payloadBytes: 1,
      replayed: null,
    });
    expect(await readDeadLetterPage(store(), { reason: "unregistered_model" }, 10, null)).toHaveLength(1);
    const counters = ingest.counters();
    expect(counters).toMatchObject({ received: 5, accepted: 3, predictions: 2, labels: 1, conflicts: 0 });
    expect([...counters.rejected]).toEqual([
      ["invalid_json", 1],
      ["unregistered_model", 1],
    ]);
    expect([...counters.unknownFields]).toEqual([["surprise", 1]]);
  });

  it("R34 survives a batch of hostile texts", async () => {
    const id = freshId();
    const text = JSON.stringify({ ...prediction, id }).replace('"c":"red"', '"c":"\\ud800\\u0000","\\udfff":"x","__proto__":1');
    expect(await pipeline().ingest([message(text), message({ ...prediction, id: `\ud800${id}` })])).toMatchObject({ accepted: 2 });
  });

  it("marks the buckets of predictions, and of labels the minute of their arrival", async () => {
    await due();
    const ingest = pipeline();
    const id = freshId();
    await ingest.ingest([message({ ...label, id })]);
    expect(await due()).toEqual([ARRIVED]);
    await ingest.ingest([message({ ...prediction, id })]);
    expect(await due()).toEqual(MARKS);
    await ingest.ingest([message({ ...label, id, revision: 1 })]);
    expect(await due()).toEqual([ARRIVED]);
  });

  it("leaves a mark that a count made before the insert cannot clear", async () => {
    await due();
    const counting = watched({
      before: async (table) => {
        if (table === "predictions" || table === "label_inbox") await due();
      },
    });
    const id = freshId();
    await pipeline({ store: counting }).ingest([message({ ...prediction, id })]);
    expect(await due()).toEqual(MARKS);
    await pipeline({ store: counting }).ingest([message({ ...label, id })]);
    expect(await due()).toEqual([ARRIVED]);
  });

  it("leaves a mark when it dies after the insert", async () => {
    await due();
    let inserted = false;
    const dying = watched({
      before: () => {
        if (inserted) throw new StoreError("gone", { hint: "", retryable: false });
      },
      after: (table) => {
        inserted = table === "predictions" || table === "label_inbox";
      },
    });
    const id = freshId();
    await expect(pipeline({ store: dying }).ingest([message({ ...prediction, id })])).rejects.toThrow("gone");
    expect(await due()).toEqual(MARKS);
    inserted = false;
    await expect(pipeline({ store: dying }).ingest([message({ ...label, id })])).rejects.toThrow("gone");
    expect(await due()).toEqual([ARRIVED]);
  });

  it("flushes what came meanwhile together", async () => {
    let inserts = 0;
    const counting = watched({
      before: (table) => {
        inserts += table === "predictions" ? 1 : 0;
      },
    });
    const ingest = pipeline({ store: counting });
    const results = await Promise.all(Array.from({ length: 20 }, () => ingest.ingest([message({ ...prediction, id: freshId() })])));
    expect(results.every(({ accepted }) => accepted === 1)).toBe(true);
    expect(inserts).toBeLessThan(5);
  });

  it("lets no more in than it may hold, and everything in the end", async () => {
    const size = message({ ...prediction, id: "p1234" }).bytes?.length ?? 0;
    let inHand = 0;
    let most = 0;
    const watching = watched({
      before: (table, rows) => {
        if (table === "predictions") most = Math.max(most, rows);
      },
    });
    const ingest = pipeline({ store: watching, limits: { bytesInHand: 3.5 * size } });
    await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        inHand++;
        await ingest.ingest([message({ ...prediction, id: `b${String(index).padStart(4, "0")}` })]);
        inHand--;
      }),
    );
    expect([inHand, ingest.counters().accepted]).toEqual([0, 12]);
    expect(most).toBeLessThanOrEqual(3);
    expect((await ingest.ingest(Array.from({ length: 10 }, () => message({ ...prediction, id: freshId() })))).accepted).toBe(10);
  });

  it("asks the store again when that may help, and tells the caller when it does not", async () => {
    let failures = 3;
    const flaky = watched({
      before: () => {
        if (failures-- > 0) throw new StoreError("busy", { hint: "wait", retryable: true });
      },
    });
    const ingest = pipeline({ store: flaky });
    const id = freshId();
    expect(await ingest.ingest([message({ ...prediction, id })])).toMatchObject({ accepted: 1 });
    expect(ingest.counters().retries).toBe(3);
    failures = Infinity;
    const impatient = pipeline({ store: flaky, limits: { retryFor: 0 } });
    const batch = [message({ ...prediction, id }), message("{")];
    await expect(impatient.ingest(batch)).rejects.toThrow("busy");
    failures = 0;
    expect(await impatient.ingest(batch)).toMatchObject({ accepted: 1 });
    // What is stored is counted, not what was tried.
    expect(impatient.counters()).toMatchObject({ accepted: 1, rejected: new Map([["invalid_json", 1]]) });
  });

  it("tells what became durable, by partition and model", async () => {
    const told: Stored[] = [];
    const ingest = pipeline({ onStored: (stored) => told.push(...stored) });
    const id = freshId();
    await ingest.ingest([
      message({ ...prediction, id }),
      message({ ...label, id }),
      message({ ...label, id, time: null }, { source: "http", topic: "", offset: "0" }),
    ]);
    expect(told).toEqual([
      { partition: "events/3", model: "binary", newest: Date.parse(label.time), predictions: 1, labels: 1 },
      { partition: "http", model: "binary", newest: null, predictions: 0, labels: 1 },
    ]);
  });

  it("gives the same rows for any number of deliveries in any order", async () => {
    const batch = Array.from({ length: 300 }, (_, index) => [
      { ...prediction, model: "classes", id: `r${index}`, time: NOW - index * HOUR },
      { ...label, model: "classes", id: `r${index}` },
    ]).flat();
    for (const values of [batch, [...batch].reverse(), batch]) await pipeline().ingest(values.map((value) => message(value)));
    expect(await countPredictions(store(), "classes")).toBe(300);
    expect(await store().query("SELECT count() AS rows FROM label_inbox FINAL WHERE model = 'classes'")).toEqual([{ rows: 300 }]);
  });

  it("keeps the letters of two requests apart", async () => {
    const ingest = pipeline();
    for (const text of ["[1]", "[2]"]) await ingest.ingest([message(text, { source: "http", topic: "", partition: 0, offset: "0" })]);
    const letters = await readDeadLetterPage(store(), { reason: "not_an_object" }, 100, null);
    expect(letters.map(({ payload }) => payload).sort()).toEqual(["[1]", "[2]"]);
  });

  it("R35 stores 150 months, and gives way while it decodes", async () => {
    const ingest = pipeline();
    const messages = Array.from({ length: 6_000 }, (_, index) =>
      message({ ...prediction, model: "ranks", id: `y${index}`, time: Date.UTC(2005, index % 150, 2) }),
    );
    let turns = 0;
    let isRunning = true;
    const count = (): void => {
      turns++;
      if (isRunning) setImmediate(count);
    };
    setImmediate(count);
    expect(await ingest.ingest(messages)).toMatchObject({ accepted: 6_000, rejected: [] });
    isRunning = false;
    expect(await countPredictions(store(), "ranks")).toBe(6_000);
    // Others had their turn meanwhile, many times.
    expect(turns).toBeGreaterThan(20);
  });

  it("finishes what is in hand when it closes, and takes nothing after", async () => {
    const ingest = pipeline();
    const id = freshId();
    const running = ingest.ingest([message({ ...prediction, id })]);
    await ingest.close();
    expect(await stored("binary", [id])).toHaveLength(1);
    expect(await running).toMatchObject({ accepted: 1 });
    await expect(ingest.ingest([])).rejects.toThrow("closed");
  });
});

describe("excerpt", () => {
  it("is well-formed text of bounded size", () => {
    expect(excerpt(Buffer.from("é".repeat(10)), 5)).toBe("éé");
    expect(excerpt(null, 5)).toBe("");
    const noise = excerpt(new Uint8Array(10_000).fill(0xff), 4096);
    expect(Buffer.byteLength(noise)).toBeLessThanOrEqual(4096);
    expect(noise.isWellFormed()).toBe(true);
  });
});
