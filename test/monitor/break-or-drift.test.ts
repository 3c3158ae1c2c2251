import { describe, expect, test } from "vitest";
import { drawNormal, seeded } from "../../bench/support/chance.ts";
import { noCounts, type Counts } from "../../src/model/counts.ts";
import { binCount, numericBin, type SubjectGrid } from "../../src/model/grid.ts";
import type { Verdict } from "../../src/model/measurement.ts";
import { breakOrDrift } from "../../src/monitor/break-or-drift.ts";
import { numericGrid } from "../../src/monitor/build-grid.ts";
import { measureDrift } from "../../src/monitor/measure-drift.ts";
import { measureQuality } from "../../src/monitor/measure-quality.ts";
import type { SubjectWindow } from "../../src/monitor/subject-window.ts";
import { NOTHING_USUAL } from "../../src/monitor/usual-windows.ts";

type Value = number | string | null | undefined;
/** `undefined` is a number that is not finite. */
const NOT_FINITE = undefined;

function gridOf(values: readonly number[]): SubjectGrid {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const parts = (count: number) => Array.from({ length: count - 1 }, (_, index) => at((index + 1) / count));
  return numericGrid(
    [{ subject: "feature", feature: "x", rows: values.length, low: at(1e-9), high: at(1), quantiles: parts(64), deciles: parts(10) }],
    false,
  );
}

const CATEGORIES: SubjectGrid = { kind: "categorical", categories: ["a", "b", "c", "d"], rare: [], provisional: false };

/** Counts of values as the store makes them. */
function count(grid: SubjectGrid, values: readonly Value[]): Counts {
  const bins = new Array<number>(binCount(grid)).fill(0);
  let [missing, unparsable, nonFinite, low, high, lowSum, highSum] = [0, 0, 0, Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (value === null) missing += 1;
    else if (value === NOT_FINITE) [unparsable, nonFinite] = [unparsable + 1, nonFinite + 1];
    else if ((typeof value === "number") !== (grid.kind === "numeric")) unparsable += 1;
    else {
      const known = grid.kind === "categorical" ? grid.categories.indexOf(String(value)) : numericBin(grid.edges, Number(value));
      const bin = known < 0 ? bins.length - 1 : known;
      bins[bin] = (bins[bin] ?? 0) + 1;
      if (typeof value !== "number") continue;
      [low, high] = [Math.min(low, value), Math.max(high, value)];
      if (bin === 0) lowSum += value;
      if (bin === bins.length - 1) highSum += value;
    }
  }
  const extremes = low > high ? {} : { low, high };
  return { ...noCounts(bins.length), bins, rows: values.length, missing, unparsable, nonFinite, lowSum, highSum, ...extremes };
}

function judge(then: readonly Value[], now: readonly Value[], changes: Partial<SubjectWindow> = {}): Verdict {
  const grid = typeof then.find((value) => value !== null) === "string" ? CATEGORIES : gridOf(then as number[]);
  const subject: SubjectWindow = {
    model: "toy",
    version: "1",
    segment: null,
    key: { subject: "feature", feature: "x" },
    grid,
    baseline: "training",
    window: { from: 0, to: 86_400_000 },
    reference: count(grid, then),
    current: count(grid, now),
    complete: true,
    usual: NOTHING_USUAL,
    recent: [],
    ...changes,
  };
  // With itself before it, as a trailing baseline has it: a change of unit is looked for there.
  const dated = { ...subject, recent: [{ from: 0, current: subject.current, reference: subject.reference }] };
  return breakOrDrift(dated, [...measureDrift(dated), ...measureQuality(dated)]);
}

function normals(name: string, count: number, shift = 0): number[] {
  const chance = seeded(name);
  return Array.from({ length: count }, () => Number((50 + 10 * (drawNormal(chance) + shift)).toFixed(3)));
}
function letters(name: string, count: number, shares: Readonly<Record<string, number>>): string[] {
  const chance = seeded(name);
  return Array.from({ length: count }, () => {
    let left = chance();
    return Object.entries(shares).find(([, share]) => (left -= share) < 0)?.[0] ?? "a";
  });
}

const THEN = normals("then", 2_000);
const NOW = normals("now", 500);
const SHARES = { a: 0.4, b: 0.3, c: 0.2, d: 0.1 };
const LETTERS = letters("then", 2_000, SHARES);
const LETTERS_NOW = letters("now", 500, SHARES);
const some = (values: readonly Value[], every: number, other: Value) => values.map((value, index) => (index % every === 0 ? other : value));

