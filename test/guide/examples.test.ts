import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problem.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/kafka-until.ts";
import { pythonSkipReason } from "../support/python.ts";
import { scratchDirectory } from "../support/scratch.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const examples = join(root, "examples");
const read = (...names: string[]) => readFileSync(join(examples, ...names), "utf8");

/** The fenced blocks of one language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp("```" + language + "\\n([\\s\\S]*?)```", "g"))].map((match) => match[1] ?? "");
}

/** A copy of the examples, beside the alert rules they share. */
function copyExamples(): string {
  const scratch = scratchDirectory();
  for (const directory of ["examples", "alerts"])
    cpSync(join(root, directory), join(scratch, directory), { recursive: true, filter: (path) => !/\.venv|flights/.test(path) });
  return scratch;
}

/** A program that goes on until the test is over, and what it has said. */
function keepRunning(
  command: string,
  args: readonly string[],
  directory: string,
  env: Record<string, string>,
): { child: ChildProcess; said: () => string } {
  const child = spawn(command, args, { cwd: directory, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, said: () => output };
}

/** The daemon on a configuration of the examples, its store kept in `scratch`. */
async function startOn(scratch: string, configFile: string): Promise<Daemon & { url: string }> {
  const file = join(scratch, configFile);
  writeFileSync(file, readFileSync(file, "utf8").replace(/^store: .*$/m, `store: {path: ${JSON.stringify(join(scratch, "data"))}}`));
  const daemon = await startDaemon(scratch, configFile);
  const { url } = JSON.parse(readFileSync(join(scratch, "data", "daemon.json"), "utf8")) as { url: string };
  return { ...daemon, url };
}

/** Until the daemon has looked at what it took: it says which versions there are. */
function untilThere(daemon: Daemon, model: string, version: string): Promise<void> {
  const versions = () => daemon.get<{ items: { version: string }[] }>(`/v1/models/${model}/versions`);
  return until(
    `version ${version} of ${model} in the API`,
    async () => (await versions()).items.some((item) => item.version === version),
    60_000,
  );
}

function run(command: string, args: readonly string[], directory: string): string {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: directory, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return stdout;
}

test("the service in Node: its README's lines show its model in the daemon", async () => {
  const scratch = copyExamples();
  const directory = join(scratch, "examples", "node-service");
  const [start, serve, ask = ""] = blocks(read("node-service", "README.md"), "sh").map((block) => block.trim());
  expect(start).toBe("npm start -- --config examples/node-service/driftwatch.yaml");
  expect(serve).toBe("node service.js");
  const daemon = await startOn(scratch, "examples/node-service/driftwatch.yaml");
  const { said, child } = keepRunning(process.execPath, ["service.js"], directory, { DRIFTWATCH_URL: daemon.url, PORT: "0" });
  await until("the service to listen", () => {
    if (child.exitCode !== null) throw new Error(said());
    return said().includes("scoring at");
  });
  const service = /http:\S+/.exec(said())?.[0] ?? "";
  const answers = ask
    .split("\n")
    .map((line) => JSON.parse(run("bash", ["-c", line.replace("http://127.0.0.1:8000", service)], directory)) as unknown);
  expect(answers).toEqual([{ id: "loan-1", prediction: "paid", score: expect.closeTo(0.36, 2) as number }, {}]);
  const counts = async () => (await (await fetch(`${service}/events`)).json()) as { sent: number };
  await until("both events to be sent", async () => (await counts()).sent === 2);
  expect(await counts()).toEqual({ sent: 2, refused: 0, dropped: 0, waiting: 0 });
  await untilThere(daemon, "loans", "2");
  expect(await daemon.get("/v1/dead-letters")).toMatchObject({ items: [] });

  // What cannot be an event is counted, and the request is answered all the same.
  const bare = await fetch(`${service}/score`, { method: "POST", body: "{}" });
  expect([bare.status, await counts()]).toEqual([200, { sent: 2, refused: 1, dropped: 0, waiting: 0 }]);
  child.kill("SIGTERM");
  await until("the service to end", () => child.exitCode === 0);
});

test("the helpers' READMEs and the curl line of the README: their events are in the daemon", async () => {
  const scratch = copyExamples();
  copyFileSync(join(root, "driftwatch.yaml"), join(scratch, "examples", "driftwatch.yaml"));
  const daemon = await startOn(scratch, "examples/driftwatch.yaml");
  const here = (text: string) => text.replaceAll("http://127.0.0.1:8080", daemon.url);

  mkdirSync(join(scratch, "node_modules", "@driftwatch"), { recursive: true });
  symlinkSync(join(scratch, "examples", "producer-typescript"), join(scratch, "node_modules", "@driftwatch", "events"));
  writeFileSync(join(scratch, "script.mjs"), here(blocks(read("producer-typescript", "README.md"), "js")[0] ?? ""));
  expect(run(process.execPath, ["script.mjs"], scratch)).toBe("2 accepted, 0 rejected\nr-1\n");

  if (pythonSkipReason() === null) {
    const python = join(scratch, "examples", "producer-python");
    writeFileSync(join(python, "script.py"), here(blocks(read("producer-python", "README.md"), "python")[0] ?? ""));
    expect(run("python3", ["script.py"], python)).toBe("2 accepted, 0 rejected\nr-1\n");
  }

  const curl = /^curl (?:.|\n)*?'$/m.exec(
    blocks(readFileSync(join(root, "README.md"), "utf8"), "sh").find((block) => block.includes("curl")) ?? "",
  )?.[0];
  expect(run("bash", ["-c", here(curl ?? "exit 1")], scratch)).toBe('{"accepted":2,"rejected":[]}');
  await untilThere(daemon, "my-model", "1");
  expect(await daemon.get("/v1/dead-letters")).toMatchObject({ items: [] });
});

describe("the examples", () => {
  const documents = ["README.md", ...readdirSync(examples).map((name) => join(name, "README.md"))].filter((name) =>
    existsSync(join(examples, name)),
  );

  test.each(documents)("%s links to files that are there", (document) => {
    for (const [, target] of read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      expect(existsSync(join(examples, dirname(document), target ?? "")), target).toBe(true);
  });

  test("README.md names each directory", () => {
    const directories = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of directories) expect(read("README.md")).toContain(`| [${name}](${name}) |`);
  });

  test.each(["fastapi", "node-service"])("the configuration of %s is one", (name) => {
    const scratch = copyExamples();
    const file = join(scratch, "examples", name, "driftwatch.yaml");
    writeFileSync(join(scratch, "examples", name, "training.ndjson.gz"), "");
    const through = (text: string) => {
      writeFileSync(file, text);
      const loaded = loadConfig({ file, env: {} });
      if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
      return loaded.config.kafka;
    };
    const text = read(name, "driftwatch.yaml");
    expect(through(text)).toBeNull();
    expect(through(text.replace("# kafka:", "kafka:"))).toMatchObject({ brokers: ["localhost:29092"] });
  });
});
