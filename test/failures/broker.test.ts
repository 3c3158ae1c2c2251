import { createRequire } from "node:module";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import kafkajs from "kafkajs";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createApp, type App } from "../../src/app.ts";
import { createKafkaSource, type KafkaTuning } from "../../src/ingest/kafka-source.ts";
import { stalled, watch, type Watch } from "../../src/ingest/kafka-watchdog.ts";
import type { EventSource, SourceError } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import { SECOND } from "../../src/model/time.ts";
import { nativeTopics } from "../support/kafka.ts";
import { spawnDriftwatch } from "../support/daemon.ts";
import { startFaultyKafka, type FaultyKafka } from "../support/faulty-kafka.ts";
import { ownBrokerUnavailable } from "../support/kafka-broker.ts";
import { until } from "../support/kafka-until.ts";
import { createLedger, expectNothingLostOrDoubled, LEDGER_MODELS } from "../support/ledger.ts";
import { readerConfig } from "../support/reader.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { often, SOAK } from "../support/soak.ts";

const FAST: Partial<KafkaTuning> = {
  sessionTimeout: 2_000,
  rebalanceTimeout: 5_000,
  heartbeatInterval: 200,
  maxWaitTimeInMs: 100,
  progressInterval: 100,
  retryPause: 20,
  maxRetryPause: 100,
};
const TIMEOUT = often(120_000, 3 * 3_600_000);

const reason = ownBrokerUnavailable();
if (reason !== null) console.warn(`\n${"!".repeat(100)}\n!!! THE FAILURES OF A BROKER ARE NOT TESTED: ${reason}\n${"!".repeat(100)}\n`);

const { isUnwatched, errors } = (() => {
  const all = createRequire(import.meta.url)("kafkajs/src/errors") as Record<string, unknown>;
  type Failure = new (cause: Error, options: object) => Error & { readonly retriable?: boolean };
  const isFailure = (value: unknown): value is Failure => typeof value === "function" && value.name.startsWith("KafkaJS");
  // Not an error to anybody: how kafkajs tells itself that brokers came or went.
  const isUnwatched = (name: string) => name === "KafkaJSFetcherRebalanceError";
  return { isUnwatched, errors: Object.values(all).filter(isFailure) };
})();