describe("the verdict on a number", () => {
  test.each<readonly [string, readonly Value[], Partial<Verdict>]>([
    ["a clean window", NOW, { kind: "none", cause: "as_usual" }],
    ["all null", NOW.map(() => null), { kind: "break", cause: "gone", before: 0, now: 1 }],
    ["half of it null", some(NOW, 2, null), { kind: "break", cause: "partly_gone", now: 0.5 }],
    ["a tenth of it null", some(NOW, 10, null), { kind: "unclear", cause: "more_missing", now: 0.1 }],
    ["five texts", some(NOW, 100, "n/a"), { kind: "break", cause: "type", now: 0.01 }],
    ["all texts", NOW.map(String), { kind: "break", cause: "type", now: 1 }],
    ["five infinities", some(NOW, 100, NOT_FINITE), { kind: "break", cause: "not_finite", now: 0.01 }],
    ["stuck", NOW.map(() => 51.25), { kind: "break", cause: "constant", now: 1, values: ["51.25"] }],
    ["another unit", NOW.map((value) => value * 1.609344), { kind: "break", cause: "unit", values: ["kilometres for miles"] }],
    ["-999 in a tenth", some(NOW, 10, -999), { kind: "break", cause: "sentinel", before: 0, now: 0.1, values: ["-999"] }],
    ["0 in a tenth, of values that were larger", some(NOW, 10, 0), { kind: "break", cause: "sentinel", values: ["0"] }],
    ["moved by half a deviation", normals("moved", 500, 0.5), { kind: "drift", cause: "moved" }],
    ["moved by three, beyond all that was", normals("far", 500, 3), { kind: "drift", cause: "moved" }],
    ["eight rows", NOW.slice(0, 8), { kind: "none" }],
  ])("%s", (_name, now, expected) => {
    expect(judge(THEN, now)).toMatchObject(expected);
  });

  test("a value just beyond what was, however frequent, stands for itself", () => {
    const ages = Array.from({ length: 2_000 }, (_, index) => 20 + (index % 40));
    const older = Array.from({ length: 500 }, (_, index) => (index % 10 === 0 ? 60 : 20 + (index % 40)));
    expect(judge(ages, older).cause).not.toBe("sentinel");
    expect(judge(ages, some(older, 10, 99_999)).cause).toBe("sentinel");
    expect(judge(ages, some(older, 10, -1)).cause).toBe("sentinel");
    // Where values come close to zero, zero is one of them.
    const small = ages.map((age) => (age - 19) / 10);
    expect(judge(small, some(small.slice(0, 500), 10, 0)).cause).not.toBe("sentinel");
  });

  test("rows that share a value, as the weather of an hour does, share no sentinel", () => {
    const rain = Array.from({ length: 2_000 }, (_, index) => (index % 20 === 0 ? 0.02 : 0));
    expect(
      judge(
        rain,
        Array.from({ length: 300 }, (_, index) => (index < 30 ? 0.82 : 0)),
      ).cause,
    ).not.toBe("sentinel");
  });

  test("several values beyond what was are no one value", () => {
    expect(
      judge(
        THEN,
        NOW.map((value, index) => (index % 10 === 0 ? -900 - index : value)),
      ).cause,
    ).not.toBe("sentinel");
  });

  test("a feature that was nearly always missing does not go", () => {
    const then = THEN.map((value, index) => (index % 50 === 0 ? value : null));
    expect(
      judge(
        then,
        NOW.map(() => null),
      ).kind,
    ).not.toBe("break");
  });
});

describe("the verdict on a category", () => {
  test.each<readonly [string, readonly Value[], Partial<Verdict>]>([
    ["a clean window", LETTERS_NOW, { kind: "none" }],
    ["one that is renamed", LETTERS_NOW.map((one) => (one === "b" ? "beta" : one)), { kind: "break", cause: "renamed", values: ["b"] }],
    [
      "all written in capitals",
      LETTERS_NOW.map((one) => one.toUpperCase()),
      { kind: "break", cause: "renamed", values: ["a", "b", "c", "d"] },
    ],
    [
      "one that vanished, its rows among the others",
      LETTERS_NOW.map((one) => (one === "b" ? "a" : one)),
      { kind: "drift", cause: "moved" },
    ],
    ["a new one that takes from all", LETTERS_NOW.map((one, index) => (index % 4 === 0 ? "new" : one)), { kind: "drift", cause: "moved" }],
    ["numbers", LETTERS_NOW.map((one) => one.charCodeAt(0)), { kind: "break", cause: "type", now: 1 }],
    ["always the same", LETTERS_NOW.map(() => "c"), { kind: "break", cause: "constant", values: ["c"] }],
    ["other shares", letters("moved", 500, { a: 0.2, b: 0.3, c: 0.2, d: 0.3 }), { kind: "drift", cause: "moved" }],
  ])("%s", (_name, now, expected) => {
    expect(judge(LETTERS, now)).toMatchObject(expected);
  });
});

describe("no break is claimed", () => {
  test("of windows in which nothing changed, nor of ones that only moved", () => {
    const verdicts = Array.from({ length: 60 }, (_, index) => [
      judge(THEN, normals(`clean ${index}`, 200)),
      judge(THEN, normals(`moved ${index}`, 200, (index % 7) / 3)),
      judge(LETTERS, letters(`clean ${index}`, 200, SHARES)),
    ]).flat();
    expect(verdicts.filter(({ kind }) => kind === "break")).toEqual([]);
    expect(verdicts.filter(({ kind }) => kind === "drift").length).toBeGreaterThan(40);
  });

  test("and no sentence of it holds what an event said", () => {
    const said = judge(
      LETTERS,
      LETTERS_NOW.map((one) => (one === "b" ? "<script>" : one)),
    );
    expect(said.reason).not.toContain("<");
  });
});
