import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createApp, type App, type AppOptions } from "../../src/app.ts";
import { connect } from "../../src/cli/connect.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/log.ts";
import { workplace } from "../config/workplace.ts";
import { kafkaForTest, kafkaSkipReason } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { cli } from "./terminal.ts";

const BEGUN = Date.UTC(2024, 4, 1, 12);

test.skipIf(kafkaSkipReason() !== null)(
  "requests and answers are counted, what they made is from elsewhere, and what is neither is refused or ignored",
  async () => {
    const kafka = await kafkaForTest();
    onTestFinished(() => kafka.close());
    const topic = await kafka.createTopic(1);
    const group = kafka.unique("group");
    const directory = workplace({
      "driftwatch.yaml": `clock: replay
store: {path: ./data}
kafka: {brokers: [${kafka.brokers.map((broker) => JSON.stringify(broker)).join(", ")}], group: ${group}, topics: [{topic: ${topic}, adapter: serving}]}
models: {price: {task: regression}}
adapters: {serving: {type: cloudevents, within: 1m}}
alerts: []
`,
    });
    const file = join(directory, "driftwatch.yaml");
    const event = (side: string, id: string, at: number, data: unknown) => ({
      value: data === null ? "" : JSON.stringify(data),
      headers: {
        ce_specversion: "1.0",
        ce_id: id,
        ce_type: `org.kubeflow.serving.inference.${side}`,
        ce_inferenceservicename: "price",
        ce_endpoint: "v1",
        ce_time: new Date(BEGUN + at).toISOString(),
      },
    });
    await kafka.produce(topic, 0, [
      event("response", "a", 7, { predictions: [1, 2] }),
      event("request", "a", 0, { instances: [{ x: 1 }, { x: 2 }] }),
      event("request", "alone", 10, { instances: [{ x: 3 }] }),
      event("request", "health", 20, null),
      event("request", "broken", 30, { instances: "all" }),
      // The same once more, as Kafka may bring it.
      event("request", "a", 0, { instances: [{ x: 1 }, { x: 2 }] }),
    ]);

    const config = loadConfig({ file, env: {}, shippedAlerts: "" });
    if (!config.ok) throw new Error(JSON.stringify(config.problems));
    const run = async (options: Partial<AppOptions>, use: (app: App) => Promise<unknown>) => {
      const app = await createApp(config.config, { log: silentLog, tickEvery: null, ...options });
      try {
        await app.start();
        await use(app);
      } finally {
        await app.stop();
      }
    };
    await run({}, () => until("the commit", async () => (await kafka.committed(group, topic, 0)) === "6"));
    await run({ sources: [] }, (app) => {
      app.watermarks.finish();
      return app.tick();
    });

    const { code, out } = await cli(["verify", "--json", "-c", file], { connect });
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      {
        accounted: true,
        lost: 0,
        doubled: 0,
        in_flight: 0,
        sources: [{ name: topic, read: 6, halves: 4, ignored: 1, refused: { rejected: 1 }, reasons: { invalid_field: 1 }, events: [] }],
        elsewhere: [{ model: "price", type: "prediction", stored: 2, doubled: 0 }],
        models: [{ model: "price", miscounts: [] }],
        troubles: [],
      },
    ]);
    const told = await cli(["verify", "-c", file], { connect });
    expect(told.err).toMatch(
      /^4 messages are half of a prediction each: what they make is not verified, and counts as from elsewhere\.\nEvery event is accounted for/,
    );
  },
  120_000,
);
