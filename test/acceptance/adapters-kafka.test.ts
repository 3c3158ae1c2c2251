import { expect, onTestFinished, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import type { Config } from "../../src/model/settings.ts";
import { countUnpaired } from "../../src/store/halves.ts";
import { captured, configOf, fixture } from "../ingest/adapters/reading.ts";
import { kafkaForTest, kafkaSkipReason, type KafkaForTest } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { storedPredictions } from "../support/stored.ts";

/** The program on topics of its own, started as often as one likes. */
async function onTopics(adapters: string, topics: readonly { adapter: string; partitions: number }[]) {
  const kafka = await kafkaForTest();
  onTestFinished(() => kafka.close());
  const names: string[] = [];
  for (const { partitions } of topics) names.push(await kafka.createTopic(partitions));
  const loaded = configOf(adapters);
  const group = kafka.unique("group");
  const config: Config = {
    ...loaded,
    clock: "replay",
    rules: [],
    store: { kind: "embedded", path: scratchDirectory() },
    kafka: {
      brokers: kafka.brokers,
      group,
      clientId: "driftwatch-test",
      topics: topics.map(({ adapter }, index) => ({ topic: names[index] ?? "", adapter })),
    },
  };
  const start = async () => {
    const app = await createApp(config, { log: silentLog, tickEvery: null });
    onTestFinished(() => app.stop());
    await app.start();
    return app;
  };
  const committed = (topic: string, offset: number) =>
    until(`the commit of ${offset} messages`, async () => (await kafka.committed(group, topic, 0)) === String(offset));
  return { kafka, names, start, committed };
}

type Captured = { topic: string; key: string | null; headers: [string, string][]; valueText: string };

const records = (JSON.parse(fixture("mlserver/kafka-messages.json")) as Captured[]).map((record, index) => ({
  ...record,
  timestamp: String(Date.UTC(2026, 5, 1, 12) + index * 1_000),
}));

async function sendMlserver(kafka: KafkaForTest, to: Readonly<Record<string, string>>, sent: typeof records): Promise<void> {
  for (const { topic, key, headers, valueText, timestamp } of sent)
    await kafka.produce(to[topic] ?? "", 0, [
      { value: valueText, ...(key === null ? {} : { key }), headers: Object.fromEntries(headers), timestamp },
    ]);
}

test.skipIf(kafkaSkipReason() !== null)(
  "MLServer's input and output topics become predictions, over restarts and whichever comes first",
  async () => {
    const { kafka, names, start, committed } = await onTopics(
      "mlserver: {type: cloudevents, services: {iris: {feature_names: [a, b, c, d]}}}",
      [
        { adapter: "mlserver", partitions: 1 },
        { adapter: "mlserver", partitions: 1 },
      ],
    );
    const [input = "", output = ""] = names;
    const to = { "mlserver-input": input, "mlserver-output": output };
    const [inputs, outputs] = [
      records.filter(({ topic }) => topic === "mlserver-input"),
      records.filter(({ topic }) => topic === "mlserver-output"),
    ];

    // A restart between a request and its answer; then answers whose requests come last.
    const first = await start();
    await sendMlserver(kafka, to, inputs.slice(0, 1));
    await committed(input, 1);
    await first.stop();
    const second = await start();
    await sendMlserver(kafka, to, outputs);
    await committed(output, 3);
    const stored = async (app: typeof second) =>
      (await storedPredictions(app.store, app.config.models.get("iris"))).map(({ id, version, answer, features }) => ({
        id,
        version,
        y: answer,
        a: features["a"],
      }));
    const rows = (ids: readonly string[]) =>
      ids.flatMap((id) => [5.1, 6.2].map((a, row) => ({ id: `${id}#${row}`, version: "v0.1.0", y: "1", a })));
    expect(await stored(second)).toEqual(rows(["req-0001"]));
    await sendMlserver(kafka, to, inputs.slice(1));
    await committed(input, 4);
    await until("the other pairs", async () => (await stored(second)).length === 6);
    expect(await stored(second)).toEqual(rows(["body-id", "req-0001", "req-0002"]));

    // Both topics again, from the end, as nobody would.
    await sendMlserver(kafka, to, records.toReversed());
    await committed(input, 8);
    await committed(output, 6);
    await second.tick();
    expect(await stored(second)).toEqual(rows(["body-id", "req-0001", "req-0002"]));
    await second.stop();
  },
  240_000,
);

test.skipIf(kafkaSkipReason() !== null)(
  "CloudEvents that reach Kafka binary or structured become predictions, and what has no answer is counted",
  async () => {
    const { kafka, names, start, committed } = await onTopics(
      "kserve: {type: cloudevents, services: {sklearn-iris: {feature_names: [a, b, c, d]}}}",
      [{ adapter: "kserve", partitions: 1 }],
    );
    const [topic = ""] = names;
    const binary = (name: string, prefix: string) => {
      const { headers, bytes } = captured(name);
      const kept = [...(headers ?? [])].flatMap(([header, value]) =>
        header.startsWith("ce-")
          ? [[prefix + header.slice(3), value] as const]
          : header === "content-type"
            ? [["content-type", value] as const]
            : [],
      );
      return { value: Buffer.from(bytes ?? []).toString(), headers: Object.fromEntries(kept) };
    };
    const structured = (name: string) => {
      const { value, headers } = binary(name, "");
      const { "content-type": datacontenttype, ...attributes } = headers;
      return {
        value: JSON.stringify({ ...attributes, datacontenttype, data: JSON.parse(value) as unknown }),
        headers: { "content-type": "application/cloudevents+json" },
      };
    };
    const later = binary("05-v2-request", "ce_");
    await kafka.produce(topic, 0, [
      binary("02-v1-response", "ce_"),
      binary("08-GET-health-request", "ce_"),
      structured("06-v2-response"),
      binary("01-v1-request", "ce_"),
      binary("07-v1-request-rejected-404-no-response-follows", "ce-"),
      structured("05-v2-request"),
      "no CloudEvent",
      { ...later, headers: { ...later.headers, ce_id: "later", ce_time: "2026-11-21T04:00:00Z" } },
    ]);
    const app = await start();
    await committed(topic, 8);
    await app.tick();
    expect(
      (await storedPredictions(app.store, app.config.models.get("sklearn-iris"))).map(({ id, answer }) => ({ id, y: answer })),
    ).toEqual([
      { id: "b943f10c-e883-41db-af39-9431f076b20e#0", y: 10.2 },
      { id: "b943f10c-e883-41db-af39-9431f076b20e#1", y: 17.3 },
      { id: "db2d238d-f3bf-4d64-b325-7b6970e22ef3", y: 10.2 },
    ]);
    expect(await countUnpaired(app.store)).toEqual([{ adapter: "kserve", side: "request", halves: 1 }]);
    expect(await app.store.query("SELECT reason, offset FROM dead_letters FINAL")).toEqual([{ reason: "missing_field", offset: "6" }]);
    expect([...app.pipeline.counters().ignored]).toEqual([["health_check", 1]]);
    await app.stop();
  },
  240_000,
);
