import { spawn } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon } from "../support/daemon.ts";
import { freePorts } from "../support/kafka-broker.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startKafkaWithTopics } from "./kafka-with-topics.ts";

const example = fileURLToPath(new URL("../../examples/node-service/", import.meta.url));

test("the service in Node shows its model in the daemon, through Kafka", async () => {
  const brokers = await startKafkaWithTopics();
  const scratch = scratchDirectory();
  const file = join(scratch, "driftwatch.yaml");
  cpSync(join(example, "driftwatch.yaml"), file);
  const text = readFileSync(file, "utf8").replace("# kafka:", "kafka:").replace("localhost:29092", brokers);
  writeFileSync(file, text.replace("../../data/node-service", "./data"));
  const daemon = await startDaemon(scratch);

  const [port] = await freePorts();
  const service = `http://127.0.0.1:${port}`;
  const env = { ...process.env, KAFKA_BROKERS: brokers, PORT: String(port) };
  const child = spawn(process.execPath, ["service.js"], { cwd: example, env, stdio: "inherit" });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const counts = () =>
    fetch(`${service}/events`).then(
      (answer) => answer.json(),
      () => null,
    ) as Promise<{ sent: number } | null>;
  await until("the service", async () => (await counts()) !== null, 60_000);
  const post = (path: string, body: object) => fetch(`${service}${path}`, { method: "POST", body: JSON.stringify(body) });
  await post("/score", { id: "loan-1", features: { amount: 12_000, income: 30_000, age: 31, employment: "none" } });
  await post("/truth", { id: "loan-1", label: "paid" });
  await until("both events to be sent", async () => (await counts())?.sent === 2, 60_000);
  type Versions = { items: { version: string }[] };
  await until(
    "the model's version in the API",
    async () => (await daemon.get<Versions>("/v1/models/loans/versions")).items[0]?.version === "2",
    60_000,
  );
  expect(await daemon.get("/v1/dead-letters")).toMatchObject({ items: [] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});
