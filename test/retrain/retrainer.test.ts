import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import type { Transition } from "../../src/model/alert.ts";
import type { RetrainRun } from "../../src/model/retraining.ts";
import type { RetrainingSettings } from "../../src/model/settings.ts";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { createSignedPost } from "../../src/notify/signed-post.ts";
import type { JobState } from "../../src/retrain/launcher.ts";
import { createLaunchers } from "../../src/retrain/launchers.ts";
import type { RetrainerOptions } from "../../src/retrain/options.ts";
import { createRetrainer } from "../../src/retrain/retrainer.ts";
import { insertStatuses, insertTransitions } from "../../src/store/alerts.ts";
import { insertMeasurements } from "../../src/store/measurements.ts";
import { readRetrainRuns, readRetrainSteps } from "../../src/store/retrain-runs.ts";
import type { Store } from "../../src/store/store.ts";
import { DAY_0, emptyAlertTables, exampleMeasurement, exampleTransition, openTemporaryStore } from "../alerting/examples.ts";
import { until } from "../support/kafka-until.ts";
import { exampleRetraining } from "../support/retraining.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

const MODEL = "flight-delay";
const call = createCall({ allow: ["127.0.0.1"] });
let store: Store;
let remove: () => Promise<void>;
let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
let now: number;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  receiver = await startWebhookReceiver();
}, 60_000);
afterAll(async () => {
  await receiver.stop();
  await remove();
});
beforeEach(async () => {
  await emptyAlertTables(store);
  receiver.requests.length = 0;
  receiver.answerWith({ status: 202 });
  now = DAY_0 + 3 * DAY;
});

function retrainerOf(changes: Partial<RetrainingSettings> = {}, over: Partial<RetrainerOptions> = {}) {
  const settings = new Map([
    [MODEL, exampleRetraining({ launcher: { type: "webhook", url: receiver.url, secret: "a plain secret" }, ...changes })],
  ]);
  return createRetrainer({
    store,
    models: new Map(),
    settings,
    launchers: createLaunchers(settings, { call, post: createSignedPost(call, 2_000) }),
    call,
    launches: true,
    clock: () => now,
    liveClock: true,
    watermark: () => now,
    compare: () => Promise.reject(new Error("there is nothing to compare here")),
    closeAlerts: () => Promise.reject(new Error("there is no alert here")),
    link: () => "https://dw.example/models/flight-delay",
    publicUrl: () => "https://dw.example",
    log: silentLog,
    ...over,
  });
}

/** A launcher that takes everything, and says of it what the test wants. */
function jobs(state: () => JobState) {
  const launched: string[] = [];
  const stopped: string[] = [];
  return {
    launched,
    stopped,
    launchers: new Map([
      [
        MODEL,
        {
          launch: ({ run }: { run: RetrainRun }) => {
            launched.push(run.id);
            return Promise.resolve({
              outcome: "launched",
              externalId: "job-1",
              externalUrl: "https://jobs.example/1",
              detail: "taken",
            } as const);
          },
          poll: () => Promise.resolve(state()),
          stop: (run: RetrainRun) => {
            stopped.push(run.id);
            return Promise.resolve("It was told to end.");
          },
        },
      ],
    ]),
  };
}

const VERDICT = { cause: "unit", reason: "Its unit changed.", before: 70, now: 21 } as const;
const firing = exampleTransition({ retrain: true });
const onDay = (day: number, changes: Partial<Transition> = {}) =>
  exampleTransition({
    id: `d${day}`,
    alertId: `d${day}`,
    retrain: true,
    window: { from: DAY_0 + day * DAY, to: DAY_0 + (day + 1) * DAY },
    ...changes,
  });
const states = async () => (await readRetrainRuns(store, { limit: 99 })).map(({ state }) => state).sort();
const stored = async (id: string) => (await readRetrainRuns(store, { ids: [id], limit: 1 }))[0];

