import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Transition } from "../../src/model/alert.ts";
import { createAlertEngine } from "../../src/alerting/engine.ts";
import { ruleHash } from "../../src/alerting/rule-hash.ts";
import { silentLog } from "../../src/log.ts";
import type { Measurement, MeasureQuery } from "../../src/model/measurement.ts";
import type { Rule } from "../../src/model/rule.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readAlerts, readStatuses, readTransitions } from "../../src/store/alerts.ts";
import { insertMeasurements } from "../../src/store/measurements.ts";
import type { Store } from "../../src/store/store.ts";
import {
  TOOLS,
  DAY_0,
  DRIFTED,
  emptyAlertTables,
  exampleMeasurement,
  exampleRule,
  exampleWindow,
  openTemporaryStore,
  QUIET,
} from "./examples.ts";

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => ({ store, remove } = await openTemporaryStore()) && undefined, 60_000);
afterAll(() => remove());
beforeEach(async () => {
  await emptyAlertTables(store);
  await store.execute("TRUNCATE TABLE measurements");
});

function engineOf(
  rules: readonly Rule[],
  over: Partial<Store> = {},
  measure: (query: MeasureQuery) => Promise<readonly Measurement[]> = async () => [],
) {
  return createAlertEngine({
    store: { ...store, ...over },
    rules,
    tools: TOOLS,
    measure,
    clock: () => DAY_0 + 90 * DAY,
    log: silentLog,
    ruleHash,
  });
}

const moves = (transitions: readonly { from: string; to: string }[]) => transitions.map(({ from, to }) => `${from} -> ${to}`);