describe.skipIf(reason !== null)("a broker, or the way to it", () => {
  let kafka: FaultyKafka;
  const sources: EventSource[] = [];
  beforeAll(async () => {
    kafka = await startFaultyKafka();
  }, 200_000);
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.stop()));
  });
  afterAll(() => kafka.stop());

  function sourceOn(topic: string, group: string, tuning: Partial<KafkaTuning> = {}) {
    const fatal: SourceError[] = [];
    const source = createKafkaSource({
      settings: { brokers: kafka.brokers, group, clientId: "driftwatch-test", topics: nativeTopics({ predictions: topic, labels: topic }) },
      log: silentLog,
      onFatal: (cause) => fatal.push(cause),
      now: Date.now,
      tuning: { ...FAST, ...tuning },
    });
    sources.push(source);
    return { source, fatal };
  }

  /** The whole program on an empty store, reading a topic of the ledger's. */
  async function startProgram(partitions: number) {
    const topic = await kafka.createTopic(partitions);
    const group = kafka.unique("group");
    const { config } = readerConfig(scratchDirectory(), { brokers: kafka.brokers, topic, group });
    const { source, fatal } = sourceOn(topic, group);
    const app: App = await createApp(config, { log: silentLog, sources: [source], tickEvery: null });
    onTestFinished(() => app.stop());
    await app.start();
    const ledger = createLedger();
    return {
      app,
      source,
      fatal,
      topic,
      group,
      produce: async (predictions: number) => {
        const lines = ledger.next(predictions);
        const share = Math.ceil(lines.length / partitions);
        for (let one = 0; one < partitions; one += 1) await kafka.produce(topic, one, lines.slice(one * share, (one + 1) * share));
      },
      finish: async () => {
        await until("everything to be read", () => app.pipeline.counters().accepted >= ledger.predictions() + ledger.labels(), 60_000);
        await app.stop();
        return expectNothingLostOrDoubled(ledger, config);
      },
    };
  }

  test(
    "R11 that rebalances again and again is read all the same",
    async () => {
      const times = often(8, 200);
      const program = await startProgram(4);
      for (let time = 0; time < times; time += 1) {
        const { source } = sourceOn(program.topic, program.group);
        await source.start(async (messages) => {
          await program.app.pipeline.ingest(messages);
        });
        await program.produce(200);
        await until("two to share the partitions", () => {
          const [mine, theirs] = [program.source.status().partitions.length, source.status().partitions.length];
          return mine === 2 && theirs === 2;
        });
        await source.stop();
        await until("one to have them all", () => program.source.status().partitions.length === 4);
        await until("the lag to be gone", () => program.source.status().partitions.every(({ drained }) => drained));
        if (SOAK && time % 20 === 19) console.log(`R11: ${time + 1} times`);
      }
      console.log(`R11: joined and left ${times} times: ${JSON.stringify(await program.finish())}`);
      expect(program.fatal).toEqual([]);
    },
    TIMEOUT,
  );

  test(
    "R12 behind a reader that sleeps is noticed, and said once",
    async () => {
      const times = often(3, 20);
      for (let time = 0; time < times; time += 1) {
        const topic = await kafka.createTopic(2);
        const { source, fatal } = sourceOn(topic, kafka.unique("group"), { stalledFor: SECOND });
        let wake = () => {};
        const asleep = new Promise<void>((resolve) => (wake = resolve));
        let calls = 0;
        await source.start(() => {
          calls += 1;
          return calls === 1 ? Promise.resolve() : asleep;
        });
        await kafka.produce(topic, 0, ["first"]);
        await until("the first to be committed", () => source.status().partitions.some(({ committed }) => committed === "1"));
        await kafka.produce(topic, 1, ["second"]);
        await until("the sleep to be noticed", () => fatal.length > 0);
        expect(fatal.map(({ message }) => message)).toEqual([
          `The Kafka consumer has not moved for 1 s while messages wait: ${topic}/1 at 0 of 1.`,
        ]);
        expect(source.status()).toMatchObject({ running: false, error: fatal[0]?.message });
        wake();
        await source.stop();
      }
    },
    TIMEOUT,
  );

  test("R12 behind a reader that waits for its store is not taken for a sleeper", async () => {
    const topic = await kafka.createTopic(1);
    const { source, fatal } = sourceOn(topic, kafka.unique("group"), { stalledFor: SECOND });
    let calls = 0;
    await source.start(async () => {
      calls += 1;
      if (calls < 25) throw new Error("the store is away");
    });
    await kafka.produce(topic, 0, ["x"]);
    await until("it to come through", () => source.status().partitions[0]?.committed === "1");
    expect(fatal).toEqual([]);
  });

  test(
    "R13 that fails in any way kafkajs knows ends the reader with a reason, or is read again: nothing stays in between",
    async () => {
      const gzip = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP];
      onTestFinished(() => {
        kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = gzip;
      });
      const became = new Map<string, string>();
      for (const Failure of errors.filter(({ name }) => !isUnwatched(name))) {
        const made = () => new Failure(Object.assign(new Error(`made up: ${Failure.name}`), { partitions: [], retriable: false }), {});
        const topic = await kafka.createTopic(1);
        kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = gzip;
        await kafka.produce(topic, 0, ["x".repeat(100)], kafkajs.CompressionTypes.GZIP);
        let thrown = 0;
        kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = () => {
          // What may pass passes; what does not comes every time.
          if (thrown > 0 && made().retriable !== false) return gzip();
          thrown += 1;
          throw made();
        };
        // Of a message cut short kafkajs says nothing, and asks for it for ever: that is for the watchdog.
        const { source, fatal } = sourceOn(topic, kafka.unique("group"), { stalledFor: 3 * SECOND });
        let read = 0;
        // It may end before it has begun.
        await source
          .start(async (messages) => {
            read += messages.length;
          })
          .catch((cause: unknown) => fatal.push(cause as SourceError));
        await until(`${Failure.name} to end it, or to pass`, () => fatal.length > 0 || read > 0);
        expect(thrown).toBeGreaterThan(0);
        became.set(Failure.name, fatal.length > 0 ? "ended" : "read");
        if (fatal.length > 0) {
          expect(fatal).toHaveLength(1);
          expect(`${fatal[0]?.message} ${fatal[0]?.hint}`).toMatch(/\w{3,}.*\w{3,}/);
          expect(source.status()).toMatchObject({ running: false, error: fatal[0]?.message });
        }
        await source.stop();
      }
      for (const Failure of errors.filter(({ name }) => !isUnwatched(name))) {
        const made = new Failure(Object.assign(new Error("x"), { partitions: [], retriable: false }), {});
        if (made.retriable === false) expect([Failure.name, became.get(Failure.name)]).toEqual([Failure.name, "ended"]);
      }
      console.log(`R13: ${JSON.stringify(Object.fromEntries(became))}`);
    },
    TIMEOUT,
  );

  test(
    "R14 that is away and comes back is read on, and the program answers meanwhile",
    async () => {
      const away = often(8 * SECOND, 30 * 60 * SECOND);
      const program = await startProgram(3);
      await program.produce(500);
      await until("some to be stored", () => program.app.pipeline.counters().accepted > 0);
      kafka.proxy.cut();
      const since = Date.now();
      await until("it to be said", () => program.app.whyNotReady().length > 0, 30_000);
      await program.produce(1_000);
      await until("the time to pass", () => Date.now() - since > away, away + 10_000);
      expect(program.fatal).toEqual([]);
      await program.app.tick();
      kafka.proxy.restore();
      const back = performance.now();
      await until("it to be read on", () => program.app.pipeline.counters().accepted >= 2_000, 60_000);
      const seconds = (performance.now() - back) / SECOND;
      await until("it to be well", () => program.app.whyNotReady().length === 0);
      console.log(`R14: away for ${away / SECOND} s, read on after ${seconds.toFixed(1)} s: ${JSON.stringify(await program.finish())}`);
    },
    TIMEOUT + 1_900_000,
  );

  test("R16 that holds a compression nobody knows ends the daemon with 75, and a word on what to do", async () => {
    const topic = await kafka.createTopic(1);
    const directory = scratchDirectory();
    writeFileSync(
      join(directory, "driftwatch.yaml"),
      `${LEDGER_MODELS}store: {path: ./data}\nkafka: ${JSON.stringify({ brokers: kafka.brokers, group: kafka.unique("group"), topics: { predictions: topic, labels: topic } })}\n`,
    );
    await kafka.produce(topic, 0, createLedger().next(100), kafkajs.CompressionTypes.GZIP);
    kafka.proxy.rewrite((answer) => {
      // In a batch's header: 2 for its form, four bytes of checksum (which kafkajs leaves alone), and 1 for gzip. 5 is nobody yet.
      for (let at = 0; at + 8 < answer.length; at += 1)
        if (answer[at] === 2 && answer.readUInt32BE(at + 5) === 0x1_00_00) answer[at + 6] = 5;
      return answer;
    });
    onTestFinished(() => kafka.proxy.rewrite((answer) => answer));
    const daemon = spawnDriftwatch(directory, ["run", "--config", "driftwatch.yaml", "--port", "0"]);
    expect(await daemon.exited).toBe(75);
    expect(daemon.stderr()).toMatch(/driftwatch cannot go on.*compression number 5 of Kafka.*use gzip, snappy, lz4 or zstd/);
  });
});

