import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { createApp, type App } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import type { Transition } from "../../src/model/alert.ts";
import type { Constraint, ConstraintFinding } from "../../src/model/constraint.ts";
import { addCounts, noCounts, type Counts } from "../../src/model/counts.ts";
import { binCount, nextBelow, numericBin, type NumericGrid } from "../../src/model/grid.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { constraintMeasurement, heldByCounts } from "../../src/monitor/check-constraints.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { load, loaded } from "../config/workplace.ts";
import { ndjson } from "../support/messages.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { play } from "../support/program.ts";

const START = Date.UTC(2026, 5, 1);
const HOSTILE = "a'b\"c`\\ \n{x:String}; DROP TABLE predictions --";

type Features = Readonly<Record<string, unknown>>;

/** Rows of one day, a feature set each. */
function rows(day: number, features: readonly Features[]) {
  return features.map((one, index) => ({
    type: "prediction",
    id: `${day}-${index}`,
    model: "m",
    version: "1",
    time: new Date(START + day * DAY + Math.floor((index * DAY) / features.length)).toISOString(),
    features: one,
    prediction: index % 2 === 0 ? "yes" : "no",
    score: 0.5,
  }));
}

const chance = mulberry32(3);
const usual = (count: number): Features[] =>
  Array.from({ length: count }, (_, index) => ({
    amount: Math.round(chance() * 100),
    colour: ["red", "green", HOSTILE][index % 3],
    member: index % 4 === 0,
    code: `c${index % 12}`,
    always: 7,
    [HOSTILE]: index % 50 === 0 ? null : chance(),
  }));

const RULES = readFileSync("alerts/constraints.yaml", "utf8");
const constraint = JSON.stringify({
  amount: { type: "number", range: { min: 0, max: 120 }, missing: { at_most: 0.1 } },
  colour: { type: "text", values: ["red", "green", "violet", HOSTILE] },
  member: { type: "boolean", presence: "optional" },
  code: { type: "text", distinct: { at_most: 12 } },
  always: { range: { min: 7, max: 7, at_most: 0.1 } },
  [HOSTILE]: { missing: { at_most: 0.05 }, range: { min: 0.25, at_most: 0.5 } },
  nowhere: { missing: { at_most: 0.5 } },
  perhaps: { type: "number", presence: "optional" },
  new: { presence: "optional", type: "number", range: { max: 10 } },
  fine: { presence: "optional", range: { min: 0.1 + 0.2, max: 1e300 } },
});

let app: App;
const transitions: Transition[] = [];
let found: Measurement[] = [];

/** What was found of a feature on a day. */
const of = (feature: string, day: number) => found.find((one) => one.feature === feature && one.from === START + day * DAY);
const part = (feature: string, day: number, kind: ConstraintFinding["constraint"]) =>
  of(feature, day)?.detail.constraints?.find((one) => one.constraint === kind);

