import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { DAY, MINUTE, SECOND } from "../../src/model/time.ts";
import { createCommandLauncher } from "../../src/retrain/launch-command.ts";
import { until } from "../support/kafka-until.ts";
import { exampleRun } from "../support/retraining.ts";
import { scratchDirectory } from "../support/scratch.ts";

const BODY = JSON.stringify({ type: "retrain", data: { model: "flight-delay" } });
const NODE = process.execPath;
const SUPERVISOR = fileURLToPath(new URL("../../src/retrain/supervise.mjs", import.meta.url));

function setUp(command: readonly string[], timeout = MINUTE) {
  const directory = join(scratchDirectory(), "retrains");
  const launcher = createCommandLauncher({ type: "command", command, directory, timeout });
  const id = createHash("sha256").update(directory).digest("hex");
  const run = exampleRun({ id, at: DAY, launcher: "command" });
  const ended = async () => {
    await until(
      "the command has ended",
      async () => !["running", "unknown"].includes((await launcher.poll?.(run, DAY))?.state ?? ""),
      30_000,
    );
    return launcher.poll?.(run, DAY);
  };
  return {
    launcher,
    run,
    directory,
    place: join(directory, id),
    launch: () => launcher.launch({ run, body: BODY, at: DAY, triedAt: null }),
    ended,
  };
}

test("a program is run with what it is told, and no shell reads its arguments", async () => {
  const script = `const fs = require("node:fs");
    const asked = JSON.parse(fs.readFileSync(process.env.DRIFTWATCH_REQUEST, "utf8"));
    fs.writeFileSync(process.env.DRIFTWATCH_OUTCOME, JSON.stringify({ version: "2013-q2" }));
    console.log(asked.data.model, process.env.DRIFTWATCH_MODEL, process.env.DRIFTWATCH_RUN.length, process.argv[1]);`;
  const { launch, ended } = setUp([NODE, "-e", script, "$(touch pwned); `x` && ; | > *"]);
  expect(await launch()).toMatchObject({ outcome: "launched", detail: "the command was started" });
  expect(await ended()).toEqual({
    state: "succeeded",
    version: "2013-q2",
    detail: "The command is done. It said: flight-delay flight-delay 64 $(touch pwned); `x` && ; | > *",
  });
});

test("whoever asks again starts nothing twice", async () => {
  const { launch, ended, place } = setUp([
    NODE,
    "-e",
    'require("node:fs").appendFileSync(process.env.DRIFTWATCH_DIRECTORY + "/count", "x")',
  ]);
  expect((await Promise.all([launch(), launch(), launch()])).map(({ detail }) => detail).sort()).toEqual([
    "it was begun before",
    "it was begun before",
    "the command was started",
  ]);
  await ended();
  expect(await launch()).toMatchObject({ outcome: "launched", detail: "it was begun before" });
  expect(readFileSync(join(place, "count"), "utf8")).toBe("x");
});

test.each<[string, readonly string[], RegExp]>([
  ["ends with a code", [NODE, "-e", 'console.error("no rows"); process.exit(3)'], /^The command ended with code 3\. It said: no rows$/],
  ["does not exist", ["/nowhere/train"], /^The command could not be run \(ENOENT\)\.$/],
  ["is killed", [NODE, "-e", 'process.kill(process.pid, "SIGKILL")'], /^The command ended with SIGKILL\.$/],
])("a program that %s has failed", async (_name, command, detail) => {
  const { launch, ended } = setUp(command);
  await launch();
  expect(await ended()).toEqual({ state: "failed", version: null, detail: expect.stringMatching(detail) });
});

test("a program that takes too long is ended, with what it started, and of its output the end is kept", async () => {
  const script = `const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    require("node:fs").writeFileSync(process.env.DRIFTWATCH_DIRECTORY + "/child", String(child.pid));
    process.stdout.write("a".repeat(300_000) + "\\n" + "the end");
    setInterval(() => {}, 1000);`;
  const { launch, ended, place } = setUp([NODE, "-e", script], 3 * SECOND);
  await launch();
  const end = await ended();
  expect(end).toMatchObject({
    state: "failed",
    detail: expect.stringMatching(/^The command took longer than 3s, and was ended\. It said: a+\nthe end$/),
  });
  expect(end?.detail.length).toBeLessThan(500);
  const result = JSON.parse(readFileSync(join(place, "result.json"), "utf8")) as { output: string; dropped: number };
  expect([result.output.length, result.dropped]).toEqual([64 * 1024, 300_008 - 64 * 1024]);
  const child = Number(readFileSync(join(place, "child"), "utf8"));
  await until("the child is gone", async () => !isAlive(child), 10_000);
});

test("a program is stopped on demand", async () => {
  const { launch, ended, launcher, run, place } = setUp([NODE, "-e", "setInterval(() => {}, 1000)"]);
  await launch();
  await until("it runs", async () => existsSync(join(place, "pid.json")), 10_000);
  expect(await launcher.stop?.(run)).toMatch(/^Process \d+ was told to end\.$/);
  expect(await ended()).toMatchObject({ state: "failed", detail: "The command was stopped." });
  await until("it is gone", async () => (await launcher.stop?.(run)) === "Its process was gone already.");
});

