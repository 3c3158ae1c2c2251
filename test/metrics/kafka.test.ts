import { expect, onTestFinished, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import { parseExposition, valueOf } from "../support/exposition.ts";
import { flightConfig } from "../support/flight-app.ts";
import { kafkaForTest, kafkaSkipReason, nativeTopics } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";

test.skipIf(kafkaSkipReason() !== null)(
  "offsets, lag, gaps and losses are those of the broker",
  async () => {
    const kafka = await kafkaForTest();
    onTestFinished(() => kafka.close());
    const topic = await kafka.createTopic(2);
    const group = kafka.unique("group");
    const path = scratchDirectory();
    // No models: every message is a dead letter, and read all the same.
    const config = flightConfig(path, {
      models: new Map(),
      rules: [],
      retraining: new Map(),
      kafka: { brokers: kafka.brokers, group, clientId: "driftwatch-test", topics: nativeTopics({ predictions: topic, labels: topic }) },
    });
    const start = async () => {
      const app = await createApp(config, { log: silentLog, tickEvery: null });
      onTestFinished(() => app.stop());
      await app.start();
      return {
        app,
        read: async (name: string, partition?: number) =>
          valueOf(parseExposition((await app.metrics.scrape()).text), `driftwatch_${name}`, {
            source: "kafka",
            ...(partition === undefined ? {} : { partition: `${topic}/${partition}` }),
          }),
      };
    };
    await kafka.produce(
      topic,
      0,
      Array.from({ length: 7 }, () => "{}"),
    );

    const first = await start();
    await until("both to be drained", async () =>
      (await Promise.all([0, 1].map((partition) => first.read("source_drained", partition)))).every((drained) => drained === 1),
    );
    await until("a commit", async () => (await kafka.committed(group, topic, 0)) === "7");
    expect(
      await Promise.all(["committed_offset", "high_watermark_offset", "lag_messages"].map((one) => first.read(`source_${one}`, 0))),
    ).toEqual([7, 7, 0]);
    // Nothing was ever committed there, and nothing waits.
    expect(
      await Promise.all(["committed_offset", "high_watermark_offset", "lag_messages"].map((one) => first.read(`source_${one}`, 1))),
    ).toEqual([null, 0, 0]);
    expect([await first.read("source_up"), await first.read("source_gaps_total"), await first.read("source_lost_messages_total")]).toEqual([
      1, 0, 0,
    ]);
    await first.app.stop();

    await kafka.produce(
      topic,
      0,
      Array.from({ length: 20 }, () => "{}"),
    );
    await kafka.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "18" }] });
    const second = await start();
    await until("the rest to be read", async () => (await second.read("source_committed_offset", 0)) === 27);
    expect([await second.read("source_gaps_total"), await second.read("source_lost_messages_total")]).toEqual([1, 11]);
    await until("the end of it", async () => (await second.read("source_drained", 0)) === 1);
    expect(await second.read("source_lag_messages", 0)).toBe(0);
  },
  120_000,
);
