import { expect, onTestFinished, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import { flightConfig } from "../support/flight-app.ts";
import { kafkaForTest, kafkaSkipReason, nativeTopics } from "../support/kafka.ts";
import { readTopic } from "../support/kafka-topic.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { prediction } from "./examples.ts";

test.skipIf(kafkaSkipReason() !== null)(
  "the topic of dead letters has what was refused by the time the daemon commits its offsets",
  async () => {
    const kafka = await kafkaForTest();
    onTestFinished(() => kafka.close());
    const [events, group] = [await kafka.createTopic(1), kafka.unique("group")];
    const deadLetters = { topic: kafka.unique("letters") };
    const topics = nativeTopics({ predictions: events, labels: events });
    // No models: nothing can be taken.
    const app = await createApp(
      flightConfig(scratchDirectory(), {
        models: new Map(),
        rules: [],
        retraining: new Map(),
        kafka: { brokers: kafka.brokers, group, clientId: "driftwatch-test", topics, deadLetters },
      }),
      { log: silentLog, tickEvery: null },
    );
    onTestFinished(() => app.stop());
    await kafka.produce(events, 0, ["one", "two", JSON.stringify(prediction)]);
    await app.start();
    await until("the offsets to be committed", async () => (await kafka.committed(group, events, 0)) === "3");
    const ends = await kafka.admin.fetchTopicOffsets(deadLetters.topic);
    expect(ends.reduce((sum, { high }) => sum + Number(high), 0)).toBe(3);
    const found = await readTopic(kafka, deadLetters.topic, 3);
    expect(
      found
        .map(({ value, headers }) => `${headers["driftwatch-topic"]} ${headers["driftwatch-offset"]} ${String(value).slice(0, 3)}`)
        .sort(),
    ).toEqual([`${events} 0 one`, `${events} 1 two`, `${events} 2 {"t`]);
    expect((await app.metrics.scrape()).text).toContain("driftwatch_dead_letters_unsent_total 0");
  },
  120_000,
);
