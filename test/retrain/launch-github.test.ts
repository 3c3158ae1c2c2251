import { expect, test } from "vitest";
import { HOUR, MINUTE, SECOND } from "../../src/model/time.ts";
import { correlationOf, createGitHubLauncher } from "../../src/retrain/launch-github.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { exampleRun } from "../support/retraining.ts";
import { scriptedServer } from "../support/scripted-server.ts";

const ID = "cd".repeat(32);
const NOW = Date.parse("2026-06-01T12:00:00Z");
const call = createCall({ allow: ["127.0.0.1"] });
const BODY = JSON.stringify({ type: "retrain", data: { model: "flight-delay", callback: { url: "u", key: "a key" } } });
const run = exampleRun({ id: ID, at: NOW, attemptedAt: NOW, launcher: "github" });
const ACTIONS = "/repos/example/flight-delay/actions";
const DISPATCH = `POST ${ACTIONS}/workflows/retrain.yml/dispatches`;
const LIST = `GET ${ACTIONS}/workflows/retrain.yml/runs?*`;
const listed = (title: string) => ({
  status: 200,
  json: {
    total_count: 2,
    workflow_runs: [
      { id: 7, display_title: "Retrain by hand", name: "Retrain" },
      { id: 30433642, display_title: title, html_url: "https://github.com/r/30433642" },
    ],
  },
});

const launcherAt = (url: string) =>
  createGitHubLauncher(
    { type: "github", url, repository: "example/flight-delay", workflow: "retrain.yml", ref: "main", token: "ghp_x" },
    call,
  );
const launch = (url: string, triedAt: number | null = null, at = NOW) => launcherAt(url).launch({ run, body: BODY, at, triedAt });

test("a workflow is dispatched with texts that tell its run from others, and with no key", async () => {
  const { url, asked } = await scriptedServer({
    [DISPATCH]: {
      status: 200,
      json: { workflow_run_id: 30433642, run_url: "https://api/30433642", html_url: "https://github.com/r/30433642" },
    },
  });
  expect(await launch(url)).toEqual({
    outcome: "launched",
    externalId: "30433642",
    externalUrl: "https://github.com/r/30433642",
    detail: "GitHub took it",
  });
  expect(asked).toEqual([
    {
      request: DISPATCH,
      authorization: "Bearer ghp_x",
      json: {
        ref: "main",
        inputs: { driftwatch_run: correlationOf(ID), driftwatch_request: JSON.stringify({ model: "flight-delay" }) },
        return_run_details: true,
      },
    },
  ]);
});

test("an older server that answers nothing has taken it too, and its run is found by the correlation", async () => {
  const { url } = await scriptedServer({
    [DISPATCH]: { status: 204 },
    [LIST]: [{ status: 200, json: { workflow_runs: [] } }, listed(`Retrain ${correlationOf(ID)}`)],
    [`GET ${ACTIONS}/runs/30433642`]: { status: 200, json: { status: "in_progress", conclusion: null } },
  });
  expect(await launch(url)).toMatchObject({ outcome: "launched", externalId: "" });
  expect(await launcherAt(url).poll?.(run, NOW)).toMatchObject({ state: "unknown", detail: expect.stringContaining("run-name") });
  expect(await launcherAt(url).poll?.(run, NOW)).toEqual({ state: "running", detail: "GitHub says in_progress" });
});

test("an attempt whose answer was lost is looked for before another is made", async () => {
  const { url, asked } = await scriptedServer({ [LIST]: listed(`Retrain ${correlationOf(ID)}`) });
  expect(await launch(url, NOW - 10 * SECOND)).toEqual({
    outcome: "launched",
    externalId: "30433642",
    externalUrl: "https://github.com/r/30433642",
    detail: "GitHub had it already",
  });
  expect(asked.map(({ request }) => request)).toEqual([
    `GET ${ACTIONS}/workflows/retrain.yml/runs?event=workflow_dispatch&created=%3E%3D2026-06-01T10%3A59%3A50Z&per_page=100`,
  ]);
});

test("one that is not there yet may be soon, and is dispatched only when it would have been", async () => {
  const { url, asked } = await scriptedServer({ [LIST]: listed("Retrain another"), [DISPATCH]: { status: 204 } });
  expect(await launch(url, NOW, NOW + 2 * MINUTE - 1)).toMatchObject({ outcome: "retry" });
  expect(asked.map(({ request }) => request)).not.toContain(DISPATCH);
  expect(await launch(url, NOW, NOW + 2 * MINUTE)).toMatchObject({ outcome: "launched" });
});

test("a list that cannot be had starts nothing", async () => {
  const { url, asked } = await scriptedServer({ [LIST]: { status: 502 } });
  expect(await launch(url, NOW - HOUR)).toMatchObject({ outcome: "retry", detail: "HTTP 502 for the runs of retrain.yml" });
  expect(asked).toHaveLength(1);
});

test.each([
  [
    { status: 422, json: { message: "Unexpected inputs provided" } },
    "failed",
    "HTTP 422 for retrain.yml at main: Unexpected inputs provided",
  ],
  [{ status: 404, json: { message: "Not Found" } }, "failed", "HTTP 404 for retrain.yml at main: Not Found"],
  [{ status: 429, json: { message: "slow down" } }, "retry", "HTTP 429 for retrain.yml at main: slow down"],
])("a dispatch answered %j", async (answer, outcome, detail) => {
  const { url } = await scriptedServer({ [DISPATCH]: answer });
  expect(await launch(url)).toEqual({ outcome, detail });
});

test.each([
  [
    { status: 200, json: { status: "queued" } },
    { state: "running", detail: "GitHub says queued" },
  ],
  [
    { status: 200, json: { status: "completed", conclusion: "success" } },
    { state: "succeeded", detail: "GitHub says success.", version: null },
  ],
  [
    { status: 200, json: { status: "completed", conclusion: "timed_out" } },
    { state: "failed", detail: "GitHub says timed_out.", version: null },
  ],
  [
    { status: 404, json: {} },
    { state: "failed", detail: "GitHub no longer has the run.", version: null },
  ],
  [{ status: 503 }, { state: "unknown", detail: "GitHub answered HTTP 503" }],
])("%j of a run", async (answer, state) => {
  const { url } = await scriptedServer({ [`GET ${ACTIONS}/runs/5`]: answer });
  expect(await launcherAt(url).poll?.({ ...run, externalId: "5" }, NOW)).toEqual(state);
});

test("a run is cancelled where it is known", async () => {
  const { url } = await scriptedServer({ [`POST ${ACTIONS}/runs/5/cancel`]: { status: 202, json: {} } });
  expect(await launcherAt(url).stop?.({ ...run, externalId: "5" })).toBe("GitHub was told to cancel it.");
  expect(await launcherAt(url).stop?.(run)).toMatch(/never said/);
});
