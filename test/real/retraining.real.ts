/**
 * Airflow and MLflow as they come from PyPI: a drift alert runs a DAG to its end, and an alias that moves is noticed and
 * leads to the version that took over. Installed into `.cache/serving` the first time, nearly a gigabyte; the first start of
 * Airflow takes minutes.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readRetrainRuns, readRetrainSteps } from "../../src/store/retrain-runs.ts";
import { until } from "../support/kafka-until.ts";
import { ingest, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { createToyModel, type ToyDay } from "../support/toy-model.ts";
import { TOY_START, writeToyProgram } from "../support/toy-program.ts";
import { answers, environment, freePort, run } from "./programs.ts";

const LONG = 1_500_000;

/** The whole program and a toy model that lives day by day. */
async function startToy(retraining: string) {
  const toy = createToyModel();
  const config = writeToyProgram(toy, `outgoing: {allow: [127.0.0.1]}\nretraining:\n  toy: ${retraining}\n`);
  let now = TOY_START;
  const { app } = await startProgram(config, { clock: () => now });
  async function live(day: number, kind: ToyDay = {}, version = "1"): Promise<void> {
    const start = TOY_START + (day - 1) * DAY;
    const { predictions, labels } = toy.day(start, kind);
    now = start + DAY + 2 * HOUR;
    await ingest(app, [...predictions.map((one) => ({ ...one, version })), ...labels]);
    now = start + DAY + 7 * HOUR;
    await app.tick();
  }
  return { app, live };
}

test("a drop of accuracy runs a DAG of Airflow to its end, once", { timeout: LONG }, async () => {
  const bin = environment("airflow", ["apache-airflow==3.3.2"]);
  const home = scratchDirectory();
  const port = await freePort();
  mkdirSync(join(home, "dags"));
  copyFileSync(join(import.meta.dirname, "retrain_toy.py"), join(home, "dags", "retrain_toy.py"));
  writeFileSync(join(home, "passwords.json"), JSON.stringify({ dw: "a password" }));
  const said = run(join(bin, "airflow"), ["standalone"], home, {
    PATH: `${bin}:${process.env.PATH ?? ""}`,
    AIRFLOW_HOME: home,
    AIRFLOW__CORE__DAGS_FOLDER: join(home, "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION: "False",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: "dw:admin",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: join(home, "passwords.json"),
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${port}/execution/`,
    AIRFLOW__CORE__PARALLELISM: "2",
    AIRFLOW__API__HOST: "127.0.0.1",
    AIRFLOW__API__PORT: String(port),
    AIRFLOW__API__WORKERS: "1",
  });
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/api/v2/version`, said, 900_000);
  const login = await fetch(`${url}/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "dw", password: "a password" }),
  });
  const { access_token: token } = (await login.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${token}` };
  await until("the DAG is known", async () => (await fetch(`${url}/api/v2/dags/retrain_toy`, { headers })).status === 200, 300_000);

  const { app, live } = await startToy(
    `{type: airflow, url: "${url}", dag: retrain_toy, username: dw, password: a password, dry_run: false}`,
  );
  for (const day of [1, 2, 3]) await live(day);
  await live(4, { wrong: 0.4 });
  const started = await readRetrainRuns(app.store, { limit: 9 });
  expect(started.map(({ state, rule, reason }) => [state, rule, reason])).toEqual([["started", "accuracy-drop", expect.any(String)]]);
  const [asked] = started;
  if (!asked) throw new Error("nothing was decided");

  await until(
    "the DAG run is done",
    async () => {
      await app.retrainer.follow();
      return (await readRetrainRuns(app.store, { states: ["succeeded", "failed"], limit: 1 })).length > 0;
    },
    600_000,
  );
  const steps = await readRetrainSteps(app.store, asked);
  console.log(steps.map(({ state, detail }) => `${state}: ${detail}`).join("\n"));
  expect(steps.at(-1)).toMatchObject({ state: "succeeded", detail: "Airflow says success." });
  const runs = (await (await fetch(`${url}/api/v2/dags/retrain_toy/dagRuns`, { headers })).json()) as {
    dag_runs: { dag_run_id: string; state: string; conf: { data: { model: string } } }[];
  };
  expect(runs.dag_runs.map(({ dag_run_id, state, conf }) => [dag_run_id, state, conf.data.model])).toEqual([
    [asked.externalId, "success", "toy"],
  ]);
});

test("an alias of MLflow that moves is noticed, and leads to the version that took over", { timeout: LONG }, async () => {
  const bin = environment("mlflow", ["mlflow==3.17.2"]);
  const home = scratchDirectory();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const said = run(
    join(bin, "mlflow"),
    ["server", "--host", "127.0.0.1", "--port", String(port), "--workers", "1", "--backend-store-uri", `sqlite:///${home}/mlflow.db`],
    home,
    { PATH: `${bin}:${process.env.PATH ?? ""}` },
  );
  await answers(`${url}/health`, said, 600_000);
  const registry = async (path: string, body: object) => {
    const answer = await fetch(`${url}/api/2.0/mlflow/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  const point = (version: string) => registry("registered-models/alias", { name: "toy", alias: "champion", version });
  await registry("registered-models/create", { name: "toy" });
  for (const version of ["1", "2"]) await registry("model-versions/create", { name: "toy", source: `s3://models/toy/${version}` });

  const done = join(home, "done");
  const { app, live } = await startToy(
    `{type: command, command: ["${process.execPath}", "-e", "require('node:fs').writeFileSync('${done}', '')"], directory: "${home}/retrains", dry_run: false, registry: {type: mlflow, url: "${url}", name: toy, every: 1s}, judge: {within: 1d}}`,
  );
  const champions = () => app.store.query<{ version: string | null }>("SELECT version FROM champions FINAL ORDER BY seen_at");
  await live(1);
  await app.retrainer.follow();
  expect(await champions()).toEqual([]);
  await point("1");
  await live(2);
  await app.retrainer.follow();
  expect(await champions()).toEqual([{ version: "1" }]);

  await live(3);
  await live(4, { wrong: 0.4 });
  await until("the command is done", async () => {
    await app.retrainer.follow();
    return (await readRetrainRuns(app.store, { states: ["succeeded"], limit: 1 })).length > 0;
  });
  const [run1] = await readRetrainRuns(app.store, { states: ["succeeded"], limit: 1 });
  if (!run1) throw new Error("no run is stored");
  const now = async () => (await readRetrainRuns(app.store, { ids: [run1.id], limit: 1 }))[0];
  await point("2");
  await live(5, { wrong: 0.4 });
  await app.retrainer.follow();
  expect(await champions()).toEqual([{ version: "1" }, { version: "2" }]);
  expect(await now()).toMatchObject({ state: "succeeded", newVersion: "2", newVersionSince: null });

  for (const day of [6, 7, 8]) {
    await live(day, {}, "2");
    await app.retrainer.follow();
    await app.retrainer.follow();
  }
  console.log((await readRetrainSteps(app.store, run1)).map(({ state, detail }) => `${state}: ${detail}`).join("\n"));
  expect(await now()).toMatchObject({
    state: "closed",
    verdict: "undecided",
    newVersion: "2",
    reason: expect.stringContaining("never live together"),
  });
});
