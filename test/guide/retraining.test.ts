import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createApp, type App } from "../../src/app.ts";
import type { Connection } from "../../src/cli/connection.ts";
import { silentLog } from "../../src/log.ts";
import { readRetrainRuns, insertRetrainRuns } from "../../src/store/retrain-runs.ts";
import { cli, configFile, type Outcome } from "../cli/terminal.ts";
import { load, loaded } from "../config/workplace.ts";
import { connectionWithin } from "../support/connections.ts";
import { messagesOf } from "../support/messages.ts";
import { exampleRun } from "../support/retraining.ts";

const text = readFileSync(new URL("../../docs/retraining.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp("```" + language + "\\n([\\s\\S]*?)```", "g"))].map((match) => match[1] ?? "");
const [whole = "", ...others] = blocks("yaml").filter((block) => block.includes("retraining:"));
const MODELS = whole.slice(0, whole.indexOf("retraining:"));
const FILES = {
  "reference.ndjson": `${JSON.stringify({ type: "prediction", id: "r", model: "flight-delay", version: "2013-q1", time: "2013-01-01T00:00:00Z", features: { x: 1 }, score: 0.5 })}\n`,
};
const ENV = { AIRFLOW_PASSWORD: "secret", GITHUB_TOKEN: "secret" };

describe("the configurations of docs/retraining.md", () => {
  it("load, and are of every kind", () => {
    const launchers = [whole, ...others.map((block) => MODELS + block)].map((yaml) =>
      loaded(load(yaml, FILES, { env: ENV })).retraining.get("flight-delay"),
    );
    expect(launchers.map((one) => one?.launcher.type)).toEqual(["airflow", "command", "github", "webhook"]);
    expect(launchers[0]).toMatchObject({ approval: true, dryRun: false, newLabels: 200, judge: { metric: "accuracy" } });
    expect(launchers[3]?.registry).toMatchObject({ type: "mlflow", alias: "champion", version: "v{version}" });
  });

  it("say what is the default where they say so", () => {
    const plain = loaded(load(`${MODELS}retraining: {flight-delay: {type: webhook, url: "http://x"}}`, FILES)).retraining.get(
      "flight-delay",
    );
    const full = loaded(load(whole, FILES, { env: ENV })).retraining.get("flight-delay");
    expect({ ...plain, launcher: null, dryRun: false, approval: true, judge: null }).toEqual({ ...full, launcher: null, judge: null });
    expect(plain?.judge).toEqual({ ...full?.judge, metric: null });
  });

  it("have a workflow that takes what is sent, and shows what it is found by", () => {
    const workflow = blocks("yaml").find((block) => block.includes("workflow_dispatch")) ?? "";
    const { on, "run-name": name } = parse(workflow) as { on: { workflow_dispatch: { inputs: object } }; "run-name": string };
    expect(Object.keys(on.workflow_dispatch.inputs)).toEqual(["driftwatch_run", "driftwatch_request"]);
    expect(name).toContain("${{ inputs.driftwatch_run }}");
  });
});

describe("every command of docs/retraining.md", () => {
  let app: App;
  let file: string;
  let connection: Connection;
  const outcomes: { command: string; outcome: Outcome }[] = [];

  beforeAll(async () => {
    file = configFile(`clock: replay\n${whole}`, FILES);
    app = await createApp(loaded(load(`clock: replay\nstore: {path: ./data}\n${whole}`, FILES, { env: ENV })), {
      log: silentLog,
      sources: [],
      tickEvery: null,
      // What is decided is written down; Airflow is for the daemon to call.
      effects: false,
    });
    await app.start();
    const rows = Array.from({ length: 240 }, (_, n) => {
      const time = new Date(Date.UTC(2013, 4, 1) + n * 3_600_000).toISOString();
      return {
        type: "prediction",
        id: `id${n}`,
        model: "flight-delay",
        version: "2013-q1",
        time,
        features: { x: n },
        score: 0.2,
        prediction: "on_time",
      };
    });
    const labels = rows.map(({ id, time }, n) => ({
      type: "label",
      id,
      model: "flight-delay",
      time,
      label: n % 5 === 0 ? "late" : "on_time",
    }));
    await app.pipeline.ingest(messagesOf([...rows, ...labels]));
    app.watermarks.finish();
    await app.tick();
    const offered = exampleRun({
      id: "ff".repeat(32),
      at: Date.UTC(2013, 3, 1),
      version: "2013-q1",
      newVersion: "2013-q2",
      state: "closed",
      verdict: "better",
      swap: "offered",
    });
    await insertRetrainRuns(app.store, [offered]);
    connection = connectionWithin(app, "daemon");

    const directory = join(file, "..", "out");
    mkdirSync(directory);
    for (const [, line = ""] of blocks("sh")
      .join("\n")
      .matchAll(/^npx driftwatch (.*)$/gm)) {
      const [, before = "", target] = /^(.*?)(?: > (\S+))?$/.exec(line) ?? [];
      const words = [...before.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
      const asked = (await readRetrainRuns(app.store, { limit: 99 })).find(({ trigger }) => trigger === "cli");
      const isAboutSwap = outcomes.some(({ command }) => command.startsWith("export"));
      const id = isAboutSwap ? offered.id : (asked?.id ?? "");
      const argv = [...words.map((word) => (word === "RUN" ? id.slice(0, 12) : word)), "--config", file];
      const outcome = await cli(argv, { env: ENV, connect: async () => connection });
      if (target !== undefined) writeFileSync(join(directory, target), outcome.out);
      outcomes.push({ command: line, outcome });
    }
  }, 120_000);
  afterAll(() => app.stop());

  it("runs", () => {
    expect(outcomes.length).toBeGreaterThan(11);
    for (const { command, outcome } of outcomes)
      expect({ command, code: outcome.code, err: outcome.err.includes("error") }).toEqual({ command, code: 0, err: false });
  });

  it.each([
    [
      "retrain trigger",
      /^[0-9a-f]{64}\nwaiting_for_approval: .* asked for it: the feed is mended\.\nwaits until somebody agrees: driftwatch retrain approve /,
    ],
    ["retrain list", /waiting_for_approval/],
    ["retrain show", /decided by 240 new labels since the run before, .*, no broken data/],
    ["retrain approve", /requested:/],
    ["retrain cancel", /cancelled: Cancelled by .*: wrong data\./],
    ["retrain status", /flight-delay +airflow +with approval .*a freeze/s],
    ["retrain swap", /./],
  ])("%s says what it did", (command, said) => {
    expect(outcomes.find((one) => one.command.startsWith(command))?.outcome.out).toMatch(said);
  });

  it("show tells what a swap takes", () => {
    const shown = outcomes.findLast((one) => one.command.startsWith("retrain show"))?.outcome.out ?? "";
    expect(shown).toContain("A swap of baselines is offered. The alerts of 2013-q1 are held against training");
    expect(shown).toContain('baselines: {"training": {by_version: {"2013-q2": {file: "training-of-the-new-version.ndjson"}}}}');
  });

  it("export writes what it is asked for", () => {
    const out = (name: string) =>
      readFileSync(join(file, "..", "out", name), "utf8")
        .trim()
        .split(/\r?\n/);
    expect(out("q2.ndjson")).toHaveLength(240);
    expect(JSON.parse(out("q2.ndjson")[0] ?? "")).toMatchObject({ type: "prediction", id: "id0", label: "late" });
    expect(out("q1.csv")).toHaveLength(241);
    expect(existsSync(join(file, "..", "out", "q1.csv"))).toBe(true);
  });
});
