import { play } from "../../src/alerting/play.ts";
import { judge } from "../../src/alerting/judge.ts";
import { ruleHash } from "../../src/alerting/rule-hash.ts";
import { STATISTICS } from "../../src/cli/statistics.ts";
import type { Transition } from "../../src/model/alert.ts";
import type { Measurement, MeasuredWindow } from "../../src/model/measurement.ts";
import { JUDGED_DRIFT_METRICS } from "../../src/model/metric.ts";
import type { Rule } from "../../src/model/rule.ts";
import { DAY } from "../../src/model/time.ts";
import { measureDrift } from "../../src/monitor/measure-drift.ts";
import { measureQuality } from "../../src/monitor/measure-quality.ts";
import { seeded } from "./chance.ts";
import {
  autoregressive,
  CATEGORICAL,
  categories,
  daily,
  datedWindows,
  missing,
  normal,
  NUMERIC,
  START,
  sticky,
  type Draw,
} from "./simulated-features.ts";

export type MonthSize = {
  readonly features: number;
  /** Rows of a day, spread over its 24 hourly buckets. */
  readonly rowsPerDay: number;
  readonly weeks: number;
  readonly days: number;
};

/** What may happen to a feature, and what it was before. */
export type Injection = { readonly name: string; readonly before: Draw; readonly after: Draw };

const tenth = new Array<number>(10).fill(1);
const moved =
  (by: number, scale = 1): Draw =>
  (chance, time) =>
    (normal(chance, time) as number) * scale + by;
/** Weather in miles, which then comes in kilometres. */
const miles: Draw = (chance, time) => 10 + (normal(chance, time) as number);

export const INJECTIONS: readonly Injection[] = [
  { name: "mean + 0.5 standard deviations", before: normal, after: moved(0.5) },
  { name: "variance × 2", before: normal, after: moved(0, Math.SQRT2) },
  { name: "ten points from one of ten categories to another", before: categories(tenth), after: categories([2, 0, ...tenth.slice(2)]) },
  { name: "missing, 2 % to 10 %", before: missing(0.02, normal), after: missing(0.1, normal) },
  { name: "kilometres for miles", before: miles, after: (chance, time) => (miles(chance, time) as number) * 1.609344 },
  { name: "gone", before: normal, after: () => null },
  {
    name: "a new category in 30 % of rows",
    before: categories(tenth),
    after: (chance, time) => (chance() < 0.3 ? "new" : categories(tenth)(chance, time)),
  },
];

const STILL: readonly (() => Draw)[] = [
  ...Object.values({ ...NUMERIC, ...CATEGORICAL }).map((draw) => () => draw),
  () => missing(0.02, normal),
  () => autoregressive(0.6),
  () => daily,
  () => sticky(0.6),
];

/** The days of a model of which nothing moves but what is injected, each from its own day on. */
export function simulateMonth(
  seed: string,
  { features, rowsPerDay, weeks, days }: MonthSize,
  injected: ReadonlyMap<number, Injection> = new Map(),
  from = 0,
): MeasuredWindow[] {
  const chance = seeded(seed);
  const begin = START + (weeks * 7 + from) * DAY;
  const byDay: Measurement[][] = Array.from({ length: days }, () => []);
  for (let feature = 0; feature < features; feature += 1) {
    const still = STILL[feature % STILL.length]?.() ?? normal;
    const { before, after } = injected.get(feature) ?? { before: still, after: still };
    const draw: Draw = (random, time) => (time >= begin ? after : before)(random, time);
    const windows = datedWindows(`f${feature}`, draw, { rowsPerDay, weeks, judged: days, stride: 1 }, chance);
    for (const [day, window] of windows.entries()) {
      const judged = { measured: new Set(JUDGED_DRIFT_METRICS), judged: new Set(JUDGED_DRIFT_METRICS) };
      byDay[day]?.push(...measureDrift(window, judged), ...measureQuality(window), ...measureQuality({ ...window, baseline: "recent" }));
    }
  }
  return byDay.map((measurements, day) => ({
    model: "simulated",
    window: { from: START + (weeks * 7 + day) * DAY, to: START + (weeks * 7 + day + 1) * DAY },
    families: ["drift", "quality"],
    measurements,
  }));
}

/** What the rules tell of these days. */
export async function pagesOf(rules: readonly Rule[], windows: readonly MeasuredWindow[]): Promise<Transition[]> {
  const hashed = rules.map((rule) => ({ rule, hash: ruleHash(rule) }));
  const lookup = { stretch: () => Promise.resolve([]), earlier: () => Promise.resolve([]) };
  const pages: Transition[] = [];
  for await (const { transitions } of play({ rules: hashed, maintenance: [], windows, tools: STATISTICS, lookup }))
    pages.push(...transitions.filter(({ from, to }) => to === "firing" && from !== "recovering" && from !== "firing"));
  return pages;
}

/** The first of these days on which a rule's conditions hold for a feature, how long it may have to hold left aside; -1 for none. */
export function firstDetectable(rules: readonly Rule[], windows: readonly MeasuredWindow[], feature: string, from: number): number {
  return windows.findIndex(
    ({ measurements }, day) =>
      day >= from &&
      rules.some((rule) =>
        judge(rule, measurements, STATISTICS).some(({ subject, observation }) => subject === feature && observation.condition === "fire"),
      ),
  );
}
