import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AlertStatus } from "../../src/model/alert.ts";
import { DAY } from "../../src/model/time.ts";
import { insertStatuses, insertTransitions, readAlerts, readStatuses, readTransitions, readUndelivered } from "../../src/store/alerts.ts";
import { insertDeliveries, readDeliveries } from "../../src/store/deliveries.ts";
import type { Store } from "../../src/store/store.ts";
import { DAY_0, emptyAlertTables, exampleTransition, openTemporaryStore } from "../alerting/examples.ts";

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => ({ store, remove } = await openTemporaryStore()) && undefined, 60_000);
afterAll(() => remove());
beforeEach(() => emptyAlertTables(store));

const HOSTILE = `<script>alert(1)</script>\r\nBcc: a@b 'quote" {x:String} \\'; DROP TABLE alert_statuses --`;

describe("statuses", () => {
  const status: AlertStatus = {
    key: { rule: "r", model: HOSTILE, version: "v", segment: null, subject: HOSTILE },
    state: "pending",
    health: "insufficient",
    streak: 2,
    since: DAY_0 + 123,
    alertId: null,
    evaluatedTo: DAY_0 + DAY,
  };

  it("come back as they were, the newest of each", async () => {
    await insertStatuses(store, [status]);
    const later: AlertStatus = {
      ...status,
      state: "normal",
      since: null,
      evaluatedTo: DAY_0 + 2 * DAY,
    };
    await insertStatuses(store, [later]);
    await insertStatuses(store, [status]);
    expect(await readStatuses(store)).toEqual([later]);
    expect(await readStatuses(store, { model: HOSTILE })).toEqual([later]);
    expect(await readStatuses(store, { model: "other" })).toEqual([]);
  });
});

describe("transitions", () => {
  it("come back as they were, once, newest first, and by filter", async () => {
    const first = exampleTransition({
      id: "a",
      alertId: "a",
      key: { rule: "r", model: HOSTILE, version: "v", segment: "s", subject: HOSTILE },
      summary: HOSTILE,
    });
    const second = exampleTransition({
      id: "b",
      alertId: "a",
      from: "firing",
      to: "resolved",
      key: first.key,
      window: { from: DAY_0 + DAY, to: DAY_0 + 2 * DAY },
    });
    await insertTransitions(store, [first, second]);
    await insertTransitions(store, [first]);
    expect(await readTransitions(store, { limit: 10 })).toEqual([second, first]);
    expect(await readTransitions(store, { limit: 1 })).toEqual([second]);
    expect(
      await readTransitions(store, {
        model: HOSTILE,
        state: "firing",
        since: DAY_0 + DAY,
        limit: 10,
      }),
    ).toEqual([first]);
    expect(await readTransitions(store, { since: DAY_0 + DAY + 1, limit: 10 })).toEqual([second]);
  });

  it("make one alert for each firing, in its latest state", async () => {
    const pending = exampleTransition({ id: "p", alertId: "", to: "pending" });
    const firing = exampleTransition({
      id: "a",
      alertId: "a",
      from: "pending",
      window: { from: DAY_0 + DAY, to: DAY_0 + 2 * DAY },
    });
    const recovering = exampleTransition({
      id: "c",
      alertId: "a",
      from: "firing",
      to: "recovering",
      window: { from: DAY_0 + 2 * DAY, to: DAY_0 + 3 * DAY },
      summary: "it recovers",
    });
    const other = exampleTransition({
      id: "o",
      alertId: "o",
      key: { ...firing.key, model: "other" },
    });
    await insertTransitions(store, [pending, firing, recovering, other]);
    await insertStatuses(store, [
      {
        key: firing.key,
        state: "recovering",
        health: "no_data",
        streak: 1,
        since: DAY_0,
        alertId: "a",
        evaluatedTo: DAY_0 + 3 * DAY,
      },
    ]);
    const alerts = await readAlerts(store);
    expect(alerts.map(({ id, state, health, summary }) => ({ id, state, health, summary }))).toEqual([
      { id: "a", state: "recovering", health: "no_data", summary: "it recovers" },
      { id: "o", state: "firing", health: "ok", summary: other.summary },
    ]);
    expect(await readAlerts(store, { state: "firing" })).toHaveLength(1);
    expect(await readAlerts(store, { model: "flight-delay", state: "firing" })).toEqual([]);
  });

  it("wait for each channel until it was told or given up", async () => {
    await insertTransitions(store, [
      exampleTransition({ id: "a", notify: ["ops", "ml", "pager"] }),
      exampleTransition({ id: "quiet", notify: [] }),
    ]);
    const delivery = {
      notificationId: "n",
      transitionIds: ["a"],
      attempt: 1,
      detail: "HTTP 200",
      at: DAY_0,
      nextAttemptAt: null,
    };
    await insertDeliveries(store, [
      { ...delivery, channel: "ops", outcome: "sent" },
      { ...delivery, channel: "ml", outcome: "retry", nextAttemptAt: DAY_0 + 5 },
      { ...delivery, channel: "pager", outcome: "failed" },
    ]);
    expect((await readUndelivered(store)).map(({ channel, transition }) => [channel, transition.id])).toEqual([["ml", "a"]]);
    expect(await readDeliveries(store, { channel: "ml", transitionIds: ["a", "z"], limit: 5 })).toEqual([
      { ...delivery, channel: "ml", outcome: "retry", nextAttemptAt: DAY_0 + 5 },
    ]);
    expect(await readDeliveries(store, { transitionIds: ["z"], limit: 5 })).toEqual([]);
  });
});
