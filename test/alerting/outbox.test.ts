import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createOutbox } from "../../src/alerting/outbox.ts";
import { silentLog } from "../../src/log.ts";
import type { Notification, Notifier, SendOutcome } from "../../src/model/alert.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../src/model/time.ts";
import { insertTransitions } from "../../src/store/alerts.ts";
import { readDeliveries } from "../../src/store/deliveries.ts";
import { insertRetrainRuns } from "../../src/store/retrain-runs.ts";
import type { Store } from "../../src/store/store.ts";
import { DAY_0, emptyAlertTables, exampleEnd, exampleTransition, openTemporaryStore } from "./examples.ts";
import { exampleRun } from "../support/retraining.ts";

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => ({ store, remove } = await openTemporaryStore()) && undefined, 60_000);
afterAll(() => remove());
beforeEach(() => emptyAlertTables(store));

const SENT: SendOutcome = { outcome: "sent", detail: "HTTP 200" };
const BUSY: SendOutcome = { outcome: "retry", detail: "HTTP 503", retryAfter: null };

/** A channel that keeps what it is told and answers by script, then `sent`. */
function listener(...answers: (SendOutcome | Error)[]): {
  notifier: Notifier;
  told: Notification[];
} {
  const told: Notification[] = [];
  return {
    told,
    async notifier(notification) {
      told.push(notification);
      const answer = answers.shift() ?? SENT;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

function outboxOf(channels: Record<string, Notifier>, over: Partial<Store> = {}) {
  const time = { now: DAY_0 + 90 * DAY };
  const outbox = createOutbox({
    store: { ...store, ...over },
    channels: new Map(Object.entries(channels)),
    clock: () => time.now,
    log: silentLog,
    link: (model) => `https://dw.example/models/${model}`,
  });
  return { outbox, time };
}

const fired = exampleTransition({ id: "a", alertId: "a" });
const resolved = exampleEnd({ id: "b", alertId: "a" });

describe("telling", () => {
  it("R45 groups 500 alerts of one model into one notification a channel, once", async () => {
    const ops = listener();
    const ml = listener();
    await insertTransitions(store, [
      ...Array.from({ length: 500 }, (_, index) =>
        exampleTransition({
          id: `f${index}`,
          alertId: `f${index}`,
          key: { ...fired.key, subject: `f${index}` },
          notify: ["ops", "ml"],
        }),
      ),
      exampleTransition({ id: "x", key: { ...fired.key, model: "churn" } }),
    ]);
    const { outbox } = outboxOf({ ops: ops.notifier, ml: ml.notifier });
    expect(await outbox.deliver()).toEqual({ sent: 3, retry: 0, failed: 0 });
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
    const seen = new Map(ops.told.map(({ model, transitions, link }) => [model, [transitions.length, link]]));
    expect(seen).toEqual(
      new Map([
        ["churn", [1, "https://dw.example/models/churn"]],
        ["flight-delay", [500, "https://dw.example/models/flight-delay"]],
      ]),
    );
    expect(ml.told).toHaveLength(1);
  });

  it("tells what was handed over after the start", async () => {
    const ops = listener();
    const { outbox } = outboxOf({ ops: ops.notifier });
    await outbox.deliver();
    await insertTransitions(store, [fired]);
    outbox.add([fired, exampleTransition({ id: "quiet", notify: [] })]);
    expect(await outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
    outbox.add([fired]);
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
    expect(ops.told.map(({ transitions }) => transitions)).toEqual([[fired]]);
  });

  it("after an outage hands over firing and end together", async () => {
    const ops = listener();
    await insertTransitions(store, [resolved, fired]);
    await outboxOf({ ops: ops.notifier }).outbox.deliver();
    expect(ops.told.map(({ transitions }) => transitions.map(({ to }) => to))).toEqual([["firing", "resolved"]]);
  });

  it("says that a retraining waits for a person, before what became of a newer one", async () => {
    const ops = listener();
    const asked = { at: DAY_0, model: fired.key.model, alertId: fired.alertId } as const;
    await insertTransitions(store, [fired]);
    await insertRetrainRuns(store, [
      exampleRun({ ...asked, id: "3f9a1c".repeat(8), state: "waiting_for_approval" }),
      exampleRun({ ...asked, id: "r2", at: DAY_0 + DAY, state: "refused", reason: "Another run is on its way." }),
      exampleRun({ ...asked, id: "r3", alertId: "another", state: "failed", reason: "No." }),
    ]);
    const { outbox } = outboxOf({ ops: ops.notifier });
    await outbox.deliver();
    await insertRetrainRuns(store, [
      exampleRun({ ...asked, id: "3f9a1c".repeat(8), state: "cancelled", reason: "Cancelled by ada.", sequence: 9 }),
    ]);
    await insertTransitions(store, [resolved]);
    outbox.add([resolved]);
    await outbox.deliver();
    expect(ops.told.map(({ note }) => note)).toEqual([
      "A retraining waits until somebody agrees to it: driftwatch retrain approve 3f9a1c3f9a1c",
      "No retraining was started. Another run is on its way.",
    ]);
  });

  it("gives up at once on a channel that is configured no more", async () => {
    await insertTransitions(store, [fired]);
    expect(await outboxOf({}).outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 1 });
  });
});

describe("a crash", () => {
  it("R43 between sending and recording sends again under the same id, and what came since on its own", async () => {
    const ops = listener();
    await insertTransitions(store, [fired]);
    const dying = outboxOf(
      { ops: ops.notifier },
      {
        async insert(table, rows) {
          if (ops.told.length > 0) throw new Error("killed");
          await store.insert(table, rows);
        },
      },
    );
    await dying.outbox.deliver();
    await insertTransitions(store, [resolved]);
    expect(await outboxOf({ ops: ops.notifier }).outbox.deliver()).toEqual({
      sent: 2,
      retry: 0,
      failed: 0,
    });
    expect(ops.told.map(({ transitions }) => transitions.map(({ id }) => id))).toEqual([["a"], ["a"], ["b"]]);
    expect(ops.told[1]?.id).toBe(ops.told[0]?.id);
    expect(ops.told[2]?.id).not.toBe(ops.told[0]?.id);
    expect(await outboxOf({ ops: ops.notifier }).outbox.deliver()).toEqual({
      sent: 0,
      retry: 0,
      failed: 0,
    });
  });

  it("during a series of attempts goes on with the series", async () => {
    const ops = listener(BUSY, BUSY);
    await insertTransitions(store, [fired]);
    const first = outboxOf({ ops: ops.notifier });
    await first.outbox.deliver();
    const second = outboxOf({ ops: ops.notifier });
    expect(await second.outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
    second.time.now += 5 * SECOND;
    expect(await second.outbox.deliver()).toEqual({ sent: 0, retry: 1, failed: 0 });
    second.time.now += 4 * MINUTE;
    expect(await second.outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
    second.time.now += MINUTE;
    expect(await second.outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
    expect(new Set(ops.told.map(({ id }) => id)).size).toBe(1);
    expect((await readDeliveries(store, { limit: 9 })).map(({ attempt, outcome }) => `${attempt} ${outcome}`)).toEqual([
      "3 sent",
      "2 retry",
      "1 retry",
      "0 retry",
    ]);
  });

  it("while the store cannot record: sends once in this life, and records later", async () => {
    const ops = listener();
    const state = { broken: false };
    await insertTransitions(store, [fired]);
    const { outbox } = outboxOf(
      { ops: ops.notifier },
      {
        async insert(table, rows) {
          if (state.broken) throw new Error("disk full");
          await store.insert(table, rows);
        },
      },
    );
    state.broken = true;
    expect(await outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
    state.broken = false;
    await outbox.deliver();
    expect(await readDeliveries(store, { limit: 9 })).toHaveLength(2);
    expect(ops.told).toHaveLength(1);
  });
});

describe("a receiver in trouble", () => {
  it("R44 is tried by the schedule for some three days, then given up", async () => {
    const ops = listener(...Array.from({ length: 10 }, () => BUSY));
    await insertTransitions(store, [fired]);
    const { outbox, time } = outboxOf({ ops: ops.notifier });
    const start = time.now;
    let pass = await outbox.deliver();
    while (pass.failed === 0 && time.now < start + 5 * DAY) {
      time.now += 5 * SECOND + (ops.told.length > 1 ? MINUTE : 0);
      pass = await outbox.deliver();
    }
    expect(ops.told).toHaveLength(10);
    expect((time.now - start) / HOUR).toBeCloseTo(75.6, 0);
    expect((await readDeliveries(store, { limit: 1 }))[0]).toMatchObject({
      outcome: "failed",
      detail: "given up after 10 attempts: HTTP 503",
    });
  });

  it("R44 is not called before it asked to be, even for something new", async () => {
    const ops = listener({ outcome: "retry", detail: "HTTP 429", retryAfter: 10 * MINUTE });
    await insertTransitions(store, [fired]);
    const { outbox, time } = outboxOf({ ops: ops.notifier });
    await outbox.deliver();
    outbox.add([resolved]);
    time.now += 9 * MINUTE;
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
    time.now += MINUTE;
    expect(await outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
    expect(ops.told[1]?.transitions.map(({ to }) => to)).toEqual(["firing", "resolved"]);
  });

  it("is told something new at once, with what it missed", async () => {
    const ops = listener(BUSY, BUSY);
    await insertTransitions(store, [fired]);
    const { outbox, time } = outboxOf({ ops: ops.notifier });
    await outbox.deliver();
    time.now += 5 * SECOND;
    await outbox.deliver();
    outbox.add([resolved]);
    expect(await outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
  });

  it("R43 that may have taken it is told the same again, under the same id, and then what came since", async () => {
    const unsure: SendOutcome = { outcome: "retry", detail: "no answer in time", retryAfter: null, unsure: true };
    const ops = listener(unsure, unsure);
    await insertTransitions(store, [fired]);
    const { outbox, time } = outboxOf({ ops: ops.notifier });
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 1, failed: 0 });
    await insertTransitions(store, [resolved]);
    outbox.add([resolved]);
    // What is new is tried at once, behind what may have arrived.
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 1, failed: 0 });
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
    const next = outboxOf({ ops: ops.notifier });
    next.time.now = time.now + 5 * MINUTE;
    expect(await next.outbox.deliver()).toEqual({ sent: 2, retry: 0, failed: 0 });
    expect(ops.told.map(({ transitions }) => transitions.map(({ id }) => id))).toEqual([["a"], ["a"], ["a"], ["b"]]);
    expect(new Set(ops.told.slice(0, 3).map(({ id }) => id)).size).toBe(1);
  });

  it("R44 that may have taken it is not given up sooner for all the news that came since", async () => {
    const unsure: SendOutcome = { outcome: "retry", detail: "no answer in time", retryAfter: null, unsure: true };
    const ops = listener(...Array.from({ length: 13 }, () => unsure));
    await insertTransitions(store, [fired]);
    const { outbox, time } = outboxOf({ ops: ops.notifier });
    await outbox.deliver();
    for (let news = 0; news < 12; news += 1) {
      time.now += MINUTE;
      outbox.add([exampleTransition({ id: `n${news}`, alertId: `n${news}` })]);
      expect(await outbox.deliver()).toEqual({ sent: 0, retry: 1, failed: 0 });
    }
    time.now += 30 * MINUTE;
    expect(await outbox.deliver()).toEqual({ sent: 2, retry: 0, failed: 0 });
    expect(ops.told.slice(-2).map(({ transitions }) => transitions.length)).toEqual([1, 12]);
    expect(
      (await readDeliveries(store, { limit: 99, transitionIds: ["a"] })).map(({ attempt, outcome }) => `${attempt} ${outcome}`),
    ).toEqual(["4 sent", "3 retry", "2 retry", "1 retry", "0 retry"]);
  });

  it("R28 is not left alone until a clock that was put back has caught up", async () => {
    const slow: SendOutcome = { outcome: "retry", detail: "HTTP 429", retryAfter: HOUR };
    const ops = listener(slow, BUSY);
    await insertTransitions(store, [fired]);
    const { outbox, time } = outboxOf({ ops: ops.notifier });
    await outbox.deliver();
    time.now -= 9 * DAY;
    expect(await outbox.deliver()).toEqual({ sent: 0, retry: 1, failed: 0 });
    const next = outboxOf({ ops: ops.notifier });
    next.time.now = time.now - 9 * DAY;
    expect(await next.outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
  });

  it("is told something new at once, though the store could not be read when it came", async () => {
    const ops = listener(BUSY, BUSY);
    const state = { broken: false };
    await insertTransitions(store, [fired]);
    const { outbox, time } = outboxOf(
      { ops: ops.notifier },
      {
        query: (sql, params) =>
          state.broken && sql.includes("FROM silences") ? Promise.reject(new Error("no memory")) : store.query(sql, params),
      },
    );
    await outbox.deliver();
    time.now += 5 * SECOND;
    await outbox.deliver();
    time.now += MINUTE;
    outbox.add([resolved]);
    state.broken = true;
    await expect(outbox.deliver()).rejects.toThrow("no memory");
    state.broken = false;
    expect(await outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
  });

  it("R44 does not hold up another channel, even when it hangs", async () => {
    const { promise, resolve } = later();
    const ml = listener();
    await insertTransitions(store, [exampleTransition({ id: "a", notify: ["ops", "ml"] })]);
    const { outbox } = outboxOf({ ops: () => promise, ml: ml.notifier });
    const pass = outbox.deliver();
    await expect.poll(() => ml.told.length).toBe(1);
    outbox.add([exampleTransition({ id: "z", alertId: "z", notify: ["ops", "ml"] })]);
    // That the first was told may still be being recorded, and a channel does one thing at a time.
    await expect.poll(() => outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
    resolve(SENT);
    expect(await pass).toEqual({ sent: 2, retry: 0, failed: 0 });
  });

  it("that throws leaves no word of its message behind", async () => {
    const ops = listener(new TypeError("https://user:hunter2@example"));
    await insertTransitions(store, [fired]);
    await outboxOf({ ops: ops.notifier }).outbox.deliver();
    const deliveries = await readDeliveries(store, { limit: 9 });
    expect(deliveries[0]).toMatchObject({
      outcome: "retry",
      detail: "the channel failed unexpectedly (TypeError)",
    });
    expect(JSON.stringify(deliveries)).not.toContain("hunter2");
  });
});

it("delivers by itself between start and stop", async () => {
  const ops = listener();
  await insertTransitions(store, [fired]);
  const { outbox } = outboxOf({ ops: ops.notifier });
  outbox.start(5);
  await expect.poll(() => ops.told.length).toBe(1);
  await outbox.stop();
  expect(await readDeliveries(store, { limit: 9 })).toHaveLength(2);
});

function later(): { promise: Promise<SendOutcome>; resolve: (outcome: SendOutcome) => void } {
  let resolve: (outcome: SendOutcome) => void = () => {};
  const promise = new Promise<SendOutcome>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
