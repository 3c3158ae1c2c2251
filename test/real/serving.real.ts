/**
 * MLServer with its Kafka bridge, and BentoML, as they come from PyPI, and the adapters that read them. They are
 * installed into `.cache/serving` the first time, half a gigabyte; the broker is one of our own, unless KAFKA_BROKERS
 * names another.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import kafkajs from "kafkajs";
import { expect, onTestFinished, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { createFileSource } from "../../src/ingest/file-source.ts";
import { silentLog } from "../../src/log.ts";
import { countUnpaired } from "../../src/store/halves.ts";
import { configOf } from "../ingest/adapters/reading.ts";
import { startKafkaBroker } from "../support/kafka-broker.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { storedPredictions } from "../support/stored.ts";
import { answers, environment, freePort, run } from "./programs.ts";

test("MLServer's input and output topics become predictions; what it refuses is counted", async () => {
  const bin = environment("mlserver", ["mlserver==1.7.1", "mlserver-sklearn==1.7.1"]);
  const directory = scratchDirectory();
  const broker = await startKafkaBroker();
  onTestFinished(() => broker.stop());
  const kafka = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  onTestFinished(async () => {
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  });
  await admin.createTopics({
    waitForLeaders: true,
    topics: ["mlserver-input", "mlserver-output"].map((topic) => ({ topic, numPartitions: 1 })),
  });

  expect(spawnSync(join(bin, "python"), [join(import.meta.dirname, "iris_model.py"), join(directory, "model.joblib")]).status).toBe(0);
  const port = await freePort();
  const settings = {
    debug: false,
    http_port: port,
    grpc_port: await freePort(),
    metrics_port: await freePort(),
    host: "127.0.0.1",
    parallel_workers: 0,
  };
  writeFileSync(
    join(directory, "settings.json"),
    JSON.stringify({
      ...settings,
      kafka_enabled: true,
      kafka_servers: broker.brokers.join(","),
      kafka_topic_input: "mlserver-input",
      kafka_topic_output: "mlserver-output",
    }),
  );
  writeFileSync(
    join(directory, "model-settings.json"),
    JSON.stringify({ name: "iris", implementation: "mlserver_sklearn.SKLearnModel", parameters: { uri: "./model.joblib", version: "v1" } }),
  );
  await answers(`http://127.0.0.1:${port}/v2/models/iris/ready`, run(join(bin, "mlserver"), ["start", "."], directory));

  const loaded = configOf("mlserver: {type: cloudevents, services: {iris: {feature_names: [sl, sw, pl, pw]}}, within: 5s}");
  const topics = ["mlserver-input", "mlserver-output"].map((topic) => ({ topic, adapter: "mlserver" }));
  const app = await createApp(
    {
      ...loaded,
      rules: [],
      store: { kind: "embedded", path: join(directory, "data") },
      kafka: { brokers: broker.brokers, group: "driftwatch", clientId: "driftwatch", topics },
    },
    { log: silentLog, tickEvery: 500 },
  );
  onTestFinished(() => app.stop());
  await app.start();

  const send = (key: string, rows: readonly (readonly number[])[], headers: Record<string, string> = {}) =>
    producer.send({
      topic: "mlserver-input",
      messages: [
        {
          key,
          value: JSON.stringify({ inputs: [{ name: "x", shape: [rows.length, 4], datatype: "FP64", data: rows }] }),
          headers: { "mlserver-model": "iris", ...headers },
        },
      ],
    });
  // The bridge has no consumer group and starts at the end: the first request that is answered says it listens.
  await until(
    "the bridge to listen",
    async () => {
      await send("knock", [[5.1, 3.5, 1.4, 0.2]]);
      return (await storedPredictions(app.store, app.config.models.get("iris"), "knock")).length > 0;
    },
    120_000,
  );
  for (let index = 0; index < 50; index++)
    await send(
      `r-${index}`,
      index % 2 === 0
        ? [[5.1, 3.5, 1.4, 0.2]]
        : [
            [5.1, 3.5, 1.4, 0.2],
            [6.2, 3.4, 5.4, 2.3],
          ],
    );
  await send("refused", [[5.1, 3.5, 1.4, 0.2]], { "mlserver-method": "infer" });
  const stored = (prefix: string) => storedPredictions(app.store, app.config.models.get("iris"), prefix);
  await until("all predictions", async () => (await stored("r-")).length === 75, 60_000);
  const seen = await stored("r-");
  const like = (answer: string, pw: number) =>
    seen.filter((one) => one.answer === answer && one.version === "v1" && one.features["pw"] === pw);
  expect([like("0", 0.2).length, like("2", 2.3).length]).toEqual([50, 25]);
  await until(
    "the refused request to be counted",
    async () => (await countUnpaired(app.store, Date.now())).some(({ side }) => side === "request"),
    120_000,
  );
  console.log({
    unpaired: await countUnpaired(app.store, Date.now()),
    slowest_ms: Math.max(...seen.map(({ latency }) => latency ?? 0)),
    deadLetters: await app.store.query("SELECT reason, message FROM dead_letters FINAL"),
  });
  expect(await stored("refused")).toEqual([]);
  await app.stop();
});

test("BentoML's monitoring log becomes predictions", async () => {
  const bin = environment("bentoml", ["bentoml==1.4.39", "scikit-learn==1.9.1"]);
  const directory = scratchDirectory();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  copyFileSync(join(import.meta.dirname, "iris_service.py"), join(directory, "iris_service.py"));
  // Local time is what it writes: another zone than the machine's shows that it is read so.
  const zone = "America/New_York";
  const said = run(join(bin, "bentoml"), ["serve", "iris_service:Iris", "--port", String(port), "--host", "127.0.0.1"], directory, {
    TZ: zone,
    BENTOML_HOME: join(directory, "home"),
    BENTOML_DO_NOT_TRACK: "true",
    PATH: `${bin}:${process.env["PATH"]}`,
  });
  await answers(`${url}/readyz`, said);
  const begun = Date.now();
  for (let index = 0; index < 20; index++) {
    const row = index % 2 === 0 ? [5.1, 3.5, 1.4, 0.2] : [6.2, 3.4, 5.4, 2.3];
    const response = await fetch(`${url}/classify`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ row }),
    });
    expect(response.status, await response.text()).toBe(200);
  }
  const logs = (kind: string) => {
    const folder = join(directory, "monitoring/iris", kind);
    return existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
  };
  const loaded = configOf(
    `bento: {type: mapped, preset: bentoml, model: iris, version: v1, time: {timezone: ${zone}}, prediction: pred, scores: {path: proba, classes: [setosa, versicolor, virginica]}}`,
  );
  const app = await createApp(
    { ...loaded, rules: [], store: { kind: "embedded", path: join(directory, "data") } },
    { log: silentLog, sources: [], tickEvery: null },
  );
  onTestFinished(() => app.stop());
  await app.start();
  const stored = () => storedPredictions(app.store, app.config.models.get("iris"));
  // The log is written beside the requests: reading it again is harmless.
  await until(
    "20 lines",
    async () => {
      const source = createFileSource({ files: [...logs("schema"), ...logs("data")], adapter: "bento" });
      await source.start(async (messages) => void (await app.pipeline.ingest(messages)));
      await source.done;
      return (await stored()).length === 20;
    },
    60_000,
  );
  const seen = await stored();
  console.log({ first: seen[0], ignored: app.pipeline.counters().ignored, rejected: app.pipeline.counters().rejected });
  expect(["setosa", "virginica"].map((name) => seen.filter(({ answer }) => answer === name).length)).toEqual([10, 10]);
  for (const { at, features } of seen) {
    expect(Object.keys(features).sort()).toEqual(["petal length", "petal width", "sepal length", "sepal width"]);
    expect(Math.abs(at - begun)).toBeLessThan(60_000);
  }
  expect(app.pipeline.counters().ignored.get("schema")).toBeGreaterThan(0);
  expect(app.pipeline.counters().rejected.size).toBe(0);
  await app.stop();
});
