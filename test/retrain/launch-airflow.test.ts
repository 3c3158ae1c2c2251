import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createAirflowLauncher, dagRunId } from "../../src/retrain/launch-airflow.ts";
import type { LauncherSettings } from "../../src/model/settings.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { exampleRun } from "../support/retraining.ts";
import { scriptedServer } from "../support/scripted-server.ts";

type Airflow = Extract<LauncherSettings, { type: "airflow" }>;
const call = createCall({ allow: ["127.0.0.1"] });
const BODY = JSON.stringify({ type: "retrain", data: { model: "flight-delay" } });
const ID = "ab".repeat(32);
const RUN_ID = dagRunId(ID);
const run = exampleRun({ id: ID, at: 0, launcher: "airflow", externalId: RUN_ID });
const DAG = "/api/v2/dags/retrain%2Fflight";
const RUN = `${DAG}/dagRuns/${RUN_ID}`;
const LOGIN = { "POST /auth/token": { status: 201, json: { access_token: "jwt" } } };
const UNPAUSED = { [`GET ${DAG}`]: { status: 200, json: { dag_id: "retrain/flight", is_paused: false } } };
const QUEUED = { status: 200, json: { dag_run_id: RUN_ID, state: "queued", logical_date: null } };
const CLASH = { status: 409, json: { detail: { reason: "Unique constraint violation", statement: "hidden", orig_error: "hidden" } } };

const user: Airflow["login"] = { username: "dw", password: "a password" };
const launcherAt = (url: string, login: Airflow["login"] = user) =>
  createAirflowLauncher({ type: "airflow", url, dag: "retrain/flight", login }, call);
const launch = (url: string, login?: Airflow["login"]) => launcherAt(url, login).launch({ run, body: BODY, at: 0, triedAt: null });

test("a DAG run is made under the run's own name, with a null logical date and what the job is told as conf", async () => {
  const { url, asked } = await scriptedServer({ ...LOGIN, ...UNPAUSED, [`POST ${DAG}/dagRuns`]: QUEUED });
  expect(await launch(url)).toEqual({
    outcome: "launched",
    externalId: RUN_ID,
    externalUrl: `${url}/dags/retrain%2Fflight/runs/${RUN_ID}`,
    detail: "Airflow took it",
  });
  expect(asked.map(({ request, authorization }) => [request, authorization])).toEqual([
    ["POST /auth/token", ""],
    [`GET ${DAG}`, "Bearer jwt"],
    [`POST ${DAG}/dagRuns`, "Bearer jwt"],
  ]);
  // Airflow refuses a body with any other key, and one without this date.
  expect(asked[2]?.json).toEqual({ dag_run_id: RUN_ID, logical_date: null, conf: JSON.parse(BODY) as unknown, note: `driftwatch ${ID}` });
});

test("a run that Airflow has already is the same run; another clash is not", async () => {
  const had = await scriptedServer({ ...LOGIN, ...UNPAUSED, [`POST ${DAG}/dagRuns`]: CLASH, [`GET ${RUN}`]: QUEUED });
  expect(await launch(had.url)).toMatchObject({ outcome: "launched", detail: "Airflow had it already" });
  const not = await scriptedServer({ ...LOGIN, ...UNPAUSED, [`POST ${DAG}/dagRuns`]: CLASH, [`GET ${RUN}`]: { status: 404, json: {} } });
  expect(await launch(not.url)).toMatchObject({
    outcome: "failed",
    detail: "HTTP 409 for a run of retrain/flight: Unique constraint violation",
  });
});

test("a paused DAG is no success", async () => {
  const { url, asked } = await scriptedServer({ ...LOGIN, [`GET ${DAG}`]: { status: 200, json: { is_paused: true } } });
  expect(await launch(url)).toMatchObject({ outcome: "failed", detail: expect.stringContaining("unpause it") });
  expect(asked.map(({ request }) => request)).toEqual(["POST /auth/token", `GET ${DAG}`]);
});

