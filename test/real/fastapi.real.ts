import { spawn, spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { DAY } from "../../src/model/time.ts";
import { freePorts } from "../support/kafka-broker.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startKafkaWithTopics } from "./kafka-with-topics.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const scratch = scratchDirectory();
const example = join(scratch, "examples", "fastapi");
const readme = readFileSync(join(root, "examples", "fastapi", "README.md"), "utf8");

/** The README's line that begins or goes on with these words, as it stands there. */
function lineWith(words: string): string {
  const lines = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((match) => (match[1] ?? "").trim().split("\n"));
  const line = lines.find((line) => line.includes(words));
  if (line === undefined) throw new Error(`The README has no line with ${words}`);
  return line;
}

function runToEnd(line: string, directory: string): string {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line], { cwd: directory, encoding: "utf8" });
  if (status !== 0) throw new Error(`${line} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** A line that goes on until the test is over, with everything it started. */
function keepRunning(line: string, directory: string, env: Record<string, string> = {}): void {
  const child = spawn("bash", ["-c", line], {
    cwd: directory,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    process.kill(-(child.pid ?? 0), "SIGTERM");
    await ended;
  });
}

async function get<Answer>(url: string): Promise<Answer | null> {
  const response = await fetch(url).catch(() => null);
  return response?.ok ? ((await response.json()) as Answer) : null;
}

/** Plays the README's lines on ports of their own, and returns what is to be seen in the end. */
async function follow(env: Record<string, string>): Promise<{ alerts: string[]; first: number; events: unknown; deadLetters: unknown }> {
  const [port, servicePort] = await freePorts();
  const daemon = `http://127.0.0.1:${port}`;
  const service = `http://127.0.0.1:${servicePort}`;
  const started = performance.now();
  const note = (what: string) => console.log(`${what} after ${((performance.now() - started) / 1000).toFixed(1)} s`);

  const start = lineWith("npm start").replace("examples/fastapi", example);
  keepRunning(`${start} --port ${port}`, root);
  keepRunning(
    `${lineWith(env["KAFKA_BROKERS"] ? "KAFKA_BROKERS" : ".venv/bin/uvicorn").replace(/^KAFKA_BROKERS=\S+ /, "")} --port ${servicePort}`,
    example,
    {
      DRIFTWATCH_URL: daemon,
      ...env,
    },
  );
  await until("the service", async () => (await get(`${service}/events`)) !== null, 60_000);
  await until("the daemon", async () => (await get(`${daemon}/readyz`)) !== null, 120_000);
  note("both ready");
  const traffic = spawn("bash", ["-c", `${lineWith("traffic.py")} --url ${service}`], { cwd: example, stdio: "inherit" });
  const played = new Promise<number | null>((resolve) => traffic.once("exit", resolve));
  await until(
    "predictions of the model in the API",
    async () => ((await get<{ items: unknown[] }>(`${daemon}/v1/models/tumours/versions`))?.items.length ?? 0) > 0,
    60_000,
  );
  note("the model's first version in the API");
  expect(await played).toBe(0);
  note("a fortnight played");
  type Alerts = { items: { rule: string; state: string; features: string[]; since: string }[] };
  const alerts = async () => (await get<Alerts>(`${daemon}/v1/alerts`))?.items ?? [];
  await until(
    "all to be sent",
    async () => (await get<{ waiting: number; sent: number }>(`${service}/events`))?.sent === 2 * 14 * 100,
    60_000,
  );
  await until("both alerts", async () => (await alerts()).length >= 2, 60_000);
  note("both alerts");
  const fired = await alerts();
  return {
    alerts: fired.map(({ rule, state, features }) => `${rule} ${state} ${features.join()}`),
    first: Math.min(...fired.map(({ since }) => Date.parse(since))),
    events: await get(`${service}/events`),
    deadLetters: await get(`${daemon}/v1/dead-letters`),
  };
}

/** Both of the new scanner's changes are told of, and nothing from before it. */
function expectTheStory({ alerts, first, events, deadLetters }: Awaited<ReturnType<typeof follow>>): void {
  expect(alerts).toEqual(expect.arrayContaining(["feature-drift firing mean_texture", "missing-values firing mean_symmetry"]));
  expect(first).toBeGreaterThan(Date.now() - 7 * DAY);
  expect(events).toEqual({ sent: 2 * 14 * 100, refused: 0, dropped: 0, waiting: 0 });
  expect(deadLetters).toMatchObject({ items: [] });
}

beforeAll(() => {
  for (const directory of ["examples", "alerts"])
    cpSync(join(root, directory), join(scratch, directory), { recursive: true, filter: (path) => !/\.venv|flights/.test(path) });
  runToEnd(lineWith("python3 -m venv"), example);
  runToEnd(lineWith("train.py"), example);
});

test("the README's lines show the model and its drift, over HTTP", async () => {
  expectTheStory(await follow({}));
});

test("the README's lines show the model and its drift, through Kafka", async () => {
  const brokers = await startKafkaWithTopics();
  const file = join(example, "driftwatch.yaml");
  const overHttp = readFileSync(file, "utf8");
  const throughKafka = overHttp.replace("# kafka:", "kafka:").replace("localhost:29092", brokers);
  expect(throughKafka).not.toBe(overHttp);
  writeFileSync(file, throughKafka.replace("../../data/fastapi", "../../data/kafka"));
  expectTheStory(await follow({ KAFKA_BROKERS: brokers }));
});

test("a full queue waits for nobody: it drops, and counts", () => {
  const script = `
import threading, time, sys
sys.path.insert(0, "../producer-python")
from sender import Sender, over_http
may_go = threading.Event()
def deliver(batch):
    may_go.wait()
    return 0
sender = Sender(deliver, most=5)
sender.offer(dict)
while sender.waiting(): time.sleep(0.001)
for index in range(20): sender.offer(dict)
assert sender.counts["dropped"] == 15 and sender.waiting() == 5, sender.counts
may_go.set()
sender.close()
assert sender.counts == {"sent": 6, "refused": 0, "dropped": 15}, sender.counts
print("kept")
`;
  expect(runToEnd(`.venv/bin/python -c '${script}'`, example)).toBe("kept\n");
});

test("values of numpy are taken as they are", () => {
  const script = `
import datetime, sys
sys.path.insert(0, "../producer-python")
import numpy as np
import driftwatch_events as events
print(events.prediction(id="r-1", model="m", version="1", time=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), prediction=np.int64(1),
  features={"a": np.float32(1.5), "b": np.bool_(True), "c": np.array([1, 2]), "d": np.str_("x")}, scores=dict(zip(np.array([0, 1]), np.array([0.25, 0.75])))))
`;
  expect(runToEnd(`.venv/bin/python -c '${script}'`, example)).toBe(
    "{'type': 'prediction', 'id': 'r-1', 'model': 'm', 'version': '1', 'time': '2026-01-01T00:00:00+00:00', " +
      "'features': {'a': 1.5, 'b': True, 'c': [1, 2], 'd': 'x'}, 'prediction': 1, 'scores': {'0': 0.25, '1': 0.75}}\n",
  );
});