describe("a firing that calls for retraining", () => {
  it("starts one job, by a signed request that says where its data are", async () => {
    const retrainer = retrainerOf();
    const [run] = await retrainer.consider([firing, exampleTransition({ id: "no", to: "resolved", retrain: true })]);
    expect(run).toMatchObject({
      state: "started",
      model: MODEL,
      transitionId: "t1",
      at: firing.window.to,
      launcher: "webhook",
      attempts: 1,
    });
    expect(await retrainer.consider([firing])).toEqual([]);
    expect(receiver.requests).toHaveLength(1);
    const [request] = receiver.requests;
    if (!request || !run) throw new Error("no request came");
    const { headers, body } = request;
    expect(JSON.parse(body)).toMatchObject({
      type: "retrain",
      data: {
        run: run.id,
        model: MODEL,
        version: "2013-q1",
        rule: "feature-drift",
        window: { from: "2013-09-02T00:00:00Z" },
        link: "https://dw.example/models/flight-delay",
        training_data: {
          from: "2013-06-05T00:00:00Z",
          to: "2013-09-03T00:00:00Z",
          sql: "SELECT * FROM training_rows WHERE model = 'flight-delay' AND time >= '2013-06-05 00:00:00' AND time < '2013-09-03 00:00:00' AND label IS NOT NULL",
          command: "driftwatch export --model flight-delay --from 2013-06-05T00:00:00Z --to 2013-09-03T00:00:00Z --labelled",
        },
        callback: { url: `https://dw.example/v1/retrains/${run.id}/outcome` },
      },
    });
    const signed = createHmac("sha256", "a plain secret")
      .update(`${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`)
      .digest("base64");
    expect(headers).toMatchObject({ "webhook-id": run.id, "idempotency-key": run.id, "webhook-signature": `v1,${signed}` });
    expect(await readRetrainRuns(store, { limit: 9 })).toEqual([run]);
    expect((await readRetrainSteps(store, run)).map(({ state, detail }) => `${state}: ${detail}`)).toEqual([
      "requested: Rule feature-drift fired on visib.",
      "requested: Attempt 1 by webhook.",
      "started: webhook: HTTP 202.",
    ]);
  });

  it("is refused within the cooldown, and the refusal is kept with what it rests on", async () => {
    const retrainer = retrainerOf({ cooldown: 2 * DAY, lease: DAY }, { liveClock: false });
    const runs = await retrainer.consider([onDay(2), onDay(0), onDay(1)]);
    expect(runs.map(({ transitionId, state }) => `${transitionId} ${state}`)).toEqual(["d0 started", "d1 refused", "d2 started"]);
    expect(runs[1]).toMatchObject({
      reason: "Cooling down: the run at 2013-09-03T00:00:00Z is less than 2d away.",
      facts: { coolingDownFrom: DAY_0 + DAY, runsWithinDay: 0, behind: null, stopped: null },
      configHash: runs[0]?.configHash,
    });
    expect(runs[1]?.configHash).toMatch(/^[0-9a-f]{16}$/);
  });

  it("starts nothing in a dry run, nor for a model without settings", async () => {
    const runs = await retrainerOf({ dryRun: true }).consider([
      firing,
      exampleTransition({ id: "c", retrain: true, key: { ...firing.key, model: "churn" } }),
    ]);
    expect(runs.map(({ state, facts }) => [state, facts === null])).toEqual([
      ["dry_run", false],
      ["refused", true],
    ]);
    expect(receiver.requests).toEqual([]);
  });

  it("is one at a time, though two are considered at once", async () => {
    const retrainer = retrainerOf({ cooldown: 0 });
    await Promise.all([retrainer.consider([firing]), retrainer.consider([exampleTransition({ id: "t9", retrain: true })])]);
    expect(await states()).toEqual(["refused", "started"]);
  });
});

describe("a job that cannot be started", () => {
  it("is asked for again, later and later, with the same key, and is a failure in the end", async () => {
    receiver.answerWith({ status: 503 });
    const retrainer = retrainerOf();
    expect(await retrainer.consider([firing])).toMatchObject([{ state: "requested", attempts: 1 }]);
    await retrainer.follow();
    expect(receiver.requests).toHaveLength(1);
    for (let pass = 0; pass < 6; pass += 1) {
      now += 2 * MINUTE;
      await retrainer.follow();
    }
    expect(await readRetrainRuns(store, { limit: 9 })).toMatchObject([
      { state: "failed", reason: "The request failed: HTTP 503 (attempt 5)." },
    ]);
    expect(new Set(receiver.requests.map(({ headers, body }) => `${String(headers["webhook-id"])} ${body}`)).size).toBe(1);
    expect(receiver.requests).toHaveLength(5);
  });

  it("is a failure at once when it is refused", async () => {
    receiver.answerWith({ status: 422 });
    expect(await retrainerOf().consider([firing])).toMatchObject([{ state: "failed" }]);
  });
});

