import { describe, expect, test } from "vitest";
import { seeded } from "../../bench/support/chance.ts";
import { NOTHING_USUAL } from "../../src/monitor/usual-windows.ts";
import { judgeFeatures, measureFeature, shippedFeatureRules } from "../../bench/support/shipped-rules.ts";
import {
  autoregressive,
  CATEGORICAL,
  datedWindows,
  drawRows,
  independentWindows,
  missing,
  normal,
  NUMERIC,
  type Draw,
} from "../../bench/support/simulated-features.ts";

/** The short form of `npm run bench -- false-alarms`: docs/false-alarms.md has the whole of it. */

const rules = shippedFeatureRules();
const REFERENCE_ROWS = 5000;

const oneWindow = (name: string, before: Draw, after: Draw, rows: number, chance: () => number) =>
  independentWindows(name, drawRows(REFERENCE_ROWS, before, chance), [drawRows(rows, after, chance)]);

function firedOf(runs: number, before: Draw, after: Draw, rows: number, seed: string): number {
  const chance = seeded(seed);
  return Array.from({ length: runs }, () =>
    judgeFeatures(rules, oneWindow("x", before, after, rows, chance).flatMap(measureFeature)),
  ).filter(({ fired }) => fired.has("x")).length;
}

describe("the shipped rules, one evaluation", () => {
  test("seldom fire for features that have not moved, on windows of 50 rows and more", () => {
    const kinds = Object.entries({ ...NUMERIC, ...CATEGORICAL });
    const sizes = [50, 200, 1000];
    const runs = 10;
    const fired = kinds.flatMap(([name, draw]) => sizes.map((rows) => firedOf(runs, draw, draw, rows, `still ${name} ${rows}`)));
    const all = fired.reduce((sum, one) => sum + one, 0);
    // A half to one percent is meant; in 300 windows, seven would be no chance any more.
    expect(all).toBeLessThanOrEqual(6);
  });

  test("say nothing of 50 features that have not moved", () => {
    const chance = seeded("fifty");
    const kinds = Object.values({ ...NUMERIC, ...CATEGORICAL });
    const measured = Array.from({ length: 50 }, (_, index) => {
      const draw = kinds[index % kinds.length] as Draw;
      return oneWindow(`f${index}`, draw, draw, 200, chance).flatMap(measureFeature);
    }).flat();
    expect([...judgeFeatures(rules, measured).fired]).toEqual([]);
  });

  test("find a mean that moved by a fifth of a standard deviation, and values that go missing", () => {
    const moved: Draw = (chance, time) => (normal(chance, time) as number) + 0.2;
    // Bonferroni-corrected KS finds 57 and 86 % of these; two proportions 99 %.
    expect(firedOf(40, normal, moved, 500, "moved 500") / 40).toBeGreaterThan(0.57);
    expect(firedOf(40, normal, moved, 1000, "moved 1000") / 40).toBeGreaterThan(0.86);
    expect(firedOf(50, missing(0.02, normal), missing(0.06, normal), 500, "missing")).toBeGreaterThanOrEqual(48);
  });

  test("leave days alone whose rows remember each other, where the baseline has days of its own", () => {
    const chance = seeded("memory");
    const size = { rowsPerDay: 200, weeks: 8, judged: 10 };
    const days = Array.from({ length: 6 }, () => datedWindows("x", autoregressive(0.9), size, chance)).flat();
    const fired = (windows: typeof days) => windows.filter((one) => judgeFeatures(rules, measureFeature(one)).fired.has("x")).length;
    expect(fired(days)).toBeLessThanOrEqual(1);
    // Without those days every one of them looks like a drift, or nearly: this is what they are for.
    const timeless = days.map((day) => ({ ...day, usual: NOTHING_USUAL }));
    expect(fired(timeless)).toBeGreaterThan(days.length / 4);
  });
});
