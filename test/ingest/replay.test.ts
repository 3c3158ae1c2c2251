import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openKafkaReader } from "../../src/ingest/kafka-reader.ts";
import type { Stored } from "../../src/ingest/batch.ts";
import { createPipeline, PIPELINE_LIMITS } from "../../src/ingest/pipeline.ts";
import { createReplay, REPLAYED, roundsOf, type Replay, type ReplayQuery } from "../../src/ingest/replay.ts";
import { silentLog } from "../../src/log.ts";
import type { KafkaSettings } from "../../src/model/settings.ts";
import { readDeadLetterPage } from "../../src/store/dead-letters.ts";
import { countPredictions } from "../../src/store/predictions.ts";
import { kafkaForTest, kafkaSkipReason, nativeTopics } from "../support/kafka.ts";
import { label, message, models, NOW, prediction, useStore } from "./examples.ts";

const store = useStore();
beforeEach(() => store().execute("TRUNCATE TABLE dead_letters"));
const binary = models.get("binary")!;
let ids = 0;

/** A pipeline to which a model is unknown, and what takes its letters again once it is known. */
function apart(options: { kafka?: KafkaSettings } = {}) {
  const name = `late-${++ids}`;
  let now = NOW;
  const stored: Stored[] = [];
  const parts = { store: store(), clock: () => now, liveClock: true, log: silentLog };
  const before = createPipeline({ ...parts, models });
  const known = new Map([...models, [name, { ...binary, name }]]);
  const after = createPipeline({ ...parts, models: known, onStored: (more) => stored.push(...more) });
  const take = createReplay({ ...parts, pipeline: after, models: known, kafka: options.kafka ?? null });
  const all: ReplayQuery = { since: 0, before: NOW + 1_000, after: null, dryRun: false };
  const replay = (query: Partial<ReplayQuery> = {}): ReturnType<Replay> => {
    now += 10;
    return take({ ...all, ...query });
  };
  const letters = async (topic: string) =>
    (await readDeadLetterPage(store(), {}, 1_000, null))
      .filter((one) => one.origin.topic === topic)
      .map(({ origin, reason, replayed }) => `${origin.source} ${origin.offset} ${reason} ${replayed?.became ?? "-"}`)
      .sort();
  return { name, before, replay, letters, stored };
}

const large = (bytes: number) => ({ padding: "é".repeat(bytes / 2) });

describe("dead letters", () => {
  it("are taken again from the place they came from, once, whatever bytes they are", async () => {
    const { name, before, replay, letters, stored } = apart();
    const event = { ...prediction, model: name };
    const topic = `t-${name}`;
    await before.ingest([
      message({ ...event, id: "short" }, { topic, offset: "1" }),
      message({ ...event, id: "long", ...large(20_000) }, { topic, offset: "2" }),
      message({ ...event, id: undefined }, { topic, offset: "3" }),
      message({ ...label, model: name, id: "short" }, { topic, offset: "4" }),
      message("not json", { topic, offset: "5" }),
      { ...message(null, { topic, offset: "6" }), bytes: Buffer.concat([Buffer.from('{"a":"'), Buffer.alloc(9_000, 0xff)]) },
      message(null, { topic, offset: "7" }),
    ]);
    const filter = { reason: "unregistered_model" } as const;
    expect(await replay({ ...filter, dryRun: true })).toEqual({ found: 4, taken: 4, refused: new Map(), unavailable: 0, next: null });
    expect(await countPredictions(store(), name)).toBe(0);

    expect(await replay(filter)).toEqual({ found: 4, taken: 4, refused: new Map(), unavailable: 0, next: null });
    const held = "SELECT id FROM predictions FINAL WHERE model = {name:String} ORDER BY id";
    // The one without an id has the one it would have had.
    expect(await store().query(held, { name })).toEqual([{ id: "long" }, { id: "short" }, { id: `${topic}/3/3` }]);
    expect(stored.map((one) => one.partition)).toEqual([REPLAYED]);
    expect(await letters(topic)).toEqual([
      "kafka 1 unregistered_model taken",
      "kafka 2 unregistered_model taken",
      "kafka 3 unregistered_model taken",
      "kafka 4 unregistered_model taken",
      "kafka 5 invalid_json -",
      "kafka 6 invalid_json -",
      "kafka 7 empty -",
    ]);

    expect(await replay(filter)).toMatchObject({ found: 0, taken: 0 });
    // A letter that comes back with its message is open again, and stores nothing twice.
    await before.ingest([message({ ...event, id: "short" }, { topic, offset: "1" })]);
    expect(await replay(filter)).toMatchObject({ found: 1, taken: 1 });
    expect(await countPredictions(store(), name)).toBe(3);
  });

  it("that are refused again stay, with the reason of now", async () => {
    const { name, before, replay, letters } = apart();
    const topic = `t-${name}`;
    await before.ingest([
      message({ ...prediction, model: name, version: undefined }, { topic, offset: "1" }),
      message({ ...prediction, model: name, id: undefined }, { source: "http", topic, offset: "0" }),
      message("{", { topic, offset: "2" }),
    ]);
    const result = await replay();
    expect(result.taken).toBe(0);
    expect(result.refused.get("invalid_json")).toBeGreaterThan(0);
    expect(await letters(topic)).toEqual([
      `http ${NOW}-1-0 missing_field -`,
      `http ${NOW}-1-0 unregistered_model missing_field`,
      "kafka 1 missing_field -",
      "kafka 1 unregistered_model missing_field",
      "kafka 2 invalid_json -",
    ]);
  });

  it("that were received outside the time asked for, or are too large to be kept, are left", async () => {
    const { name, before, replay } = apart();
    const topic = `t-${name}`;
    await before.ingest([
      message({ ...prediction, model: name, ...large(PIPELINE_LIMITS.bodyBytes) }, { source: "file", topic, offset: "1" }),
    ]);
    const filter = { reason: "unregistered_model" } as const;
    expect(await replay({ ...filter, since: NOW + 1 })).toMatchObject({ found: 0 });
    expect(await replay({ ...filter, before: NOW })).toMatchObject({ found: 0 });
    expect(await replay(filter)).toEqual({ found: 1, taken: 0, refused: new Map(), unavailable: 1, next: null });
  });

  it("come in parts, each once", async () => {
    const { name, before, replay } = apart();
    const many = Array.from({ length: 1_100 }, (_, offset) =>
      message({ ...prediction, model: name, id: `p${offset}` }, { topic: `t-${name}`, offset: String(offset) }),
    );
    await before.ingest(many);
    const filter = { reason: "unregistered_model" } as const;
    let after: ReplayQuery["after"] = null;
    let taken = 0;
    do {
      const part = await replay({ ...filter, after });
      taken += part.taken;
      after = part.next;
    } while (after !== null);
    expect(taken).toBe(1_100);
    expect(await countPredictions(store(), name)).toBe(1_100);
  });
});