describe("R49 drift that persists for 30 days", () => {
  it("asks again, and is held to cooldown and budget", async () => {
    const job = jobs(() => ({ state: "succeeded", detail: "done", version: null }));
    const retrainer = retrainerOf({ cooldown: 2 * DAY, judge: { metric: null, margin: 0.01, within: HOUR } }, job);
    const opened = onDay(3);
    now = opened.window.to;
    await insertTransitions(store, [opened]);
    await retrainer.consider([opened]);
    const status = { key: opened.key, state: "firing", health: "ok", streak: 0, since: opened.since, alertId: opened.alertId } as const;
    for (let hour = 0; hour < 30 * 24; hour += 6) {
      now = opened.window.to + hour * HOUR;
      await insertStatuses(store, [{ ...status, evaluatedTo: now }]);
      await retrainer.follow();
    }
    const started = (await readRetrainRuns(store, { limit: 999 }))
      .filter(({ attempts }) => attempts > 0)
      .map(({ at }) => at)
      .reverse();
    expect(started).toHaveLength(15);
    for (const [index, at] of started.entries()) if (index > 0) expect(at - (started[index - 1] ?? 0)).toBeGreaterThanOrEqual(2 * DAY);
    expect(job.launched).toHaveLength(15);
  });
});

describe("R49 what comes late, about other days", () => {
  const byWebhook = (changes: Partial<RetrainingSettings>) => retrainerOf({ maxFailures: 99, ...changes });
  const fail = (retrainer: ReturnType<typeof retrainerOf>, run: RetrainRun | undefined) =>
    retrainer.report(run?.id ?? "", { succeeded: false, version: null, detail: "" }, "the job");

  it("is held to the budget of the day on which it comes", async () => {
    const retrainer = byWebhook({ maxPerDay: 1, cooldown: 0 });
    const [first] = await retrainer.consider([onDay(-30)]);
    await fail(retrainer, first);
    expect(await retrainer.consider([onDay(-20), onDay(-10), onDay(0)])).toMatchObject(
      [1, 2, 3].map(() => ({ state: "refused", reason: "The budget is spent: 1 of 1 runs within a day." })),
    );
    now += DAY;
    expect(await retrainer.consider([onDay(-5)])).toMatchObject([{ state: "started" }]);
  });

  it("is held to the cooldown since the last run was asked for", async () => {
    const retrainer = byWebhook({ maxPerDay: 9, cooldown: 2 * DAY, lease: HOUR });
    const [first] = await retrainer.consider([onDay(-30)]);
    expect(first).toMatchObject({ state: "started" });
    const asked = now;
    now += DAY;
    await retrainer.follow();
    expect(await retrainer.consider([onDay(-10)])).toMatchObject([
      { state: "refused", reason: `Cooling down: the run at ${new Date(asked).toISOString().replace(".000", "")} is less than 2d away.` },
    ]);
  });
});

describe("R42 an alert without evidence", () => {
  it.each(["no_data", "error", "insufficient", "labels_pending"] as const)("does not ask again while it says %s", async (health) => {
    const job = jobs(() => ({ state: "running", detail: "" }));
    const opened = onDay(0);
    await insertTransitions(store, [opened]);
    await insertStatuses(store, [
      {
        key: opened.key,
        state: "firing",
        health,
        streak: 0,
        since: opened.since,
        alertId: opened.alertId,
        evaluatedTo: opened.window.to + 9 * DAY,
      },
    ]);
    await retrainerOf({}, job).follow();
    expect(job.launched).toEqual([]);
    expect(await states()).toEqual([]);
  });
});

