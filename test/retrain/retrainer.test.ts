import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import type { RetrainingSettings } from "../../src/model/settings.ts";
import { DAY } from "../../src/model/time.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { createSignedPost } from "../../src/notify/signed-post.ts";
import { createLaunchers } from "../../src/retrain/launch-webhook.ts";
import { createRetrainer } from "../../src/retrain/retrainer.ts";
import { insertTransitions } from "../../src/store/alerts.ts";
import { readRetrainRuns } from "../../src/store/retrain-runs.ts";
import type { Store } from "../../src/store/store.ts";
import { DAY_0, emptyAlertTables, exampleTransition, openTemporaryStore } from "../alerting/examples.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

let store: Store;
let remove: () => Promise<void>;
let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
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
});

function retrainerOf(changes: Partial<RetrainingSettings> = {}, over: Partial<Store> = {}) {
  const settings = new Map([
    [
      "flight-delay",
      {
        model: "flight-delay",
        type: "webhook" as const,
        url: receiver.url,
        secret: "a plain secret",
        cooldown: DAY,
        maxPerDay: 2,
        dryRun: false,
        ...changes,
      },
    ],
  ]);
  const launchers = createLaunchers(settings, {
    post: createSignedPost(createCall({ allow: ["127.0.0.1"] }), 2_000),
    link: () => "https://dw.example",
  });
  return createRetrainer({
    store: { ...store, ...over },
    settings,
    launchers,
    clock: () => DAY_0 + 90 * DAY,
    log: silentLog,
  });
}

const firing = exampleTransition({ retrain: true });
const onDay = (day: number) =>
  exampleTransition({
    id: `d${day}`,
    alertId: `d${day}`,
    retrain: true,
    window: { from: DAY_0 + day * DAY, to: DAY_0 + (day + 1) * DAY },
  });

describe("a firing that calls for retraining", () => {
  it("starts one job, by a signed request", async () => {
    const retrainer = retrainerOf();
    const [run] = await retrainer.consider([firing, exampleTransition({ id: "no", to: "resolved" })]);
    expect(run).toMatchObject({
      state: "started",
      model: "flight-delay",
      transitionId: "t1",
      at: firing.window.to,
    });
    expect(await retrainer.consider([firing])).toEqual([]);
    expect(receiver.requests).toHaveLength(1);
    const request = receiver.requests[0];
    if (!request) throw new Error("no request came");
    const { headers, body } = request;
    expect(JSON.parse(body)).toMatchObject({
      type: "retrain",
      data: {
        run: run?.id,
        model: "flight-delay",
        version: "2013-q1",
        rule: "feature-drift",
        reason: firing.summary,
        window: { from: "2013-09-02T00:00:00Z" },
        link: "https://dw.example",
      },
    });
    const signed = createHmac("sha256", "a plain secret")
      .update(`${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`)
      .digest("base64");
    expect(headers).toMatchObject({
      "webhook-id": run?.id,
      "idempotency-key": run?.id,
      "webhook-signature": `v1,${signed}`,
    });
    expect(await readRetrainRuns(store, { limit: 9 })).toEqual([run]);
  });

  it("is refused within the cooldown, and the refusal is kept", async () => {
    const runs = await retrainerOf({ cooldown: 2 * DAY }).consider([onDay(2), onDay(0), onDay(1)]);
    expect(runs.map(({ transitionId, state }) => `${transitionId} ${state}`)).toEqual(["d0 started", "d1 refused", "d2 started"]);
    expect(await readRetrainRuns(store, { model: "flight-delay", since: DAY_0 + 2 * DAY, limit: 9 })).toEqual([runs[2], runs[1]]);
    expect(receiver.requests).toHaveLength(2);
  });

  it("starts nothing in a dry run, nor for a model without settings", async () => {
    const runs = await retrainerOf({ dryRun: true }).consider([
      firing,
      exampleTransition({ id: "c", retrain: true, key: { ...firing.key, model: "churn" } }),
    ]);
    expect(runs.map(({ state }) => state)).toEqual(["dry_run", "refused"]);
    expect(receiver.requests).toEqual([]);
  });

  it("keeps to the budget when considered twice at once", async () => {
    const retrainer = retrainerOf({ maxPerDay: 1, cooldown: 0 });
    await Promise.all([retrainer.consider([firing]), retrainer.consider([exampleTransition({ id: "t9", retrain: true })])]);
    expect((await readRetrainRuns(store, { limit: 9 })).map(({ state }) => state).sort()).toEqual(["refused", "started"]);
  });
});

describe("a job that cannot be started", () => {
  it("is asked for again, with the same key, and is a failure in the end", async () => {
    receiver.answerWith({ status: 503 });
    const retrainer = retrainerOf();
    expect(await retrainer.consider([firing])).toEqual([]);
    for (let pass = 0; pass < 3; pass += 1) expect(await retrainer.consider([])).toEqual([]);
    expect(await retrainer.consider([])).toMatchObject([{ state: "failed", reason: "The request failed: HTTP 503 (attempt 5)." }]);
    expect(new Set(receiver.requests.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(receiver.requests).toHaveLength(5);
  });

  it("is a failure at once when it is refused", async () => {
    receiver.answerWith({ status: 422 });
    expect(await retrainerOf().consider([firing])).toMatchObject([{ state: "failed" }]);
  });
});

describe("a crash", () => {
  it("before the decision loses nothing", async () => {
    await insertTransitions(store, [firing, exampleTransition({ id: "q", retrain: false })]);
    const retrainer = retrainerOf();
    expect(await retrainer.start()).toMatchObject([{ transitionId: "t1", state: "started" }]);
    expect(await retrainerOf().start()).toEqual([]);
  });

  it("between request and record repeats the request under the same key", async () => {
    await insertTransitions(store, [firing]);
    const dying = retrainerOf({}, { insert: () => Promise.reject(new Error("killed")) });
    await expect(dying.consider([firing])).rejects.toThrow("killed");
    await retrainerOf().start();
    expect(receiver.requests).toHaveLength(2);
    expect(receiver.requests[1]?.headers["idempotency-key"]).toBe(receiver.requests[0]?.headers["idempotency-key"]);
    expect(await readRetrainRuns(store, { limit: 9 })).toHaveLength(1);
  });
});
