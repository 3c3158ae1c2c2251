import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAlertEngine } from "../../src/alerting/engine.ts";
import { ruleHash } from "../../src/alerting/rule-hash.ts";
import { silentLog } from "../../src/log.ts";
import type { Measurement, MeasureQuery } from "../../src/model/measurement.ts";
import type { Rule } from "../../src/model/rule.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readAlerts, readStatuses, readTransitions } from "../../src/store/alerts.ts";
import type { Store } from "../../src/store/store.ts";
import {
  adjustPValues,
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
beforeEach(() => emptyAlertTables(store));

function engineOf(
  rules: readonly Rule[],
  over: Partial<Store> = {},
  measure: (query: MeasureQuery) => Promise<readonly Measurement[]> = async () => [],
) {
  return createAlertEngine({
    store: { ...store, ...over },
    rules,
    adjust: adjustPValues,
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

  it("makes the same transition after a crash between transition and status", async () => {
    const dying = engineOf([exampleRule()], {
      async insert(table, rows) {
        if (table === "alert_statuses") throw new Error("killed");
        await store.insert(table, rows);
      },
    });
    await expect(dying.evaluate(exampleWindow(0, [DRIFTED]))).rejects.toThrow("killed");
    const [left] = await readTransitions(store, { limit: 9 });
    const [again] = await engineOf([exampleRule()]).evaluate(exampleWindow(0, [DRIFTED]));
    expect(again?.id).toBe(left?.id);
    expect(await readTransitions(store, { limit: 9 })).toHaveLength(1);
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