describe("an alert's life", () => {
  it("goes through its states, and tells only that it fired and that it is over", async () => {
    const engine = engineOf([exampleRule({ evaluations: 2, retrain: true })]);
    const days = [DRIFTED, DRIFTED, QUIET, DRIFTED, QUIET, { status: "no_data" as const, value: null }, QUIET, QUIET];
    const seen = [];
    for (const [day, measured] of days.entries()) seen.push(...(await engine.evaluate(exampleWindow(day, [measured]))));
    expect(moves(seen)).toEqual([
      "normal -> pending",
      "pending -> firing",
      "firing -> recovering",
      "recovering -> firing",
      "firing -> recovering",
      "recovering -> resolved",
      "resolved -> normal",
    ]);
    expect(seen.map(({ notify }) => notify.length)).toEqual([0, 1, 0, 0, 0, 1, 0]);
    expect(seen.map(({ retrain }) => retrain)).toEqual([false, true, false, false, false, false, false]);
    const fired = seen[1];
    expect(seen.map(({ alertId }) => alertId)).toEqual(["", fired?.id, fired?.id, fired?.id, fired?.id, fired?.id, ""]);
    expect(seen[5]?.since).toBe(DAY_0);
    expect(await readTransitions(store, { limit: 99 })).toEqual([...seen].reverse());
    expect(await readAlerts(store)).toMatchObject([{ id: fired?.id, state: "resolved" }]);
    expect(await readStatuses(store)).toMatchObject([{ state: "normal", since: null, alertId: null, evaluatedTo: DAY_0 + 8 * DAY }]);
  });

  it("is over by several windows as one, where each has too few rows to tell, and asks for those only while it is open", async () => {
    const asked: MeasureQuery[] = [];
    let stretch: Partial<Measurement> = { value: 0.3, pValue: 0.001 };
    const engine = engineOf([exampleRule()], {}, async (query) => {
      asked.push(query);
      return [exampleMeasurement({ ...stretch, from: query.window.from, to: query.window.to, detail: { detectable: 0.05 } })];
    });
    const blind = { value: 0.1, pValue: 0.5, detail: { detectable: 0.4 } };
    const seen = [];
    for (const day of [0, 1, 2]) seen.push(...(await engine.evaluate(exampleWindow(day, [day === 1 ? DRIFTED : blind]))));
    expect(moves(seen)).toEqual(["normal -> firing"]);
    expect(asked).toEqual([
      {
        model: seen[0]?.key.model,
        window: { from: DAY_0 + DAY, to: DAY_0 + 3 * DAY },
        baselines: ["training"],
        families: ["drift"],
        metrics: ["wasserstein", "psi"],
      },
    ]);
    stretch = { value: 0.06, pValue: 0.5 };
    for (const day of [3, 4, 5]) seen.push(...(await engine.evaluate(exampleWindow(day, [blind]))));
    expect(moves(seen)).toEqual(
      ["normal -> firing", "firing -> recovering", "recovering -> resolved", "resolved -> normal"].slice(0, moves(seen).length),
    );
    expect(moves(seen)).toContain("recovering -> resolved");
    expect(asked).toHaveLength(3);
    expect(seen.find(({ to }) => to === "resolved")?.explanation).toMatchObject({ value: 0.06 });
  });

  it("of a segment asks for several windows of that segment alone", async () => {
    const asked: MeasureQuery[] = [];
    const example = exampleRule();
    const rule = { ...example, measure: { ...example.measure, segments: "each" as const } };
    const engine = engineOf([rule], {}, async (query) => {
      asked.push(query);
      return [];
    });
    const [one, other] = ["carrier=DL", "carrier=AA"];
    const blind = { value: 0.1, pValue: 0.5, detail: { detectable: 0.4 } };
    const seen = [
      ...(await engine.evaluate(exampleWindow(0, [{ ...DRIFTED, segment: one }, { ...QUIET, segment: other }, DRIFTED]))),
      ...(await engine.evaluate(exampleWindow(1, [{ ...blind, segment: one }, { ...blind, segment: other }, blind]))),
    ];
    expect(seen.map(({ key, to }) => [key.segment, to])).toEqual([[one, "firing"]]);
    expect(asked.map(({ segments }) => segments)).toEqual([[one]]);
  });

  it("goes on after a restart where it stood", async () => {
    const rules = [exampleRule({ evaluations: 2 })];
    await engineOf(rules).evaluate(exampleWindow(0, [DRIFTED]));
    expect(moves(await engineOf(rules).evaluate(exampleWindow(1, [DRIFTED])))).toEqual(["pending -> firing"]);
  });

  it("stays firing, visibly without data, when its subject is measured no more", async () => {
    const engine = engineOf([exampleRule()]);
    await engine.evaluate(exampleWindow(0, [DRIFTED]));
    expect(await engine.evaluate(exampleWindow(1, [{ ...QUIET, version: "2013-h1" }]))).toEqual([]);
    expect(await readStatuses(store)).toMatchObject([
      { key: { version: "2013-h1" } },
      { state: "firing", health: "no_data", since: DAY_0, evaluatedTo: DAY_0 + 2 * DAY },
    ]);
  });

  it("keeps versions and subjects apart", async () => {
    const seen = await engineOf([exampleRule()]).evaluate(
      exampleWindow(0, [DRIFTED, { feature: "temp", ...QUIET }, { version: "b" }, { version: "b", feature: "temp", ...QUIET }]),
    );
    expect(seen.map(({ key }) => [key.version, key.subject])).toEqual([
      ["2013-q1", "visib"],
      ["b", "visib"],
    ]);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(2);
  });
});

describe("which windows a rule looks at", () => {
  const weekly = exampleRule({
    measure: { metric: "drift", of: "features", baseline: "training", window: DAY, every: 2 * DAY },
  });
  it.each<[string, Rule, number, number]>([
    ["its own length", exampleRule(), DAY, 1],
    ["another length", exampleRule(), HOUR, 0],
    ["an end that is not due", weekly, DAY, (DAY_0 + DAY) % (2 * DAY) === 0 ? 1 : 0],
    ["another model's", exampleRule({ models: ["churn"] }), DAY, 0],
  ])("%s", async (_name, rule, length, count) => {
    const window = exampleWindow(0, [DRIFTED]);
    const seen = await engineOf([rule]).evaluate({
      ...window,
      window: { from: window.window.to - length, to: window.window.to },
    });
    expect(seen).toHaveLength(count);
  });
});

