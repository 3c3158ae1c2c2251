import { describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { BaselineSettings } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { trailingSpans } from "../../src/monitor/trailing.ts";
import { windowsOfSeason } from "../../src/monitor/season.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { driftRule, fileBaseline, toyConfig } from "../support/toy-config.ts";

const START = Date.UTC(2026, 0, 5);

describe("the stretches a trailing baseline means", () => {
  const trailing = (window: number, rest: object = {}) => ({ kind: "trailing" as const, name: "t", window, offset: 0, ...rest });
  const hour = { from: START + 30 * HOUR, to: START + 31 * HOUR };
  const spans = (settings: Parameters<typeof trailingSpans>[0], window = hour) =>
    trailingSpans(settings, window).map(({ from, to }) => [(from - window.from) / HOUR, (to - window.from) / HOUR]);

  test("end where it begins, or the offset before", () => {
    expect(spans(trailing(3 * DAY))).toEqual([[-72, 0]]);
    expect(spans(trailing(3 * DAY, { offset: DAY }))).toEqual([[-96, -24]]);
  });

  test("of a season lie at the same place of it", () => {
    expect(spans(trailing(3 * DAY, { season: "day" }))).toEqual([
      [-24, -23],
      [-48, -47],
      [-72, -71],
    ]);
    expect(spans(trailing(7 * DAY, { season: "week" }))).toEqual([[-168, -167]]);
    expect(spans(trailing(14 * DAY, { season: "week", offset: DAY }))).toEqual([
      [-168, -167],
      [-336, -335],
    ]);
    expect(spans(trailing(2 * DAY, { season: "day", offset: DAY }))).toEqual([
      [-48, -47],
      [-72, -71],
    ]);
  });

  test("are of whole days where the window is one, and the whole stretch where it is longer than the season", () => {
    expect(spans(trailing(2 * DAY, { season: "day" }), { from: START, to: START + DAY })).toEqual([
      [-24, 0],
      [-48, -24],
    ]);
    expect(spans(trailing(14 * DAY, { season: "day" }), { from: START, to: START + 7 * DAY })).toEqual([[-336, 0]]);
  });
});

test("windows that say what is usual are those of the same hour of the week, of the day, or all, whichever are eight first", () => {
  const hours = (days: number) => Array.from({ length: days * 24 }, (_, index) => ({ from: START + index * HOUR }));
  const at = START + 100 * DAY + 3 * HOUR;
  expect(windowsOfSeason(hours(7), at, "week")).toHaveLength(7 * 24);
  expect(windowsOfSeason(hours(8), at, undefined)).toHaveLength(8);
  expect(windowsOfSeason(hours(49), at, "week")).toHaveLength(49);
  expect(windowsOfSeason(hours(57), at, "week")).toHaveLength(8);
  expect(windowsOfSeason(hours(57), at, "week").every(({ from }) => (from - at) % (7 * DAY) === 0)).toBe(true);
});

/** A day that comes again: the amount is low at night and high in the afternoon, and there are more requests by day. */
function createDays(seed: number) {
  const chance = mulberry32(seed);
  const normal = () => Math.sqrt(-2 * Math.log(chance() + 2 ** -33)) * Math.cos(2 * Math.PI * chance());
  return (name: string, first: number, count: number) =>
    Array.from({ length: count * 24 }, (_, hour) => {
      const wave = Math.sin((2 * Math.PI * ((hour % 24) - 9)) / 24);
      return Array.from({ length: Math.round(46 + 12 * wave) }, (_, index) => ({
        type: "prediction",
        id: `${name}-${hour}-${index}`,
        model: "shop",
        version: "1",
        time: first + hour * HOUR + Math.floor(chance() * HOUR),
        features: { amount: Number((10 + 4 * wave + 2 * normal()).toFixed(3)) },
        score: 0.5,
      }));
    }).flat();
}

const hourly = (baseline: string): Rule =>
  driftRule(new Map([["wasserstein", 0.1]]), { baseline, window: HOUR, every: HOUR }, { name: baseline, atLeastRows: 30 });

async function played(
  baselines: readonly BaselineSettings[],
  rules: readonly Rule[],
  directory: string,
  events: readonly object[],
): Promise<App> {
  const shop = { name: "shop", positive: "1", labelsExpectedWithin: HOUR, driftMetrics: [], baselines };
  const { app } = await startProgram(toyConfig(directory, shop, rules));
  await play(app, events);
  return app;
}

const recent: BaselineSettings = { kind: "trailing", name: "recent", window: 7 * DAY, offset: 0 };
const sameHours: BaselineSettings = { ...recent, name: "same_hours", season: "day" };

test("hours of days that are as usual alarm beside the average of all hours, and not beside the same ones", async () => {
  const app = await played(
    [recent, sameHours],
    [hourly("recent"), hourly("same_hours")],
    scratchDirectory(),
    createDays(20260105)("l", START, 12),
  );
  const alarms = async (baseline: string) => {
    const filter = { model: "shop", metric: "wasserstein", subject: "amount", baseline, windowMs: HOUR, after: START + 7 * DAY };
    const measured = await readMeasurements(app.store, filter);
    expect(measured.length).toBeGreaterThan(100);
    expect(new Set(measured.map(({ status }) => status))).toEqual(new Set(["ok"]));
    const fires = measured.map(({ value, expected, pValue }) => (value ?? 0) - (expected ?? 0) > 0.1 && (pValue ?? 1) <= 0.01);
    const share = (some: readonly boolean[]) => some.filter(Boolean).length / some.length;
    return { alone: share(fires), twoInARow: share(fires.map((one, index) => one && fires[index - 1] === true)) };
  };
  expect((await alarms("recent")).twoInARow).toBeGreaterThan(0.5);
  const same = await alarms("same_hours");
  expect(same.twoInARow).toBeLessThanOrEqual(0.01);
  // One hour alone is judged at 1 %: 20 of 1,390 were seen in longer runs.
  expect(same.alone).toBeLessThan(0.03);
}, 300_000);

test("what is usual for an hour is what its hour was like in the training data: a change that hides in the day's own is seen", async () => {
  const directory = scratchDirectory();
  const make = createDays(20260106);
  const training = fileBaseline(directory, make("t", START - 12 * DAY, 12));
  const nine = START + 9 * DAY + 9 * HOUR;
  const live = make("l", START, 10).map((event) =>
    // At nine in the morning the amount is what it is on average; on the last day it is what it would be later on.
    event.time >= nine && event.time < nine + HOUR ? { ...event, features: { amount: event.features.amount + 3 } } : event,
  );
  const app = await played([training, recent, sameHours], [], directory, live);
  const amount = async (baseline: string, from: number) => {
    const measured = await app.monitor.measure({
      model: "shop",
      window: { from, to: from + HOUR },
      baselines: [baseline],
      families: ["drift"],
    });
    return measured.find(({ metric, feature }) => metric === "wasserstein" && feature === "amount");
  };
  const usual = await amount("training", nine - DAY);
  expect(usual).toMatchObject({ status: "ok", evidence: "baseline_windows", detail: { nullWindows: 12 } });
  expect(usual?.pValue).toBeGreaterThan(0.01);
  expect((await amount("training", nine))?.pValue).toBeLessThan(0.001);
  expect((await amount("same_hours", nine))?.pValue).toBeLessThan(0.001);
  // The rows themselves are those of the same hours too.
  for (const baseline of ["training", "recent", "same_hours"]) {
    const measured = await amount(baseline, nine);
    const [exactly] = await app.monitor.withExactValues("shop", measured ? [measured] : []);
    expect(exactly?.detail.exact?.rows).toEqual(measured?.rows);
  }
  // Beside all hours of a week, one that is like the afternoon is nothing unusual.
  expect((await amount("recent", nine))?.pValue).toBeGreaterThan(0.05);
}, 300_000);
