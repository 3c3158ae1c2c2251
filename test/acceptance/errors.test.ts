import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { spawnDriftwatch, startDaemon } from "../support/daemon.ts";
import { scratchDirectory } from "../support/scratch.ts";

const MODEL = `models:
  toy: {task: binary, positive: "yes"}
alerts: []
`;

/** Runs one command of the built program on a configuration, to its end. */
async function run(config: string, args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const directory = scratchDirectory();
  writeFileSync(join(directory, "driftwatch.yaml"), config);
  const { exited, stderr } = spawnDriftwatch(directory, args);
  return { code: await exited, stderr: stderr() };
}

async function portInUse(): Promise<number> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("what a person reads when it cannot start", () => {
  test.each([
    ["a misspelt key", `modles: {}\n${MODEL}`, /driftwatch\.yaml:1:1.*modles[\s\S]*models/],
    [
      "a wrong value",
      "models:\n  toy: {task: binary, positive: yes it is, bucket: 7 minutes}\nalerts: []\n",
      /driftwatch\.yaml:2:\d+.*models\.toy\.bucket[\s\S]*1h/,
    ],
    [
      "a variable that is not set",
      `${MODEL}channels:\n  ops: {type: webhook, url: "https://example.com/", secret: "\${NO_SUCH_SECRET}"}\n`,
      /NO_SUCH_SECRET/,
    ],
    ["an address for all without tokens", `${MODEL}http: {host: 0.0.0.0}\n`, /token/],
  ])("%s", async (_name, config, expected) => {
    const { code, stderr } = await run(config, ["run"]);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
  });

  test("no configuration at all", async () => {
    const { exited, stderr } = spawnDriftwatch(scratchDirectory(), ["run"]);
    expect(await exited).toBe(2);
    expect(stderr()).toMatch(/There is no driftwatch\.yaml[\s\S]*cp /);
  });

  test("a port in use", async () => {
    const port = await portInUse();
    const { code, stderr } = await run(`http: {port: ${port}}\n${MODEL}`, ["run"]);
    expect(stderr).toMatch(new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use[\\s\\S]*--port`));
    expect(code).toBe(1);
  });

  test("a data directory that cannot be", async () => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, "file"), "");
    const { code, stderr } = await run(`store: {path: ${JSON.stringify(join(directory, "file", "data"))}}\n${MODEL}`, [
      "run",
      "--port",
      "0",
    ]);
    expect(stderr).toMatch(/data directory .* cannot be written[\s\S]*store\.path/);
    expect(code).toBe(1);
  });

  test("no Kafka there", async () => {
    const { code, stderr } = await run(`kafka: {brokers: ["127.0.0.1:1"]}\n${MODEL}`, ["run", "--port", "0"]);
    expect(stderr).toMatch(/127\.0\.0\.1:1/);
    expect(stderr).toMatch(/kafka\.brokers|broker/i);
    expect(code).toBe(1);
  });

  test("no ClickHouse there", async () => {
    const { code, stderr } = await run(`store: {url: "http://127.0.0.1:1"}\n${MODEL}`, ["run", "--port", "0"]);
    expect(stderr).toMatch(/ClickHouse at http:\/\/127\.0\.0\.1:1 cannot be reached[\s\S]*store\.url/);
    expect(code).toBe(1);
  });

  test("a malformed row in a baseline", async () => {
    const directory = scratchDirectory();
    const file = join(directory, "training.ndjson");
    writeFileSync(
      file,
      '{"type":"prediction","id":"1","model":"toy","version":"1","time":"2026-01-01T00:00:00Z","features":{},"score":0.5}\n{"type":"prediction","id":"2","model":"toy","version":"1","time":"yesterday","features":{},"score":0.5}\n',
    );
    const { code, stderr } = await run(
      `models:\n  toy: {task: binary, positive: "yes", baselines: {training: {file: ${JSON.stringify(file)}}}}\nalerts: []\n`,
      ["run", "--port", "0"],
    );
    expect(stderr).toMatch(/training\.ndjson:2: .*time/);
    expect(code).toBe(1);
  });
});

describe("beside a running daemon", () => {
  test("a second one is refused, malformed events are answered one by one, and commands ask the daemon", async () => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, "driftwatch.yaml"), MODEL);
    await startDaemon(directory);

    const second = spawnDriftwatch(directory, ["run", "--port", "0"]);
    expect(await second.exited).toBe(1);
    expect(second.stderr()).toMatch(/A daemon already owns this store/);

    writeFileSync(
      join(directory, "events.ndjson"),
      [
        '{"type":"prediction","id":"1","model":"toy","version":"1","time":"2026-01-01T00:00:00Z","features":{"x":1},"prediction":"yes","score":0.9}',
        '{"type":"prediction","id":"2","model":"toy","version":"1","time":"2026-01-01T00:00:00Z","features":{"x":1}}',
        '{"type":"prediction"',
        '{"type":"label","id":"1","model":"another","label":"yes"}',
      ].join("\n"),
    );
    const ingest = spawnDriftwatch(directory, ["ingest", "events.ndjson"]);
    expect(await ingest.exited).toBe(0);
    const said = ingest.stderr() + ingest.stdout();
    expect(said).toMatch(/missing_field/);
    expect(said).toMatch(/invalid_json/);
    expect(said).toMatch(/unregistered_model/);

    for (const args of [["alerts"], ["baseline", "list"], ["dead-letters"], ["migrate"], ["retrain", "list"], ["check"]]) {
      const command = spawnDriftwatch(directory, args);
      expect(await command.exited, `${args.join(" ")}: ${command.stderr()}`).toBe(0);
    }
    const letters = spawnDriftwatch(directory, ["dead-letters", "--json"]);
    expect(await letters.exited).toBe(0);
    expect(letters.stdout().trim().split("\n")).toHaveLength(3);
  }, 120_000);
});