describe("the same window again", () => {
  it("changes nothing, nor does an older one", async () => {
    const engine = engineOf([exampleRule()]);
    await engine.evaluate(exampleWindow(3, [DRIFTED]));
    const before = await readStatuses(store);
    expect(await engine.evaluate(exampleWindow(3, [QUIET]))).toEqual([]);
    expect(await engine.evaluate(exampleWindow(2, [QUIET]))).toEqual([]);
    expect(await readStatuses(store)).toEqual(before);
  });

  /** The alert that a process opened before it was killed between transition and status. */
  async function leftByCrash() {
    const dying = engineOf([exampleRule()], {
      async insert(table, rows) {
        if (table === "alert_statuses") throw new Error("killed");
        await store.insert(table, rows);
      },
    });
    await expect(dying.evaluate(exampleWindow(0, [DRIFTED]))).rejects.toThrow("killed");
    return (await readTransitions(store, { limit: 9 }))[0];
  }

  it("makes the same transition after a crash between transition and status", async () => {
    const left = await leftByCrash();
    const [again] = await engineOf([exampleRule()]).evaluate(exampleWindow(0, [DRIFTED]));
    expect(again?.id).toBe(left?.id);
    expect(await readTransitions(store, { limit: 9 })).toHaveLength(1);
  });

  it.each([0, 1])("takes back what a crash left of an alert that is none now, %i windows later", async (later) => {
    const left = await leftByCrash();
    const over = await engineOf([exampleRule()]).evaluate(exampleWindow(later, [QUIET]));
    expect(over).toMatchObject([
      { alertId: left?.id, from: "firing", to: "resolved", reason: "retracted", notify: ["ops"], retrain: false },
    ]);
    expect(await readAlerts(store, { state: "firing" })).toEqual([]);
    expect(await engineOf([exampleRule()]).evaluate(exampleWindow(later + 1, [QUIET]))).toEqual([]);
  });

  it("is another transition under another rule", async () => {
    const [first] = await engineOf([exampleRule()]).evaluate(exampleWindow(0, [DRIFTED]));
    await emptyAlertTables(store);
    const [second] = await engineOf([exampleRule({ severity: "critical" })]).evaluate(exampleWindow(0, [DRIFTED]));
    expect(second?.id).not.toBe(first?.id);
  });
});

describe("names from events", () => {
  it("come through the store as they are", async () => {
    const feature = `<script>'"\r\n{a:String}\\`;
    const [seen] = await engineOf([exampleRule()]).evaluate(exampleWindow(0, [{ feature, model: "flight-delay" }]));
    expect(seen?.key.subject).toBe(feature);
    expect(await readTransitions(store, { limit: 1 })).toEqual([seen]);
  });
});