describe("R50 a job that hangs or crashes", () => {
  it("expires with its lease, never two are in flight, and three in a row open the circuit until somebody sees to it", async () => {
    const job = jobs(() => ({ state: "unknown", detail: "no answer in time" }));
    const retrainer = retrainerOf({ cooldown: 0, maxPerDay: 9, lease: 2 * HOUR }, job);
    const ask = (key: string) => retrainer.trigger({ model: MODEL, version: "v1", key, kind: "api", by: "ann", reason: "", force: false });
    for (const round of [1, 2, 3]) {
      expect(await ask(`try ${round}`)).toMatchObject({ state: "started" });
      expect(await ask(`beside ${round}`)).toMatchObject({ state: "refused", reason: expect.stringContaining("on its way") });
      now += 2 * HOUR - MINUTE;
      await retrainer.follow();
      expect(await states()).toContain("started");
      now += MINUTE;
      await retrainer.follow();
      expect(await states()).not.toContain("started");
    }
    expect(await ask("try 4")).toMatchObject({ state: "refused", reason: expect.stringContaining("The circuit is open") });
    expect(job.launched).toHaveLength(3);
    expect((await readRetrainRuns(store, { states: ["expired"], limit: 9 }))[0]?.reason).toBe(
      "Nothing was heard of it within 2h; the last: no answer in time.",
    );
    now += MINUTE;
    await retrainer.switchTo(false, MODEL, "ann", "the cluster is back");
    now += MINUTE;
    expect(await ask("try 5")).toMatchObject({ state: "started" });
  });
});

it("R50 a job that says it runs keeps its lease, and none is started beside it", async () => {
  const said: { state: JobState } = { state: { state: "running", detail: "process 7" } };
  const job = jobs(() => said.state);
  const retrainer = retrainerOf({ cooldown: 0, maxPerDay: 9, lease: 2 * HOUR }, job);
  const ask = (key: string) => retrainer.trigger({ model: MODEL, version: "v1", key, kind: "api", by: "ann", reason: "", force: true });
  const run = await ask("one");
  for (let hour = 1; hour <= 5; hour += 1) {
    now += HOUR;
    await retrainer.follow();
    await retrainer.follow();
  }
  expect(await ask("two")).toMatchObject({ state: "refused", reason: expect.stringContaining("on its way") });
  expect(job.launched).toEqual([run.id]);
  expect(await readRetrainSteps(store, run)).toHaveLength(8);
  said.state = { state: "unknown", detail: "no answer in time" };
  now += 2 * HOUR;
  await retrainer.follow();
  expect(await stored(run.id)).toMatchObject({ state: "expired" });
});

describe("a crash", () => {
  it("before the decision loses nothing", async () => {
    await insertTransitions(store, [firing, exampleTransition({ id: "q", retrain: false })]);
    expect(await retrainerOf().start()).toMatchObject([{ transitionId: "t1", state: "started" }]);
    expect(await retrainerOf().start()).toEqual([]);
  });

  it("between the request and its record repeats the request under the same key", async () => {
    // The decision and the attempt are written down, then nothing more.
    let inserts = 0;
    const insert: Store["insert"] = (table, rows) => ((inserts += 1) > 4 ? Promise.reject(new Error("killed")) : store.insert(table, rows));
    await expect(retrainerOf({}, { store: { ...store, insert } }).consider([firing])).rejects.toThrow("killed");
    expect(await states()).toEqual(["requested"]);
    now += MINUTE;
    const next = retrainerOf();
    await next.start();
    await next.follow();
    expect(receiver.requests).toHaveLength(2);
    expect(receiver.requests[1]?.headers["idempotency-key"]).toBe(receiver.requests[0]?.headers["idempotency-key"]);
    expect(await readRetrainRuns(store, { limit: 9 })).toMatchObject([{ state: "started", attempts: 2 }]);
  });
});

describe("a crash between the launch and its record", () => {
  it("starts a command once, and its end is found", async () => {
    const directory = join(scratchDirectory(), "retrains");
    const script = 'require("node:fs").appendFileSync(process.env.DRIFTWATCH_DIRECTORY + "/started", "x")';
    const launcher = { type: "command", command: [process.execPath, "-e", script], directory, timeout: MINUTE } as const;
    let inserts = 0;
    const insert: Store["insert"] = (table, rows) => ((inserts += 1) > 4 ? Promise.reject(new Error("killed")) : store.insert(table, rows));
    await expect(retrainerOf({ launcher }, { store: { ...store, insert } }).consider([firing])).rejects.toThrow("killed");
    now += MINUTE;
    const next = retrainerOf({ launcher });
    await until("the command is done", async () => {
      await next.follow();
      return (await states()).includes("succeeded");
    });
    const [run] = await readRetrainRuns(store, { limit: 1 });
    if (!run) throw new Error("nothing is stored");
    expect(readFileSync(join(directory, run.id, "started"), "utf8")).toBe("x");
    expect((await readRetrainSteps(store, run)).map(({ detail }) => detail)).toContain("command: it was begun before.");
  });
});