describe("R12 the watchdog", () => {
  const look = (before: Watch | null, at: number, positions: readonly [string, number, number][]) =>
    watch(
      before,
      at,
      positions.map(([key, position, end]) => ({ key, position: BigInt(position), end: BigInt(end) })),
      6_000,
    );
  const looks = (upTo: number, positionsAt: (at: number) => readonly [string, number, number][]) => {
    let seen: Watch | null = null;
    for (let at = 0; at <= upTo; at += 2_000) seen = look(seen, at, positionsAt(at));
    return seen ?? look(null, 0, []);
  };

  test("waits its time, and no longer", () => {
    const still = (upTo: number) =>
      stalled(
        looks(upTo, () => [["t/0", 5, 9]]),
        90_000,
      );
    expect(still(88_000)).toEqual([]);
    expect(still(90_000)).toEqual(["t/0 at 5 of 9"]);
  });

  test("asks nothing of a partition that is read to its end", () => {
    expect(
      stalled(
        looks(900_000, () => [["t/0", 9, 9]]),
        90_000,
      ),
    ).toEqual([]);
    // One message after a quiet hour is not an hour late.
    const quiet = looks(3_600_000, () => [["t/0", 9, 9]]);
    expect(stalled(look(quiet, 3_602_000, [["t/0", 9, 10]]), 90_000)).toEqual([]);
  });

  test("lets partitions take turns, but not for ever", () => {
    const turns = (upTo: number) =>
      stalled(
        looks(upTo, (at) => [
          ["t/0", at, at + 9],
          ["t/1", 5, 9],
        ]),
        90_000,
      );
    expect(turns(890_000)).toEqual([]);
    expect(turns(900_000)).toEqual(["t/1 at 5 of 9"]);
  });

  test("does not count time in which nobody looked", () => {
    const before = looks(60_000, () => [["t/0", 5, 9]]);
    expect(stalled(look(before, 60_000 + 3_600_000, [["t/0", 5, 9]]), 90_000)).toEqual([]);
  });

  test("takes a position that goes back for a move", () => {
    const before = looks(88_000, () => [["t/0", 5, 9]]);
    expect(stalled(look(before, 90_000, [["t/0", 0, 9]]), 90_000)).toEqual([]);
  });
});