describe("what is read from Kafka again", () => {
  const at = (offset: number, partition = 0) => ({ origin: { source: "kafka", topic: "t", partition, offset: String(offset) } as const });
  const span = (from: number, to: number, partition = 0) => ({ topic: "t", partition, from: BigInt(from), to: BigInt(to) });

  it("is what is near together at once, one stretch of a partition a round, and nothing that is gone", () => {
    const letters = [at(50_000), at(7), at(9), at(2), at(3, 1), at(4, 2)];
    expect(roundsOf(letters, [span(5, 60_000), span(0, 10, 1), span(5, 10, 2)])).toEqual([
      [span(7, 10), span(3, 4, 1)],
      [span(50_000, 50_001)],
    ]);
  });

  it.skipIf(kafkaSkipReason() !== null)(
    "is the message itself, from its offset; nothing is committed",
    async () => {
      const kafka = await kafkaForTest();
      onTestFinished(() => kafka.close());
      const topic = await kafka.createTopic(2);
      const settings = {
        brokers: kafka.brokers,
        group: kafka.unique("group"),
        clientId: "test",
        topics: nativeTopics({ predictions: topic, labels: topic }),
      };
      const { name, before, replay } = apart({ kafka: settings });
      const events = Array.from({ length: 40 }, (_, index) =>
        JSON.stringify({ ...prediction, model: name, id: `k${index}`, ...(index % 10 === 0 ? large(PIPELINE_LIMITS.bodyBytes) : {}) }),
      );
      await kafka.produce(topic, 1, events);
      await before.ingest(events.map((text, index) => message(text, { topic, partition: 1, offset: String(index) })));
      // Retention went past the first of the large ones.
      await kafka.admin.fetchTopicOffsets(topic);
      await kafka.admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: "5" }] });

      expect(await replay({ reason: "unregistered_model" })).toMatchObject({ found: 40, taken: 39, unavailable: 1 });
      expect(await countPredictions(store(), name)).toBe(39);
      expect(await kafka.committed(settings.group, topic, 1)).toBeNull();

      const reader = await openKafkaReader({ settings, log: silentLog, now: Date.now });
      onTestFinished(() => reader.close());
      const read: string[] = [];
      await reader.read(
        [{ topic, partition: 1, from: 7n, to: 12n }],
        (messages) => void read.push(...messages.map((one) => one.origin.offset)),
      );
      expect(read).toEqual(["7", "8", "9", "10", "11"]);
      expect(await reader.retained([topic])).toEqual([
        { topic, partition: 0, from: 0n, to: 0n },
        { topic, partition: 1, from: 5n, to: 40n },
      ]);
      await expect(reader.retained(["nowhere-at-all"])).rejects.toMatchObject({
        name: "SourceError",
        hint: expect.stringContaining("kafka.topics"),
      });
      await expect(
        reader.read([{ topic, partition: 1, from: 5n, to: 40n }], () => {
          throw new Error("the taker gave up");
        }),
      ).rejects.toThrow("the taker gave up");
    },
    120_000,
  );
});
