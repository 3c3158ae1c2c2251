import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readAlerts } from "../../src/store/alerts.ts";
import { readRetrainRuns, readRetrainSteps } from "../../src/store/retrain-runs.ts";
import { until } from "../support/kafka-until.ts";
import { ingest, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { serveApp } from "../support/serve-app.ts";
import { createToyModel, type ToyDay } from "../support/toy-model.ts";
import { TOY_START, writeToyProgram } from "../support/toy-program.ts";

/** The whole program over a toy model whose retraining is a real process; `answers` is the API over HTTP. */
async function startToy(retraining: string) {
  const toys = { champion: createToyModel(7), challenger: createToyModel(11) };
  const config = writeToyProgram(toys.champion, `outgoing: {allow: [127.0.0.1]}\nretraining:\n  toy: {${retraining}, dry_run: false}\n`);
  let now = TOY_START;
  const { app, transitions } = await startProgram(config, { clock: () => now });
  const server = await serveApp(app);
  onTestFinished(() => server.close());

  /** A day passes for one version, or for two side by side. */
  async function live(day: number, champion: ToyDay | null, challenger: ToyDay | null = null): Promise<void> {
    const start = TOY_START + (day - 1) * DAY;
    now = start + DAY + 2 * HOUR;
    if (champion) {
      const { predictions, labels } = toys.champion.day(start, champion);
      await ingest(app, [...predictions, ...labels]);
    }
    if (challenger) {
      const { predictions, labels } = toys.challenger.day(start, challenger);
      const renamed = (one: { id: string }) => ({ ...one, id: `new-${one.id}` });
      await ingest(app, [...predictions.map((one) => ({ ...renamed(one), version: "2" })), ...labels.map(renamed)]);
    }
    now = start + DAY + 7 * HOUR;
    await app.tick();
    await app.retrainer.follow();
  }
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${server.url}${path}`, init);
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  };
  const runs = () => readRetrainRuns(app.store, { limit: 99 });
  return { app, transitions, live, ask, runs };
}

test("a loss of accuracy runs a command, whose version is noticed, judged better, and takes over", { timeout: 180_000 }, async () => {
  const directory = join(scratchDirectory(), "retrains");
  const script = join(scratchDirectory(), "train.mjs");
  // What a user's script would do: fetch the rows it is offered, and say what the result is called.
  writeFileSync(
    script,
    `import { readFileSync, writeFileSync } from "node:fs";
     const { data } = JSON.parse(readFileSync(process.env.DRIFTWATCH_REQUEST, "utf8"));
     writeFileSync(process.env.DRIFTWATCH_OUTCOME, JSON.stringify({ version: "2" }));
     console.log(data.model, data.training_data.from);`,
  );
  const { app, transitions, live, ask, runs } = await startToy(
    `type: command, command: ["${process.execPath}", "${script}"], directory: "${directory}", judge: {metric: accuracy, margin: 0.02}`,
  );
  for (const day of [1, 2, 3]) await live(day, {});
  await live(4, { wrong: 0.45, shift: 5 });
  const [run] = await runs();
  if (!run) throw new Error("there is no run");
  const now = async () => (await readRetrainRuns(app.store, { ids: [run.id], limit: 1 }))[0];
  expect(run).toMatchObject({ state: "started", rule: "accuracy-drop", launcher: "command" });
  await until("the command is done", async () => {
    await app.retrainer.follow();
    return (await now())?.state === "succeeded";
  });
  expect(await now()).toMatchObject({ newVersion: "2", newVersionSince: null });
  expect(existsSync(join(directory, run.id, "result.json"))).toBe(true);
  expect((JSON.parse(readFileSync(join(directory, run.id, "request.json"), "utf8")) as { data: object }).data).toMatchObject({
    run: run.id,
  });

  // Side by side, until the labels tell.
  for (let day = 5; day <= 7; day += 1) await live(day, { wrong: 0.45, shift: 5, rows: 240 }, { wrong: 0.02, shift: 5, rows: 240 });
  expect(await now()).toMatchObject({ state: "closed", verdict: "better", newVersion: "2", swap: "offered" });
  expect((await now())?.reason).toMatch(/^2 is better: accuracy 0\.5\d* with 1, 0\.9\d* with 2\.$/);

  const open = async () =>
    (await readAlerts(app.store, { model: "toy" })).filter(({ key, state }) => key.version === "1" && state !== "resolved");
  expect((await open()).length).toBeGreaterThan(0);
  const shown = await ask(`/v1/retrains/${run.id}`);
  expect(shown.json).toMatchObject({
    verdict: "better",
    swap: "offered",
    swap_advice: { command: expect.stringMatching(/^driftwatch export --model toy --from 2026-03-07/) },
    facts: { new_labels: 480 },
  });
  expect(await ask(`/v1/retrains/${run.id}/swap?by=ann`, { method: "POST" })).toMatchObject({ status: 200, json: { swap: "done" } });
  expect(await open()).toEqual([]);
  expect(transitions.at(-1)).toMatchObject({
    to: "resolved",
    reason: "replaced",
    summary: expect.stringContaining("taken the place of 1"),
  });
  expect(await ask(`/v1/retrains/${run.id}/swap`, { method: "POST" })).toMatchObject({ status: 409 });
  // The old version is gone, and its alerts stay closed.
  const told = transitions.length;
  for (const day of [8, 9]) await live(day, null, { wrong: 0.02, shift: 5 });
  expect(await open()).toEqual([]);
  expect(transitions.slice(told).filter(({ key, to }) => key.version === "1" && to === "firing")).toEqual([]);
  expect((await readRetrainSteps(app.store, run)).map(({ state, by }) => `${state}${by === "" ? "" : ` by ${by}`}`)).toEqual([
    "requested",
    "requested",
    "started",
    "succeeded",
    "succeeded",
    "succeeded",
    "closed",
    "closed by ann",
    "closed",
  ]);
});

test("a version that is worse is said to be, with how to go back", { timeout: 180_000 }, async () => {
  const { app, live, ask } = await startToy(`type: webhook, url: "http://127.0.0.1:65535/nobody"`);
  for (const day of [1, 2]) await live(day, { rows: 240 });
  const asked = await ask("/v1/retrains?model=toy&key=k1&by=ann&reason=a+hunch", { method: "POST" });
  expect(asked).toMatchObject({
    status: 200,
    json: { state: "requested", trigger: "api", requested_by: "ann", version: "1", attempts: 1 },
  });
  const id = String(asked.json.id);
  const now = async () => (await readRetrainRuns(app.store, { ids: [id], limit: 1 }))[0];
  const said = (outcome: object) => ask(`/v1/retrains/${id}/outcome`, { method: "POST", body: JSON.stringify(outcome) });
  expect(await said({ outcome: "done" })).toMatchObject({ status: 400 });
  expect(await said({ outcome: "succeeded", version: "2" })).toMatchObject({ status: 200, json: { state: "succeeded", new_version: "2" } });
  expect(await said({ outcome: "failed" })).toMatchObject({ status: 409 });
  for (let day = 3; day <= 5; day += 1) await live(day, { rows: 240 }, { wrong: 0.45, rows: 240 });
  expect(await now()).toMatchObject({ state: "closed", verdict: "worse" });
  expect((await now())?.reason).toMatch(/^2 is worse: accuracy 0\.\d+ with 1, 0\.\d+ with 2\. Go back: let 1 serve again\.$/);

  // The switch, over HTTP.
  const before = (await app.store.query("SELECT run_id FROM v_retrains")).length;
  expect(await ask("/v1/retraining/stop?reason=a+freeze&by=ann", { method: "POST" })).toMatchObject({
    json: { stopped: true, model: null },
  });
  expect(await ask("/v1/retrains?model=toy&key=k2&force=true", { method: "POST" })).toMatchObject({ json: { state: "refused" } });
  expect((await ask("/v1/retraining")).json).toMatchObject({
    items: [{ model: "toy", launcher: "webhook", stopped: { by: "ann", reason: "a freeze" } }],
  });
  expect(await ask("/v1/retrains?model=nobody&key=k", { method: "POST" })).toMatchObject({ status: 404 });
  expect(await ask("/v1/retrains/nope")).toMatchObject({ status: 404 });
  const refused = (await ask("/v1/retrains?state=refused&limit=1")).json as { items: { state: string }[]; next_cursor: string };
  expect(refused).toMatchObject({ items: [{ state: "refused" }], next_cursor: expect.any(String) });
  expect((await app.store.query("SELECT run_id FROM v_retrains")).length).toBe(before + 1);
});
