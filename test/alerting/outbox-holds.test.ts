import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createOutbox } from "../../src/alerting/outbox.ts";
import { createLog, silentLog, type Log } from "../../src/log.ts";
import type { Notification, Notifier, SendOutcome } from "../../src/model/alert.ts";
import type { Silence } from "../../src/model/silence.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../src/model/time.ts";
import { insertTransitions } from "../../src/store/alerts.ts";
import { readDeliveries } from "../../src/store/deliveries.ts";
import { insertAcknowledgement, insertSilence } from "../../src/store/silences.ts";
import type { Store } from "../../src/store/store.ts";
import { DAY_0, emptyAlertTables, exampleEnd, exampleTransition, openTemporaryStore } from "./examples.ts";

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => ({ store, remove } = await openTemporaryStore()) && undefined, 60_000);
afterAll(() => remove());
beforeEach(() => emptyAlertTables(store));

const START = DAY_0 + 90 * DAY;
const fired = exampleTransition({ id: "a", alertId: "a" });
const over = (id: string) => exampleEnd({ id: `${id}-over`, alertId: id });
const onSubject = (id: string) => exampleTransition({ id, alertId: id, key: { ...fired.key, subject: id } });

/** An outbox with one channel, which keeps what it is told. */
function outboxOf(options: { behind?: () => string | null; repeatEvery?: number | null; answers?: SendOutcome[]; log?: Log } = {}) {
  const told: Notification[] = [];
  const time = { now: START };
  const notifier: Notifier = async (notification) => {
    told.push(notification);
    return options.answers?.shift() ?? { outcome: "sent", detail: "HTTP 200" };
  };
  const start = () =>
    createOutbox({
      store,
      channels: new Map([["ops", notifier]]),
      repeatEvery: new Map([["ops", options.repeatEvery ?? null]]),
      ...(options.behind ? { behind: options.behind } : {}),
      clock: () => time.now,
      log: options.log ?? silentLog,
      link: () => null,
    });
  const ids = () => told.map(({ transitions }) => transitions.map(({ id }) => id).sort());
  return { start, outbox: start(), told, ids, time };
}

const silence = (match: Partial<Silence["match"]>, changes: Partial<Silence> = {}) =>
  insertSilence(
    store,
    {
      id: "s1",
      match: { model: null, rule: null, version: null, segment: null, subject: null, severity: null, ...match },
      from: START,
      to: START + HOUR,
      by: "ada",
      comment: "a known change",
      createdAt: START,
      ...changes,
    },
    START,
  );

describe("a silence", () => {
  it("holds what it matches until it ends, and nothing else", async () => {
    await silence({ model: "flight-delay", subject: "visib" });
    await insertTransitions(store, [fired, onSubject("temp")]);
    const { outbox, ids, time } = outboxOf();
    await outbox.deliver();
    expect(ids()).toEqual([["temp"]]);
    time.now = START + HOUR - 1;
    await outbox.deliver();
    expect(ids()).toHaveLength(1);
    time.now = START + HOUR;
    await outbox.deliver();
    expect(ids()).toEqual([["temp"], ["a"]]);
  });

  it("makes nobody hear of what was over within it", async () => {
    await silence({ rule: "feature-drift" });
    await insertTransitions(store, [fired]);
    const { outbox, told, time } = outboxOf();
    await outbox.deliver();
    outbox.add([over("a")]);
    await outbox.deliver();
    time.now = START + 2 * HOUR;
    await outbox.deliver();
    expect(told).toEqual([]);
    expect((await readDeliveries(store, { limit: 9 })).map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ["silenced", "silenced by ada: a known change"],
      ["silenced", "silenced by ada: a known change"],
    ]);
    // Nor after the next start.
    const next = outboxOf();
    await next.outbox.deliver();
    expect(next.told).toEqual([]);
  });

  it("does not hold the end of what was told before it", async () => {
    await insertTransitions(store, [fired]);
    const { outbox, ids, time } = outboxOf();
    await outbox.deliver();
    await silence({});
    time.now += 2 * SECOND;
    outbox.add([over("a")]);
    await outbox.deliver();
    expect(ids()).toEqual([["a"], ["a-over"]]);
  });

  it("is heard of within seconds, and ends when it is ended", async () => {
    const { outbox, ids, time } = outboxOf();
    await outbox.deliver();
    await silence({ severity: "warning" });
    time.now += 3 * SECOND;
    await insertTransitions(store, [fired]);
    outbox.add([fired]);
    await outbox.deliver();
    expect(ids()).toEqual([]);
    await insertSilence(
      store,
      {
        id: "s1",
        match: { model: null, rule: null, version: null, segment: null, subject: null, severity: "warning" },
        from: START,
        to: time.now,
        by: "ada",
        comment: "",
        createdAt: START,
      },
      time.now,
    );
    time.now += 3 * SECOND;
    await outbox.deliver();
    expect(ids()).toEqual([["a"]]);
  });
});

