import { afterAll, beforeAll, expect, test } from "vitest";
import type { Grid } from "../../src/model/grid.ts";
import { DAY, HOUR, MINUTE, type Millis } from "../../src/model/time.ts";
import { createLiveVersions, type Counted } from "../../src/monitor/live-versions.ts";
import { modelState, type ModelState } from "../../src/monitor/model-state.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { scratchDirectory } from "../support/scratch.ts";

const MODEL = "m";
const BEGIN: Millis = Date.UTC(2026, 0, 5);

let opened: Store;
/** Windows that the store was asked about, in days since the beginning. */
let asked: [number, number][] = [];
let store: Store;

beforeAll(async () => {
  opened = await openStore({ kind: "embedded", path: scratchDirectory() });
  store = {
    ...opened,
    query: (sql, params) => {
      const { from, to } = params as { from: number; to: number };
      asked.push([(from * 1000 - BEGIN) / DAY, (to * 1000 - BEGIN) / DAY]);
      return opened.query(sql, params);
    },
  };
  for (let day = 0; day < 10; day++) await count(day, "v1", 5);
  await count(3, "v2", 5);
});
afterAll(() => opened.close());

/** Counts a version's rows of a day; 0 takes them away again. */
let generation = 1;
function count(day: number, version: string, rows: number): Promise<void> {
  const [bucket, key] = [
    (BEGIN + day * DAY + 7 * HOUR) / 1000,
    { model: MODEL, baseline: "", segment: "", subject: "feature", feature: "x", grid: 1 },
  ];
  return opened.insert("feature_counts", [{ ...key, version, bucket, rows, generation: generation++ }]);
}

const grid: Grid = {
  model: MODEL,
  version: 1,
  subjects: [{ key: { subject: "feature", feature: "x" }, grid: { kind: "categorical", categories: ["a"], rare: [], provisional: false } }],
};

function state(of: Grid = grid): ModelState {
  return modelState(
    { name: MODEL, task: "regression", bucket: HOUR, lateness: 0, labelsExpectedWithin: DAY, baselines: [] } as never,
    [],
    of,
  );
}

const days = (from: number, to: number) => ({ from: BEGIN + from * DAY, to: BEGIN + to * DAY });

/** What was read with all its counts: steps of a day, of versions by day. */
function counted(from: number, to: number, byDay: Readonly<Record<number, readonly string[]>>): Counted {
  const steps = Object.entries(byDay).map(([day, versions]) => ({
    from: BEGIN + Number(day) * DAY,
    byVersion: new Map(versions.map((version) => [version, null])),
  }));
  return { window: days(from, to), stepMs: DAY, steps };
}

const NOTHING = counted(0, 0, {});
const found = (steps: readonly { from: Millis; versions: readonly string[] }[]) =>
  Object.fromEntries(steps.map(({ from, versions }) => [(from - BEGIN) / DAY, versions.toSorted()]));

test("what was read is not asked for again, and what was counted beside it is not at all", async () => {
  asked = [];
  const live = createLiveVersions(store);
  expect(found(await live.reading().within(state(), days(0, 4), DAY, counted(3, 4, { 3: ["v1", "v2"] })))).toEqual({
    0: ["v1"],
    1: ["v1"],
    2: ["v1"],
    3: ["v1", "v2"],
  });
  expect(asked).toEqual([[0, 3]]);
  // A day later: the day is counted, the others are known.
  expect(found(await live.reading().within(state(), days(1, 5), DAY, counted(4, 5, { 4: ["v1"] })))).toEqual({
    1: ["v1"],
    2: ["v1"],
    3: ["v1", "v2"],
    4: ["v1"],
  });
  // Days without rows are known as such.
  expect(found(await live.reading().within(state(), days(12, 14), DAY, counted(12, 13, {})))).toEqual({});
  expect(asked).toEqual([
    [0, 3],
    [13, 14],
  ]);
  await live.reading().within(state(), days(12, 14), DAY, NOTHING);
  expect(asked).toHaveLength(2);
});

test("of a bucket that was counted anew the step is asked for again", async () => {
  const live = createLiveVersions(store);
  await live.reading().within(state(), days(0, 8), DAY, NOTHING);
  await count(5, "v3", 1);
  live.forget([days(5, 6).from + 7 * HOUR]);
  asked = [];
  expect(found(await live.reading().within(state(), days(4, 7), DAY, NOTHING))).toEqual({ 4: ["v1"], 5: ["v1", "v3"], 6: ["v1"] });
  expect(asked).toEqual([[5, 6]]);
  await count(5, "v3", 0);
});

test("what was read before something was counted anew is not remembered", async () => {
  const live = createLiveVersions(store);
  const before = live.reading();
  live.forget([days(2, 3).from]);
  // As read before: the version that came meanwhile is not in it.
  expect(found(await before.within(state(), days(2, 3), DAY, counted(2, 3, { 2: ["v1"] })))).toEqual({ 2: ["v1"] });
  await count(2, "v4", 1);
  asked = [];
  expect(found(await live.reading().within(state(), days(2, 3), DAY, NOTHING))).toEqual({ 2: ["v1", "v4"] });
  expect(asked).toEqual([[2, 3]]);
  await count(2, "v4", 0);
});

test("steps of another length, and of other rows, are asked for by themselves", async () => {
  const live = createLiveVersions(store);
  await live.reading().within(state(), days(0, 4), DAY, NOTHING);
  asked = [];
  expect((await live.reading().within(state(), days(0, 1), HOUR, counted(0, 1, { 0: ["v9"] }))).map(({ from }) => from)).toEqual([
    BEGIN + 7 * HOUR,
  ]);
  expect(await live.reading().within({ ...state(), segment: "s" }, days(0, 4), DAY, NOTHING)).toEqual([]);
  expect(asked).toEqual([
    [0, 1],
    [0, 4],
  ]);
});

test("a model without subjects has no counts to tell by: its outcomes are asked", async () => {
  const live = createLiveVersions(store);
  asked = [];
  expect(await live.reading().within(state({ ...grid, subjects: [] }), days(0, 2), DAY, counted(0, 2, {}))).toEqual([]);
  expect(asked).toEqual([[0, 2]]);
});

test("decades of minutes are read as they are, and nothing is remembered of them", async () => {
  const live = createLiveVersions(store);
  const decades = { from: BEGIN - 20_000 * DAY, to: BEGIN + 2 * DAY };
  asked = [];
  const steps = await live.reading().within(state(), decades, MINUTE, NOTHING);
  expect(steps.map(({ from }) => from)).toEqual([BEGIN + 7 * HOUR, BEGIN + DAY + 7 * HOUR]);
  await live.reading().within(state(), decades, MINUTE, NOTHING);
  expect(asked).toHaveLength(2);
});
