import { expect, onTestFinished, test } from "vitest";
import { createApp, type App } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import type { Config, StoreSettings } from "../../src/model/settings.ts";
import { countUnpaired } from "../../src/store/halves.ts";
import { startClickHouse } from "../support/clickhouse-front.ts";
import { captured, configOf, fixture } from "../ingest/adapters/reading.ts";
import { kafkaForTest, kafkaSkipReason, type KafkaForTest } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { storedPredictions } from "../support/stored.ts";

/** The program on topics of its own, started as often as one likes. */
async function onTopics(
  adapters: string,
  topics: readonly { adapter: string; partitions: number }[],
  store: StoreSettings = { kind: "embedded", path: scratchDirectory() },
) {
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
    store,
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
      ids.flatMap((id) => [5.1, 6.2].map((a, row) => ({ id: `${id}#${row}/2`, version: "v0.1.0", y: "1", a })));
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
      { id: "b943f10c-e883-41db-af39-9431f076b20e#0/2", y: 10.2 },
      { id: "b943f10c-e883-41db-af39-9431f076b20e#1/2", y: 17.3 },
      { id: "db2d238d-f3bf-4d64-b325-7b6970e22ef3", y: 10.2 },
    ]);
    expect(await countUnpaired(app.store, Date.now())).toEqual([{ adapter: "kserve", side: "request", halves: 1 }]);
    expect(await app.store.query("SELECT reason, offset FROM dead_letters FINAL")).toEqual([{ reason: "missing_field", offset: "6" }]);
    expect([...app.pipeline.counters().ignored]).toEqual([["health_check", 1]]);
    await app.stop();
  },
  240_000,
);

test.skipIf(kafkaSkipReason() !== null)(
  "two daemons of one group, one reading requests and one answers, make the predictions of one, also when one of them goes",
  async () => {
    const store = await startClickHouse();
    onTestFinished(store.stop);
    const { kafka, names, start, committed } = await onTopics(
      "mlserver: {type: cloudevents, services: {price: {}}, within: 10s}",
      [
        { adapter: "mlserver", partitions: 1 },
        { adapter: "mlserver", partitions: 1 },
      ],
      store.settings,
    );
    const [input = "", output = ""] = names;
    const begun = Date.UTC(2026, 5, 1, 12);
    const request = (id: string, at: number) => ({
      key: id,
      value: JSON.stringify({ instances: [{ x: at }] }),
      headers: { "mlserver-model": "price" },
      timestamp: String(begun + at),
    });
    const answer = (id: string, at: number) => ({
      key: id,
      value: JSON.stringify({ predictions: [at] }),
      headers: {
        "Ce-Specversion": "0.3",
        "Ce-Id": id,
        "Ce-Type": "io.seldon.serving.inference.response",
        "Ce-Modelid": "price",
        "Ce-Endpoint": "v1",
      },
      timestamp: String(begun + at + 7),
    });
    const reads = (app: App) => app.sources.flatMap((source) => source.status().partitions.map(({ key }) => key));

    const [one, two] = [await start(), await start()];
    await until("each to read a topic", () => reads(one).length === 1 && reads(two).length === 1);
    expect([...reads(one), ...reads(two)].sort()).toEqual([`${input}/0`, `${output}/0`].sort());
    const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => [`r-${from + index}`, from + index] as const);
    const send = async (from: number, to: number) => {
      // Every tenth stays without an answer, and of the others it is the answer that comes first every other time.
      const asked = ids(from, to).map(([id, at]) => request(id, at));
      const told = ids(from, to).flatMap(([id, at]) => (at % 10 === 0 ? [] : [answer(id, at)]));
      if (from % 100 === 0) await Promise.all([kafka.produce(input, 0, asked), kafka.produce(output, 0, told)]);
      else {
        await kafka.produce(output, 0, told);
        await kafka.produce(input, 0, asked);
      }
    };
    for (const from of [0, 50, 100, 150]) await send(from, from + 50);
    await committed(input, 200);
    await committed(output, 180);
    // One goes with requests of its own unanswered; who is left reads the answers.
    await kafka.produce(input, 0, [request("r-last", 1_000)]);
    await committed(input, 201);
    await one.stop();
    await kafka.produce(output, 0, [answer("r-last", 1_000), answer("r-later", 60_000)]);
    await committed(output, 182);
    await two.tick();

    const stored = await storedPredictions(two.store, two.config.models.get("price"));
    expect(stored).toHaveLength(181);
    for (const { features, answer: y, latency } of stored) expect([features["x"], latency]).toEqual([y, 7]);
    expect(await countUnpaired(two.store, Date.now())).toEqual([{ adapter: "mlserver", side: "request", halves: 20 }]);
    expect(two.pipeline.unpaired()).toEqual([{ adapter: "mlserver", side: "request", halves: 20 }]);
    await two.stop();
  },
  240_000,
);