describe("windows that are measured again", () => {
  const [fired, calm, unknown] = [DRIFTED, QUIET, { status: "no_data" as const, value: null }];
  /** The days as first measured, with measurements stored as the monitor stores them; then some of them again. */
  async function days(rule: Rule, first: readonly Partial<Measurement>[], again: Readonly<Record<number, Partial<Measurement>>>) {
    const engine = engineOf([rule]);
    for (const [day, measured] of first.entries()) {
      const window = exampleWindow(day, [measured]);
      await insertMeasurements(store, window.measurements, DAY_0);
      await engine.evaluate(window);
    }
    const before = await readTransitions(store, { limit: 99 });
    const windows = Object.entries(again).map(([day, measured]) => exampleWindow(Number(day), [{ ...measured, revision: 2 }]));
    await insertMeasurements(
      store,
      windows.flatMap(({ measurements }) => measurements),
      DAY_0,
    );
    const seen = await engine.revise(windows);
    return { before, seen, windows, status: (await readStatuses(store))[0] };
  }
  const told = (transitions: readonly Transition[]) => transitions.map(({ from, to, reason }) => `${from} -> ${to}: ${reason}`);
  const twice = exampleRule({ evaluations: 2 });

  it("retract an alert that would not have been opened", async () => {
    const { seen, status, before } = await days(exampleRule(), [calm, fired, fired], { 1: calm, 2: calm });
    expect(told(seen)).toEqual(["firing -> resolved: retracted"]);
    expect(seen[0]).toMatchObject({ alertId: before[0]?.id, notify: ["ops"], retrain: false });
    expect(seen[0]?.summary).toMatch(/^Taken back: with the rows or labels that came late, visib would not have been told of/);
    expect(status).toMatchObject({ state: "normal", since: null, evaluatedTo: DAY_0 + 3 * DAY });
    expect(await readAlerts(store)).toMatchObject([{ state: "resolved" }]);
  });

  it("confirm one that holds, and tell nobody of it", async () => {
    const { seen, before } = await days(exampleRule(), [fired, fired], { 0: { value: 0.5 } });
    expect(told(seen)).toEqual(["firing -> firing: confirmed"]);
    expect(seen[0]).toMatchObject({ alertId: before[0]?.id, notify: [], retrain: false, explanation: { value: 0.5 } });
    expect(await readAlerts(store)).toMatchObject([{ id: before[0]?.id, state: "firing" }]);
  });

  it("change nothing where they say the same of the alert", async () => {
    expect((await days(twice, [calm, fired, calm, fired], { 2: { value: 0.06, pValue: 0.4 } })).seen).toEqual([]);
  });

  it("open one that nobody was told of, in the window in which it would have fired", async () => {
    const { seen, status } = await days(exampleRule({ retrain: true }), [calm, unknown, fired].slice(0, 2), { 1: fired });
    expect(told(seen)).toEqual(["normal -> firing: revised"]);
    expect(seen[0]).toMatchObject({ notify: ["ops"], retrain: true, window: { to: DAY_0 + 2 * DAY }, alertId: seen[0]?.id });
    expect(status).toMatchObject({ state: "firing", alertId: seen[0]?.id, since: DAY_0 + DAY });
  });

  it("tell of one that had fired and was over", async () => {
    const { seen } = await days(exampleRule(), [unknown, unknown, calm, calm, calm], { 0: fired, 1: fired });
    expect(told(seen)).toEqual(["normal -> firing: revised", "firing -> resolved: revised"]);
    expect(seen.map(({ window }) => window.to)).toEqual([DAY_0 + DAY, DAY_0 + 4 * DAY]);
    expect(await readAlerts(store)).toMatchObject([{ state: "resolved" }]);
  });

  it("end one that had been over before", async () => {
    const { seen, status } = await days(exampleRule(), [fired, fired, fired], { 1: calm, 2: calm });
    expect(told(seen)).toEqual(["firing -> resolved: revised"]);
    expect(status?.state).toBe("resolved");
  });

  it("count for windows that were judged after them", async () => {
    const { seen, status } = await days(twice, [unknown, fired, unknown], { 0: fired });
    expect(told(seen)).toEqual(["pending -> firing: revised"]);
    expect(seen[0]?.window.to).toBe(DAY_0 + 2 * DAY);
    expect(status).toMatchObject({ state: "firing", since: DAY_0 });
  });

  it.each(["alert_statuses", "alert_trail"])("say the same again after a crash before %s is written", async (table) => {
    const engine = engineOf([exampleRule()]);
    for (const day of [0, 1]) {
      const window = exampleWindow(day, [day === 0 ? calm : fired]);
      await insertMeasurements(store, window.measurements, DAY_0);
      await engine.evaluate(window);
    }
    const again = exampleWindow(1, [{ ...calm, revision: 2 }]);
    const dying = engineOf([exampleRule()], {
      async insert(into, rows) {
        if (into === table) throw new Error("killed");
        await store.insert(into, rows);
      },
    });
    await expect(dying.revise([again])).rejects.toThrow("killed");
    const left = (await readTransitions(store, { limit: 9 })).find(({ reason }) => reason === "retracted");
    expect(left).toMatchObject({ from: "firing", to: "resolved" });
    const seen = await engineOf([exampleRule()]).revise([again]);
    expect(seen.map(({ id }) => id)).toEqual(table === "alert_statuses" ? [left?.id] : []);
    expect((await readStatuses(store))[0]).toMatchObject({ state: "normal" });
    expect(await readTransitions(store, { limit: 9 })).toHaveLength(2);
    expect(await engineOf([exampleRule()]).revise([again])).toEqual([]);
  });

  it("say nothing new after a restart, and can say it anew once it was taken back", async () => {
    const { seen, windows } = await days(exampleRule(), [fired], { 0: calm });
    const [retracted] = seen;
    expect(await engineOf([exampleRule()]).revise(windows)).toEqual([]);
    const again = exampleWindow(0, [{ ...fired, revision: 3 }]);
    const [anew] = await engineOf([exampleRule()]).revise([again]);
    expect(anew).toMatchObject({ to: "firing", reason: "revised" });
    expect(anew?.alertId).not.toBe(retracted?.alertId);
    expect((await readAlerts(store)).map(({ state }) => state).sort()).toEqual(["firing", "resolved"]);
  });
});