describe("in the whole program", () => {
  beforeAll(async () => {
    const yaml = `clock: replay
store: {path: ./data}
alerts: [rules.yaml]
models:
  m:
    task: binary
    positive: "yes"
    baselines: {training: {file: training.ndjson}, recent: {window: 2d}, champion: {version: "1"}}
    constraints: ${constraint}
`;
    const training = Array.from({ length: 10 }, (_, day) => rows(day - 10, usual(120))).flat();
    const config = loaded(load(yaml, { "training.ndjson": ndjson(training), "rules.yaml": RULES }));
    app = await createApp(config, { log: silentLog, tickEvery: null, onTransitions: (changed) => transitions.push(...changed) });
    await app.start();
    const change = (features: readonly Features[], every: number, changes: Features, first = 0) =>
      features.map((one, index) => (index % every === first ? { ...one, ...changes } : one));
    await play(
      app,
      rows(0, usual(120)),
      // Out of range on either side, and within it beyond what the baseline had.
      rows(1, change(change(change(usual(120), 24, { amount: 115 }), 30, { amount: 500 }, 1), 40, { amount: -3 }, 2)),
      rows(2, change(usual(120), 5, { amount: null })),
      rows(3, change(usual(120), 10, { amount: "many", always: "NaN" })),
      // A colour that may be, though the baseline never had it, and one that may not.
      rows(4, change(change(usual(120), 12, { colour: "violet" }), 20, { colour: `${HOSTILE}!` })),
      rows(5, change(change(usual(120), 10, { member: "perhaps" }), 15, { code: "c12" })),
      rows(6, change(usual(120), 1, { member: null, colour: null })),
      rows(7, change(change(change(usual(120), 2, { new: 11, always: 8, fine: 0.1 + 0.2 }), 4, { fine: 0.3 }, 1), 4, { fine: 2e300 }, 3)),
      rows(8, change(usual(12), 6, { amount: -1 })),
      rows(9, usual(12)),
      rows(11, usual(120)),
    );
    found = await readMeasurements(app.store, { model: "m", metric: "constraint_violations" });
    return () => app.stop();
  });

  test("what keeps to its constraints is no finding", () => {
    for (const feature of ["amount", "colour", "member", "code", "always", HOSTILE])
      expect(of(feature, 0), feature).toMatchObject({
        status: "ok",
        baseline: "training",
        evidence: "independent_rows",
        rows: { reference: 1_200, current: 120 },
      });
    for (const feature of ["amount", "colour", "member", "code", "always"]) expect(of(feature, 0)?.pValue, feature).toBe(1);
  });

  test("numbers beyond a range are counted exactly, on the bins or in the rows", () => {
    expect(of("amount", 1)).toMatchObject({ value: 7 / 120, expected: 0, pValue: 0, status: "ok", detail: { hits: 7 } });
    expect(part("amount", 1, "range")).toMatchObject({
      broken: 7,
      rows: 120,
      limit: 0,
      below: 3,
      above: 4,
      low: -3,
      high: 500,
      from: "rows",
    });
    expect(part("amount", 0, "range")).toMatchObject({ broken: 0, from: "counts" });
    expect(part("always", 7, "range")).toMatchObject({ broken: 60, rows: 120, limit: 0.1, above: 60 });
  });

  test("too much that is missing, or of another type", () => {
    expect(part("amount", 2, "missing")).toMatchObject({ broken: 24, rows: 120, limit: 0.1, from: "counts" });
    expect(of("amount", 2)?.pValue).toBeLessThan(0.01);
    expect(part("amount", 3, "type")).toMatchObject({ broken: 12, rows: 120, limit: 0 });
    expect(part("amount", 3, "missing")).toMatchObject({ broken: 0 });
    expect(part("member", 5, "type")).toMatchObject({ broken: 12, rows: 120, values: [{ value: "perhaps", rows: 12 }] });
  });

  test("texts that are none of those there may be are named, and one that is listed is none", () => {
    expect(part("colour", 4, "values")).toMatchObject({ broken: 6, rows: 120, values: [{ value: `${HOSTILE}!`, rows: 6 }], from: "rows" });
    expect(part("colour", 0, "values")).toMatchObject({ broken: 0, from: "counts" });
    expect(part("code", 5, "distinct")).toMatchObject({ broken: expect.any(Number), distinct: 13, atMost: 12 });
    expect(of("code", 5)?.value).toBeGreaterThan(0);
  });

  test("what is gone is a finding where it is required, and none where it is optional", () => {
    expect(part("colour", 6, "presence")).toMatchObject({ broken: 120, rows: 120, pValue: 0 });
    expect(of("member", 6)).toMatchObject({ status: "no_data", value: null });
  });

  test("a feature that no baseline has", () => {
    expect(of("nowhere", 0)).toMatchObject({
      status: "ok",
      value: 1,
      detail: { note: expect.stringMatching(/^There is no such feature/) },
    });
    expect(of("perhaps", 0)).toMatchObject({ status: "no_data", detail: { note: expect.stringMatching(/^There is no such feature/) } });
    // A new one is known by its rows.
    expect(of("new", 7)).toMatchObject({ status: "ok", value: 1, detail: { hits: 60 } });
    expect(of("new", 7)?.detail.note).toBeUndefined();
    // To the last bit, and beyond what whole numbers are exact to.
    expect(part("fine", 7, "range")).toMatchObject({ rows: 120, below: 30, above: 30, low: 0.3, high: 2e300, from: "rows" });
  });

  test("too few rows prove that what none may do is done, and nothing else; none prove nothing", () => {
    expect(of("amount", 8)).toMatchObject({ status: "ok", value: 2 / 12, pValue: 0 });
    expect(of("amount", 9)).toMatchObject({ status: "insufficient", value: null, rows: { current: 12 } });
    expect(of("amount", 10)).toMatchObject({ status: "no_data", rows: { current: 0 } });
  });

  test("the shipped rule tells what is broken, and how", () => {
    const told = new Map(
      transitions.filter(({ to }) => to === "firing").map((one) => [`${one.key.subject} ${(one.window.from - START) / DAY}`, one.summary]),
    );
    expect(told.get("amount 1")).toMatch(
      /^5\.8% of the values of amount lie outside 0 to 120, where none may: 3 rows below, down to -3, and 4 rows above, up to 500\./,
    );
    expect(told.get("colour 4")).toMatch(/^5% of the values of colour are none of those there may be, where none may be: “a'b"c/);
    expect(told.get("nowhere 0")).toMatch(/^nowhere is missing in 100% of rows, where 50% may be\./);
    expect(told.get("always 7")).toMatch(/^50% of the values of always lie outside 7 to 7, where 10% may: 60 rows above, up to 8\./);
    expect([...told.keys()].some((key) => key.startsWith("member 6"))).toBe(false);
  });

  test("a file suggests constraints, and live rows do, whatever names they hold; another version has no rows of its own", async () => {
    const suggested = async (baseline: string) => {
      const found = await app.monitor.suggestConstraints("m", baseline);
      return found && { ...found, byName: new Map(found.features.map((one) => [one.constraint.feature, one.constraint])) };
    };
    const training = await suggested("training");
    expect(training?.sources).toMatchObject([{ rows: 1_200, source: expect.stringContaining("training.ndjson") }]);
    expect(training?.byName.get("colour")?.values).toEqual({ among: [HOSTILE, "green", "red"].sort(), atMost: 0 });
    expect(training?.byName.get("member")).toMatchObject({ type: { is: "boolean" } });
    expect(training?.byName.get("always")?.range).toEqual({ min: 7, max: 7, atMost: 0 });
    expect(training?.byName.get(HOSTILE)).toMatchObject({
      type: { is: "number", atMost: 0 },
      missing: expect.any(Number),
      range: { min: 0 },
    });
    expect(training?.byName.get("amount")?.range).toMatchObject({ min: 0, max: expect.closeTo(110, -1) });
    // Of the last day the 23 hours that are over, with five rows each; the day before has none.
    const recent = await suggested("recent");
    expect(recent?.sources).toMatchObject([{ rows: 115, source: "live rows" }]);
    expect(recent?.byName.get("code")?.values?.among).toHaveLength(12);
    expect(await suggested("champion")).toBeNull();
    expect(await suggested("nobody")).toBeNull();
  });

  test("the view of quality shows it", async () => {
    const view = await app.store.query<{ name: string; value: number }>(
      "SELECT name, value FROM v_quality WHERE metric = 'constraint_violations' AND name = 'amount' AND status = 'ok' AND value > 0 ORDER BY time",
    );
    expect(view.map(({ value }) => value)[0]).toBeCloseTo(7 / 120, 9);
  });
});

describe("what counts can tell", () => {
  const edges = [-10, 0, nextBelow(5), 5, 20];
  const grid: NumericGrid = { kind: "numeric", edges, quantum: 2 ** -30, provisional: false };
  const countsOf = (values: readonly number[]): Counts =>
    addCounts(
      values.map((value) => {
        const bins = new Array<number>(binCount(grid)).fill(0);
        bins[numericBin(edges, value)] = 1;
        return { ...noCounts(0), bins, rows: 1, low: value, high: value };
      }),
      binCount(grid),
    );
  const value = fc.oneof(fc.integer({ min: -25, max: 30 }), fc.double({ min: -25, max: 30, noNaN: true }), fc.constantFrom(...edges));

  test("of a range is what the rows say, or nothing", () => {
    let told = 0;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), fc.option(value), fc.option(value), (values, min, max) => {
        const constraint: Constraint = { feature: "x", presence: "required", range: { min, max, atMost: 0 } };
        const held = heldByCounts(constraint, grid, countsOf(values));
        if (held === null) return;
        told += 1;
        expect(held.below).toBe(values.filter((one) => min !== null && one < min).length);
        expect(held.above).toBe(values.filter((one) => max !== null && one > max).length);
      }),
      { seed: 5, numRuns: 2_000 },
    );
    expect(told).toBeGreaterThan(200);
  });

  test.each([0, 1, 2])("%s rows", (count) => {
    const where = { model: "m", version: "1", baseline: "training", window: { from: 0, to: HOUR } };
    const held = heldByCounts(
      { feature: "x", presence: "required", range: { min: 0, max: 3, atMost: 0 } },
      grid,
      countsOf([1, 1].slice(0, count)),
    );
    expect(held).toMatchObject({ rows: count, below: 0, above: 0 });
    const none = constraintMeasurement(where, { feature: "x", rows: count, findings: [], note: null, isUnknown: false }, 100);
    expect(none).toMatchObject({ status: "no_data", value: null, pValue: null, rows: { reference: 100, current: count } });
  });
});