test.each([401, 403])("an expired token (%i) is asked for again, once", async (status) => {
  const { url, asked } = await scriptedServer({
    "POST /auth/token": [
      { status: 201, json: { access_token: "old" } },
      { status: 201, json: { jwt_token: "new" } },
    ],
    [`GET ${RUN}`]: [
      { status, json: { detail: "Invalid JWT token" } },
      { status: 200, json: { state: "running" } },
    ],
  });
  expect(await launcherAt(url).poll?.(run, 0)).toEqual({ state: "running", detail: "Airflow says running" });
  expect(asked.map(({ authorization }) => authorization)).toEqual(["", "Bearer old", "", "Bearer new"]);
});

test("a token of the configuration is used as it is, and a refusal is not repeated", async () => {
  const { url, asked } = await scriptedServer({ [`GET ${DAG}`]: { status: 403, json: { detail: "Forbidden" } } });
  expect(await launch(url, { token: "static" })).toEqual({ outcome: "failed", detail: "HTTP 403 for the DAG retrain/flight: Forbidden" });
  expect(asked.map(({ authorization }) => authorization)).toEqual(["Bearer static"]);
});

test.each([
  [
    "an unknown DAG",
    { [`GET ${DAG}`]: { status: 404, json: { detail: "The Dag with ID was not found" } } },
    "failed",
    /^HTTP 404 for the DAG/,
  ],
  [
    "conf that the DAG's params refuse",
    { ...UNPAUSED, [`POST ${DAG}/dagRuns`]: { status: 400, json: { detail: "bad conf" } } },
    "failed",
    /HTTP 400/,
  ],
  ["a server that is busy", { ...UNPAUSED, [`POST ${DAG}/dagRuns`]: { status: 503 } }, "retry", /HTTP 503/],
  ["a redirect", { [`GET ${DAG}`]: { status: 302, headers: { location: "http://127.0.0.1:9/" } } }, "failed", /HTTP 302/],
] as const)("%s", async (_name, script, outcome, detail) => {
  const { url } = await scriptedServer({ ...LOGIN, ...script });
  expect(await launch(url)).toEqual({ outcome, detail: expect.stringMatching(detail) });
});

test("a wrong password is said, and no password", async () => {
  const { url } = await scriptedServer({ "POST /auth/token": { status: 401, json: { detail: "Invalid credentials" } } });
  const said = await launch(url);
  expect(said).toEqual({ outcome: "failed", detail: "HTTP 401 for the DAG retrain/flight: Invalid credentials" });
});

test("nobody there is tried again", async () => {
  const { port, close } = await taken();
  await close();
  expect(await launch(`http://127.0.0.1:${port}`)).toEqual({ outcome: "retry", detail: "not reached (ECONNREFUSED)" });
});

test.each([
  [
    { status: 200, json: { state: "queued" } },
    { state: "running", detail: "Airflow says queued" },
  ],
  [
    { status: 200, json: { state: "success" } },
    { state: "succeeded", detail: "Airflow says success.", version: null },
  ],
  [
    { status: 200, json: { state: "failed" } },
    { state: "failed", detail: "Airflow says failed.", version: null },
  ],
  [
    { status: 404, json: {} },
    { state: "failed", detail: "Airflow no longer has the run.", version: null },
  ],
  [{ status: 500 }, { state: "unknown", detail: "Airflow answered HTTP 500" }],
  [
    { status: 200, json: ["nonsense"] },
    { state: "unknown", detail: "Airflow answered HTTP 200" },
  ],
])("%j of a run", async (answer, state) => {
  const { url } = await scriptedServer({ ...LOGIN, [`GET ${RUN}`]: answer });
  expect(await launcherAt(url).poll?.(run, 0)).toEqual(state);
});

test("a run is stopped by failing it", async () => {
  const { url, asked } = await scriptedServer({ ...LOGIN, [`PATCH ${RUN}`]: { status: 200, json: { state: "failed" } } });
  expect(await launcherAt(url).stop?.(run)).toBe("Airflow was told to fail the run.");
  expect(asked.at(-1)?.json).toEqual({ state: "failed" });
});

/** A port that was free a moment ago. */
async function taken(): Promise<{ port: number; close: () => Promise<unknown> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => new Promise((resolve) => server.close(resolve)) };
}