describe("events that are behind", () => {
  it("hold back what is known of the model, which then is told once, as it ended", async () => {
    const state = { why: "Ingestion is behind." as string | null };
    const { outbox, told, time } = outboxOf({ behind: () => state.why });
    await insertTransitions(store, [fired]);
    await outbox.deliver();
    outbox.add([over("a")]);
    time.now += 30 * MINUTE;
    await outbox.deliver();
    expect(told).toEqual([]);
    state.why = null;
    await outbox.deliver();
    expect(told.map(({ transitions, note }) => [transitions.map(({ to }) => to), note])).toEqual([[["firing", "resolved"], null]]);
  });

  it("hold it for an hour at most; then it says that events are missing", async () => {
    const { outbox, told, time } = outboxOf({ behind: () => "Ingestion is behind." });
    await insertTransitions(store, [fired]);
    await outbox.deliver();
    time.now += HOUR - 1;
    await outbox.deliver();
    expect(told).toEqual([]);
    time.now += 1;
    await outbox.deliver();
    expect(told.map(({ note }) => note)).toEqual(["Ingestion is behind. What is said here may be of part of the events."]);
  });
});

describe("an alert that fires on", () => {
  it("is told again after the channel's interval, all of a model together, under an id of its own", async () => {
    const { outbox, told, ids, time } = outboxOf({ repeatEvery: DAY });
    await insertTransitions(store, [fired]);
    await outbox.deliver();
    time.now += 12 * HOUR;
    await insertTransitions(store, [onSubject("temp")]);
    outbox.add([onSubject("temp")]);
    await outbox.deliver();
    time.now = START + DAY;
    await outbox.deliver();
    time.now += MINUTE;
    await outbox.deliver();
    expect(ids()).toEqual([["a"], ["temp"], ["a", "temp"]]);
    time.now = START + 2 * DAY;
    await outbox.deliver();
    expect(told.map(({ reason }) => reason)).toEqual(["change", "change", "reminder", "reminder"]);
    expect(new Set(told.map(({ id }) => id)).size).toBe(4);
  });

  it("is told again under the same id, when it is not known whether it was", async () => {
    const busy: SendOutcome = { outcome: "retry", detail: "HTTP 503", retryAfter: null };
    const { start, outbox, told, time } = outboxOf({ repeatEvery: DAY, answers: [{ outcome: "sent", detail: "" }, busy] });
    await insertTransitions(store, [fired]);
    await outbox.deliver();
    time.now += DAY;
    await outbox.deliver();
    time.now += 5 * SECOND;
    await start().deliver();
    expect(told.map(({ reason }) => reason)).toEqual(["change", "reminder", "reminder"]);
    expect(told[2]?.id).toBe(told[1]?.id);
  });

  it("is told again, though a reminder of another that is over by now may have arrived or not", async () => {
    const unsure: SendOutcome = { outcome: "retry", detail: "no answer in time", retryAfter: null, unsure: true };
    const { outbox, ids, time } = outboxOf({ repeatEvery: DAY, answers: [{ outcome: "sent", detail: "" }, unsure] });
    await insertTransitions(store, [fired]);
    await outbox.deliver();
    time.now += DAY;
    await outbox.deliver();
    const news = [over("a"), onSubject("temp")];
    await insertTransitions(store, news);
    outbox.add(news);
    await outbox.deliver();
    time.now += DAY;
    await outbox.deliver();
    expect(ids()).toEqual([["a"], ["a"], ["a-over", "temp"], ["temp"]]);
  });

  it("R28 is told again, though it was told by a clock that was ahead", async () => {
    const { outbox, told, time } = outboxOf({ repeatEvery: DAY });
    await insertTransitions(store, [fired]);
    time.now = START + 300 * DAY;
    await outbox.deliver();
    time.now = START;
    await outbox.deliver();
    expect(told.map(({ reason }) => reason)).toEqual(["change", "reminder"]);
  });

  it("is told no more once it is acknowledged, silenced or over, or where a channel is never told again", async () => {
    await insertTransitions(store, ["taken", "quiet", "done", "open"].map(onSubject));
    const { outbox, ids, time, told } = outboxOf({ repeatEvery: DAY });
    await outbox.deliver();
    await insertAcknowledgement(store, { alertId: "taken", by: "ada", comment: "", at: START });
    await silence({ subject: "quiet" }, { to: START + 9 * DAY });
    await insertTransitions(store, [over("done")]);
    outbox.add([over("done")]);
    time.now = START + DAY;
    await outbox.deliver();
    expect(ids().slice(1)).toEqual(expect.arrayContaining([["done-over"], ["open"]]));
    expect(ids()).toHaveLength(3);
    expect(told[1]?.reason === "change" ? told[1].firing.map(({ id }) => id).sort() : []).toEqual(["open", "quiet", "taken"]);
    const never = outboxOf();
    never.time.now = START + 9 * DAY;
    await never.outbox.deliver();
    expect(never.told).toEqual([]);
  });

  it("says who took it up, when it ends", async () => {
    const { outbox, told } = outboxOf();
    await insertTransitions(store, [fired]);
    await outbox.deliver();
    await insertAcknowledgement(store, { alertId: "a", by: "ada", comment: "", at: START });
    outbox.add([over("a")]);
    await outbox.deliver();
    expect(told[1]?.acknowledged).toEqual(new Map([["a", "ada"]]));
  });
});