describe("what no rule judges any more", () => {
  const open = async () => engineOf([exampleRule()]).evaluate(exampleWindow(0, [DRIFTED]));
  const models = new Set(["flight-delay"]);

  it.each<[string, Rule[], ReadonlySet<string>, string]>([
    ["its rule is gone", [], models, "rule_removed"],
    ["its rule is for other models", [exampleRule({ models: ["churn"] })], models, "rule_removed"],
    ["its model is gone", [exampleRule()], new Set(), "rule_removed"],
    ["its rule looks at other features", [exampleRule({ measure: { ...exampleRule().measure, of: ["temp"] } })], models, "not_watched"],
  ])("is closed, and told to those who were told of it: %s", async (_name, rules, named, reason) => {
    const [fired] = await open();
    const engine = engineOf(rules);
    const closed = await engine.closeUnwatched(named);
    expect(closed).toMatchObject([{ from: "firing", to: "resolved", alertId: fired?.id, notify: ["ops"], retrain: false, reason }]);
    expect(closed[0]?.summary).toContain("not because anything was seen to be well again");
    expect(await engine.closeUnwatched(named)).toEqual([]);
    expect(await readAlerts(store)).toMatchObject([{ state: "resolved" }]);
  });

  it("is told to those who were told of it when it is over, though its rule names others by now", async () => {
    await open();
    const engine = engineOf([exampleRule({ notify: ["ml"], clear: { ...exampleRule().clear, evaluations: 1 } })]);
    expect(await engine.evaluate(exampleWindow(1, [QUIET]))).toMatchObject([{ to: "resolved", notify: ["ml", "ops"] }]);
    expect(await readTransitions(store, { limit: 1 })).toMatchObject([{ to: "resolved", notify: ["ml", "ops"] }]);
  });

  it("is left alone while its rule is there", async () => {
    await open();
    expect(await engineOf([exampleRule()]).closeUnwatched(models)).toEqual([]);
  });

  it("is closed when its version sends nothing any more and others do, not when nothing comes at all", async () => {
    await open();
    const engine = engineOf([exampleRule()]);
    const other = { ...QUIET, version: "2013-h1" };
    expect(await engine.evaluate({ ...exampleWindow(1, []), versions: [] })).toEqual([]);
    expect(await engine.evaluate({ ...exampleWindow(2, [other]), versions: ["2013-h1", "2013-q1"] })).toEqual([]);
    const closed = await engine.evaluate({ ...exampleWindow(3, [other]), versions: ["2013-h1"] });
    expect(closed).toMatchObject([{ from: "firing", to: "resolved", reason: "version_retired", key: { version: "2013-q1" } }]);
    expect(await engine.evaluate({ ...exampleWindow(4, [other]), versions: ["2013-h1"] })).toEqual([]);
  });
});

describe("a change", () => {
  it("is against what was measured so long ago, and says nothing where nothing was", async () => {
    const fire = { above: new Map(), drop: null, falseAlarms: 0.01, change: { direction: "up" as const, by: 0.1, over: 7 * DAY } };
    const engine = engineOf([exampleRule({ measure: { ...exampleRule().measure, metric: "wasserstein" }, fire })]);
    const seen = [];
    for (const [day, value] of [0.1, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.55, 0.4].entries()) {
      const window = exampleWindow(day, [{ value, ci: [value - 0.02, value + 0.02] }]);
      await insertMeasurements(store, window.measurements, DAY_0);
      seen.push(...(await engine.evaluate(window)));
    }
    expect(seen.map(({ to, window }) => [to, (window.to - DAY_0) / DAY])).toEqual([["firing", 10]]);
    expect(seen[0]?.summary).toContain("went from 0.1 to 0.4 within 7d");
  });
});

describe("severity by levels", () => {
  it("is told of again when it becomes worse, never when better", async () => {
    const above = new Map([["wasserstein", 0.5] as const]);
    const engine = engineOf([exampleRule({ levels: [{ severity: "critical", fire: { above, drop: null } }] })]);
    const seen = [];
    for (const [day, value] of [0.3, 0.4, 0.9, 0.3, 0.9].entries()) seen.push(...(await engine.evaluate(exampleWindow(day, [{ value }]))));
    expect(seen.map(({ from, to, severity, reason = "" }) => [from, to, severity, reason])).toEqual([
      ["normal", "firing", "warning", ""],
      ["firing", "firing", "critical", "escalated"],
    ]);
    expect(seen[1]).toMatchObject({ alertId: seen[0]?.id, notify: ["ops"], retrain: false });
    expect((await readStatuses(store))[0]).toMatchObject({ state: "firing", severity: "critical" });
  });
});