it("broken data in the window of the alert holds a run back, and is named", async () => {
  const { window, key } = firing;
  const measured = (feature: string, kind: "break" | "drift", to = window.to) =>
    exampleMeasurement({
      version: key.version,
      subject: "feature",
      feature,
      from: to - DAY,
      to,
      detail: { verdict: { ...VERDICT, kind } },
    });
  await insertMeasurements(
    store,
    [measured("temp", "break"), measured("wind", "drift"), measured("old", "break", window.to - 2 * DAY)],
    now,
  );
  const [run] = await retrainerOf().consider([firing]);
  expect(run).toMatchObject({
    state: "refused",
    facts: { broken: ["temp: unit"] },
    reason: expect.stringContaining("looks broken (temp: unit)"),
  });
  await store.execute("TRUNCATE TABLE measurements");
});

describe("people", () => {
  const asked = { model: MODEL, version: "v1", key: "k", kind: "cli", by: "ann", reason: "a hunch", force: false } as const;

  it("ask, once under one key", async () => {
    const retrainer = retrainerOf();
    const run = await retrainer.trigger(asked);
    expect(run).toMatchObject({ state: "started", trigger: "cli", by: "ann", version: "v1", reason: "ann asked for it: a hunch." });
    expect(await retrainer.trigger(asked)).toEqual(run);
    expect(receiver.requests).toHaveLength(1);
  });

  it("approve, and nothing starts before", async () => {
    const retrainer = retrainerOf({ approval: true });
    const [run] = await retrainer.consider([firing]);
    if (!run) throw new Error("nothing was decided");
    expect(run.state).toBe("waiting_for_approval");
    await retrainer.follow();
    expect(receiver.requests).toEqual([]);
    expect(await retrainer.approve(run.id, "ann")).toMatchObject({ state: "started" });
    await expect(retrainer.approve(run.id, "bob")).rejects.toThrow("The run is started: it cannot be approved.");
    expect((await readRetrainSteps(store, run)).map(({ by }) => by)).toEqual(["", "ann", "", ""]);
  });

  it("are not waited for for ever", async () => {
    const retrainer = retrainerOf({ approval: true, approveWithin: HOUR });
    const [run] = await retrainer.consider([firing]);
    now += HOUR;
    await retrainer.follow();
    expect(await stored(run?.id ?? "")).toMatchObject({ state: "cancelled", reason: "Nobody approved it within 1h." });
    // What a step says is what happened then, not why the run was asked for.
    expect((await readRetrainSteps(store, run ?? { model: "", id: "" })).map(({ detail }) => detail)).toEqual([
      "Rule feature-drift fired on visib. It waits for approval.",
      "Nobody approved it within 1h.",
    ]);
  });

  it("cannot approve what nobody approved in time, though nothing looked at it since", async () => {
    const retrainer = retrainerOf({ approval: true, approveWithin: HOUR });
    const [run] = await retrainer.consider([firing]);
    now += HOUR;
    await expect(retrainer.approve(run?.id ?? "", "ann")).rejects.toThrow("The run is cancelled: it cannot be approved.");
    expect(receiver.requests).toEqual([]);
    expect(await stored(run?.id ?? "")).toMatchObject({ state: "cancelled", reason: "Nobody approved it within 1h." });
  });

  it("cancel, and the job is told", async () => {
    const job = jobs(() => ({ state: "running", detail: "" }));
    const retrainer = retrainerOf({}, job);
    const [run] = await retrainer.consider([firing]);
    expect(await retrainer.cancel(run?.id ?? "", "ann", "wrong data")).toMatchObject({
      state: "cancelled",
      reason: "Cancelled by ann: wrong data. It was told to end.",
    });
    expect(job.stopped).toEqual([run?.id]);
    await expect(retrainer.cancel(run?.id ?? "", "ann", "")).rejects.toThrow("cannot be cancelled");
    await expect(retrainer.cancel("nope", "ann", "")).rejects.toThrow("There is no such run.");
  });

  it.each(["", MODEL])("stop everything, at once (%j)", async (model) => {
    const retrainer = retrainerOf({ approval: true });
    const [waiting] = await retrainer.consider([firing]);
    await retrainer.switchTo(true, model, "ann", "a freeze");
    expect(await retrainer.approve(waiting?.id ?? "", "bob")).toMatchObject({
      state: "cancelled",
      reason: expect.stringContaining("a freeze"),
    });
    expect(await retrainer.trigger({ ...asked, force: true })).toMatchObject({
      state: "refused",
      reason: "Retraining is stopped by ann: a freeze",
    });
    now += MINUTE;
    await retrainer.switchTo(false, model, "ann", "");
    expect(await retrainer.trigger({ ...asked, key: "later" })).toMatchObject({ state: "waiting_for_approval" });
    expect(receiver.requests).toEqual([]);
  });

  it("who ask where no daemon is leave it to the daemon", async () => {
    const run = await retrainerOf({}, { launches: false }).trigger(asked);
    expect(run).toMatchObject({ state: "requested", attempts: 0 });
    await retrainerOf().follow();
    expect(await stored(run.id)).toMatchObject({ state: "started" });
  });
});