it("R44 a receiver that wants no more is called no more until the next start, which tells it what it missed", async () => {
  const { start, outbox, ids, time } = outboxOf({ answers: [{ outcome: "failed", detail: "HTTP 410", gone: true }] });
  await insertTransitions(store, [fired]);
  expect(await outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 1 });
  await insertTransitions(store, [over("a")]);
  outbox.add([over("a")]);
  time.now += DAY;
  expect(await outbox.deliver()).toEqual({ sent: 0, retry: 0, failed: 0 });
  expect([...outbox.waiting()].map(([channel, waiting]) => [channel, waiting.length])).toEqual([["ops", 1]]);
  await start().deliver();
  expect(ids()).toEqual([["a"], ["a-over"]]);
});

it("R47 a model's name makes no line of the log", async () => {
  const lines: string[] = [];
  const name = 'm\r\n{"level":"error","message":"forged"}\u2028\u2029\u0000';
  const { outbox } = outboxOf({ log: createLog((line) => lines.push(line)), behind: () => `Ingestion of ${name} is behind.` });
  await insertTransitions(store, [{ ...fired, key: { ...fired.key, model: name } }]);
  await outbox.deliver();
  expect(lines).toHaveLength(1);
  for (const line of lines) {
    expect(line).not.toMatch(/[\r\n]/);
    expect(JSON.parse(line)).toMatchObject({ level: "warn", model: name });
  }
});