test("a run outlives the process that launched it, and its end is known to the next", async () => {
  const { run, directory, place, ended } = setUp([]);
  const gate = join(directory, "gate");
  // What a launcher does, in a process that is killed at once.
  mkdirSync(place, { recursive: true });
  const command = [
    NODE,
    "-e",
    `const fs = require("node:fs"); const wait = setInterval(() => { if (fs.existsSync(${JSON.stringify(gate)})) { clearInterval(wait); console.log("after all"); } }, 20)`,
  ];
  writeFileSync(join(place, "order.json"), JSON.stringify({ command, env: {}, timeout: MINUTE, grace: 1_000, keep: 1_000 }));
  const parent = spawn(NODE, [
    "-e",
    `require("node:child_process").spawn(process.execPath, [${JSON.stringify(SUPERVISOR)}, ${JSON.stringify(place)}], { detached: true, stdio: "ignore" }).unref(); setInterval(() => {}, 1000)`,
  ]);
  await until("it runs", async () => existsSync(join(place, "pid.json")), 10_000);
  parent.kill("SIGKILL");
  await new Promise((resolve) => parent.once("exit", resolve));
  const next = createCommandLauncher({ type: "command", command: [], directory, timeout: MINUTE });
  expect(await next.poll?.(run, DAY)).toMatchObject({ state: "running" });
  writeFileSync(gate, "");
  expect(await ended()).toMatchObject({ state: "succeeded", detail: "The command is done. It said: after all" });
});

test("what a command leaves running in a session of its own does not keep its run from ending", async () => {
  const { place, ended } = setUp([]);
  mkdirSync(place, { recursive: true });
  const script = `const child = require("node:child_process").spawn("sleep", ["60"], { detached: true, stdio: "inherit" });
    require("node:fs").writeFileSync(process.env.PLACE + "/child", String(child.pid)); console.log("handed over"); child.unref();`;
  writeFileSync(
    join(place, "order.json"),
    JSON.stringify({ command: [NODE, "-e", script], env: { PLACE: place }, timeout: MINUTE, grace: 100, keep: 1_000 }),
  );
  spawn(NODE, [SUPERVISOR, place], { detached: true, stdio: "ignore" }).unref();
  expect(await ended()).toMatchObject({ state: "succeeded", detail: "The command is done. It said: handed over" });
  process.kill(Number(readFileSync(join(place, "child"), "utf8")));
});

test("a command whose supervisor was killed runs still, until it has ended or is stopped", async () => {
  const { launch, launcher, run, place } = setUp([NODE, "-e", "setInterval(() => {}, 1000)"]);
  await launch();
  const pids = () => JSON.parse(readFileSync(join(place, "pid.json"), "utf8")) as { pid: number; command?: { pid: number } };
  await until("it runs", async () => existsSync(join(place, "pid.json")) && pids().command !== undefined, 10_000);
  const { pid, command } = pids();
  process.kill(pid, "SIGKILL");
  await until("the supervisor is gone", async () => !isAlive(pid), 10_000);
  expect(await launcher.poll?.(run, DAY)).toEqual({ state: "running", detail: `process ${command?.pid}` });
  expect(await launcher.stop?.(run)).toBe(`Process ${command?.pid} was told to end.`);
  await until("it is gone", async () => (await launcher.poll?.(run, DAY))?.state === "failed", 10_000);
});

test("an outcome that is no file holds nobody up", async () => {
  const { launch, ended } = setUp(["sh", "-c", 'mkfifo "$DRIFTWATCH_OUTCOME"']);
  await launch();
  expect(await ended()).toEqual({ state: "succeeded", version: null, detail: "The command is done." });
});

test("what was cut off before it began, or vanished, has failed, and another process of the same number is not taken for it", async () => {
  const { launcher, run, place } = setUp([]);
  mkdirSync(place, { recursive: true });
  expect(await launcher.poll?.(run, DAY + MINUTE - 1)).toMatchObject({ state: "unknown" });
  expect(await launcher.poll?.(run, DAY + MINUTE)).toMatchObject({ state: "failed", detail: "It was cut off before it began." });
  writeFileSync(join(place, "pid.json"), JSON.stringify({ pid: process.pid, started: "1" }));
  expect(await launcher.poll?.(run, DAY)).toMatchObject({ state: "failed", detail: expect.stringContaining("gone without a result") });
});

test("a directory that cannot be made is said", async () => {
  const file = join(scratchDirectory(), "a-file");
  writeFileSync(file, "");
  const launcher = createCommandLauncher({ type: "command", command: ["x"], directory: join(file, "below"), timeout: MINUTE });
  const run = exampleRun({ id: "0".repeat(64), at: 0 });
  expect(await launcher.launch({ run, body: BODY, at: 0, triedAt: null })).toMatchObject({
    outcome: "failed",
    detail: expect.stringMatching(/^The directory .* cannot be made \(ENOTDIR\): name another/),
  });
  await expect(launcher.launch({ run: { ...run, id: "../etc" }, body: BODY, at: 0, triedAt: null })).rejects.toThrow("a hash");
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie is nobody any more.
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