describe("a job", () => {
  it("says itself how it went, with the key of its request and no other", async () => {
    const retrainer = retrainerOf();
    const [run] = await retrainer.consider([firing]);
    const { callback } = (JSON.parse(receiver.requests[0]?.body ?? "") as { data: { callback: { key: string } } }).data;
    expect(await retrainer.opens(run?.id ?? "", callback.key)).toBe(true);
    for (const wrong of ["", `${callback.key}x`, callback.key.slice(1)]) expect(await retrainer.opens(run?.id ?? "", wrong)).toBe(false);
    expect(await retrainer.opens("0".repeat(64), callback.key)).toBe(false);
    expect(await retrainer.report(run?.id ?? "", { succeeded: true, version: "2013-q2", detail: "" }, "the job")).toMatchObject({
      state: "succeeded",
      newVersion: "2013-q2",
    });
    await expect(retrainer.report(run?.id ?? "", { succeeded: false, version: null, detail: "" }, "the job")).rejects.toThrow(
      "cannot be reported on",
    );
  });

  it("that says so late is believed", async () => {
    const retrainer = retrainerOf({ lease: HOUR });
    const [run] = await retrainer.consider([firing]);
    now += HOUR;
    await retrainer.follow();
    expect(await stored(run?.id ?? "")).toMatchObject({ state: "expired" });
    expect(await retrainer.report(run?.id ?? "", { succeeded: true, version: null, detail: "slow" }, "the job")).toMatchObject({
      state: "succeeded",
    });
  });

  it("that is done without a new version is closed undecided", async () => {
    const job = jobs(() => ({ state: "succeeded", detail: "done", version: "v2" }));
    const models = new Map([
      [
        MODEL,
        { name: MODEL, task: "binary", positive: "late", bucket: HOUR, lateness: HOUR, labelsExpectedWithin: DAY, baselines: [] } as const,
      ],
    ]);
    const retrainer = retrainerOf({}, { ...job, models });
    const [run] = await retrainer.consider([firing]);
    await retrainer.follow();
    expect(await stored(run?.id ?? "")).toMatchObject({ state: "succeeded", newVersion: "v2" });
    now += 14 * DAY;
    await retrainer.follow();
    expect(await stored(run?.id ?? "")).toMatchObject({
      state: "closed",
      verdict: "undecided",
      reason: "No events of v2 came within 14d.",
    });
  });
});

it("a schedule asks for the version seen last, once at each of its times", async () => {
  const retrainer = retrainerOf({ every: 7 * DAY, dryRun: true, cooldown: 0 });
  await retrainer.follow();
  expect(await states()).toEqual([]);
  const bucket = DAY_0 / 1000;
  await store.execute(
    `INSERT INTO service_counts (model, version, bucket, requests) SELECT 'flight-delay', '2013-q1', toDateTime(${bucket}, 'UTC'), 10`,
  );
  for (const days of [0, 1, 7, 14]) {
    now = DAY_0 + 3 * DAY + days * DAY;
    await retrainer.follow();
    await retrainer.follow();
  }
  const runs = await readRetrainRuns(store, { limit: 9 });
  expect(runs.map(({ state, trigger, version, at }) => [state, trigger, version, at % (7 * DAY)])).toEqual(
    [1, 2, 3].map(() => ["dry_run", "schedule", "2013-q1", 0]),
  );
});
