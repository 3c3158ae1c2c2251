import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { predictionPrecedence } from "../../src/ingest/identity.ts";
import type { Grid } from "../../src/model/grid.ts";
import { allSegments, type NumberOperator, type Predicate, type SegmentSettings } from "../../src/model/segment.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { buildGrid } from "../../src/monitor/build-grid.ts";
import { pinSegments } from "../../src/monitor/pin-segments.ts";
import { countFeatures, readFeatureCounts } from "../../src/store/feature-counts.ts";
import { insertGrid, readCategorySummaries, readNewestGrid, readNumericSummaries } from "../../src/store/grids.ts";
import { createLayouts } from "../../src/store/layouts.ts";
import { createPredictionEncoder, insertPredictions } from "../../src/store/predictions.ts";
import { countMatching, insertSegmentGroups } from "../../src/store/segments.ts";
import { prediction, predictionOf, useStore } from "../ingest/examples.ts";
import { HOSTILE_NAMES, HOSTILE_PARAMETERS } from "../support/hostile-text.ts";

const store = useStore();
const MODEL = "binary";
const START = Date.UTC(2024, 3, 1);

type Features = Readonly<Record<string, number | string | boolean | null>>;
const CATEGORIES = ["DL", "AA", "a,b=c", '"', "(other)", "c1", "b1", ...HOSTILE_NAMES];

/** Rows of every kind: numbers, texts where numbers should be, missing and hostile values. */
const ROWS: readonly Features[] = Array.from({ length: 400 }, (_, index) => ({
  ...(index % 7 === 0 ? {} : { x: index % 11 === 0 ? "text" : (index % 23) / 2 }),
  ...(index % 13 === 0 ? {} : { c: index % 17 === 0 ? 5 : (CATEGORIES[index % 5 < 3 ? index % 2 : index % CATEGORIES.length] ?? "") }),
  d: `d${index % 3}`,
  flag: index % 2 === 0,
}));

beforeAll(async () => {
  const layouts = createLayouts();
  const rows = ROWS.map((features, index) => {
    const event = predictionOf({ ...prediction, model: MODEL, id: String(index), time: START + (index % 48) * HOUR, features });
    return { prediction: event, precedence: predictionPrecedence(event) };
  });
  await insertPredictions(store(), createPredictionEncoder(layouts)(rows), layouts);
});

const OPERATORS: Readonly<Record<NumberOperator, (a: number, b: number) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** A predicate as the documentation says it, in another language than the store's. */
function holds(predicate: Predicate, row: Features): boolean {
  if (predicate.kind === "and") return predicate.parts.every((part) => holds(part, row));
  if (predicate.kind === "or") return predicate.parts.some((part) => holds(part, row));
  if (predicate.kind === "not") return !holds(predicate.of, row);
  const sent = Object.hasOwn(row, predicate.feature) ? row[predicate.feature] : null;
  const value = typeof sent === "boolean" ? String(sent) : sent;
  if (predicate.kind === "missing") return value === null;
  if (predicate.kind === "number") return typeof value === "number" && OPERATORS[predicate.operator](value, predicate.value);
  if (predicate.kind === "text") return typeof value === "string" && (value === predicate.value) === (predicate.operator === "=");
  return typeof value === "number" ? predicate.numbers.includes(value) : typeof value === "string" && predicate.texts.includes(value);
}

describe("a predicate", () => {
  const feature = fc.constantFrom("x", "c", "d", "flag", "nobody", "__proto__");
  const text = fc.constantFrom(...CATEGORIES, "true", "text", "d1", ...HOSTILE_PARAMETERS.slice(0, 60));
  const number = fc.constantFrom(0, 0.5, 3, 5, 11, -1);
  const predicate = fc.letrec<{ one: Predicate }>((tie) => ({
    one: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.record({
        kind: fc.constant("number" as const),
        feature,
        operator: fc.constantFrom("=", "!=", "<", "<=", ">", ">="),
        value: number,
      }),
      fc.record({ kind: fc.constant("text" as const), feature, operator: fc.constantFrom("=", "!="), value: text }),
      fc.record({ kind: fc.constant("in" as const), feature, numbers: fc.array(number), texts: fc.array(text) }),
      fc.record({ kind: fc.constant("missing" as const), feature }),
      fc.record({ kind: fc.constant("not" as const), of: tie("one") }),
      fc.record({ kind: fc.constantFrom("and" as const, "or" as const), parts: fc.array(tie("one"), { minLength: 1, maxLength: 3 }) }),
    ),
  })).one;

  it("holds in the store for the rows it says", async () => {
    await fc.assert(
      fc.asyncProperty(predicate, async (one) => {
        const expected = ROWS.filter((row) => holds(one, row)).length;
        expect(await countMatching(store(), MODEL, null, { kind: "where", name: "w", predicate: one })).toBe(expected);
      }),
      { numRuns: 150 },
    );
  });
});

describe("segments are counted", () => {
  const column = (feature: string, bins: readonly number[] | null = null) => ({ feature, bins });
  const SETTINGS: readonly SegmentSettings[] = [
    { kind: "by", columns: [column("c")], top: 4 },
    { kind: "by", columns: [column("c"), column("d")], top: 5 },
    { kind: "by", columns: [column("x", [2, 6.5])], top: 20 },
    { kind: "where", name: "large", predicate: { kind: "number", feature: "x", operator: ">", value: 6 } },
  ];
  const BUCKETS = Array.from({ length: 48 }, (_, hour) => START + hour * HOUR);
  const rowsOf = { model: MODEL, baseline: "" };

  async function gridOf(version: number, settings: readonly SegmentSettings[]): Promise<Grid> {
    const numbers = await readNumericSummaries(store(), MODEL, { live: null });
    const categories = await readCategorySummaries(store(), { name: MODEL, task: "binary" }, { live: null }, 10_000);
    const bins = buildGrid(MODEL, version, [{ numbers, categories }]);
    const grid = { ...bins, segments: await pinSegments(store(), bins, settings, [null]) };
    await insertGrid(store(), grid, "b", START);
    await insertSegmentGroups(store(), MODEL, version, grid.segments, START);
    await countFeatures(store(), rowsOf, grid, HOUR, BUCKETS, version, "binary");
    return grid;
  }

  const span = { from: START, to: START + 2 * DAY };
  const whole = async (grid: Grid, segment?: string) => readFeatureCounts(store(), rowsOf, grid, span, HOUR, segment);
  const rowsIn = async (grid: Grid, segment: string) =>
    (await whole(grid, segment)).reduce(
      (sum, step) => sum + [...step.byVersion.values()].reduce((all, one) => all + (one.get("feature:d")?.rows ?? 0), 0),
      0,
    );

  /** The name of the segment a row is in, by each entry. */
  const kindOf = (row: Features): string => {
    const c = Object.hasOwn(row, "c") && typeof row.c === "string" ? row.c : null;
    return c === null ? "missing" : c;
  };

  it("with the names and rows they have, the rest and the missing apart, and the whole as without them", async () => {
    const plain = await gridOf(1, []);
    const grid = await gridOf(2, SETTINGS);
    expect(await whole(grid)).toEqual(await whole(plain));
    const [byC, byBoth, byX, large] = grid.segments ?? [];
    expect(
      byC?.segments
        .map(({ name }) => name)
        .slice(0, 2)
        .sort(),
    ).toEqual(["c=AA", "c=DL"]);
    expect(byC?.segments.map(({ name }) => name).slice(-2)).toEqual(["c=(missing)", "c=(other)"]);
    expect(byX?.segments.map(({ name }) => name).sort()).toEqual(["2<x<=6.5", "x<=2", "x=(missing)", "x=(other)", "x>6.5"]);
    expect(byBoth?.segments.at(-1)?.name).toBe("c,d=(other)");
    const missing = ROWS.filter((row) => kindOf(row) === "missing").length;
    const top = ["DL", "AA"].map((name) => ROWS.filter((row) => row.c === name).length);
    expect(await rowsIn(grid, "c=DL")).toBe(top[0]);
    expect(await rowsIn(grid, "c=AA")).toBe(top[1]);
    expect(await rowsIn(grid, "c=(missing)")).toBe(missing);
    expect(await rowsIn(grid, "large")).toBe(ROWS.filter((row) => typeof row.x === "number" && row.x > 6).length);
    expect(await rowsIn(grid, "x<=2")).toBe(ROWS.filter((row) => typeof row.x === "number" && row.x <= 2).length);
    expect(large?.problem).toBeNull();
    for (const group of grid.segments ?? []) {
      const counted = await Promise.all(group.segments.map(({ name }) => rowsIn(grid, name)));
      expect(counted).toEqual(group.segments.map(({ rows }) => rows));
      // Each row is in one segment of a `by`, and in no two.
      if (group.settings.kind === "by") expect(counted.reduce((sum, rows) => sum + rows, 0)).toBe(ROWS.length);
    }
    expect((await readNewestGrid(store(), MODEL))?.grid.segments).toEqual(grid.segments);
  });

  it("each with counts of its own rows, and nothing of the others", async () => {
    const grid = await gridOf(3, SETTINGS);
    const [step] = await readFeatureCounts(store(), rowsOf, grid, span, 2 * DAY, "c=DL");
    const counts = [...(step?.byVersion.values() ?? [])][0];
    const rows = ROWS.filter((row) => row.c === "DL");
    expect(counts?.get("feature:c")).toMatchObject({ rows: rows.length, missing: 0, unseen: 0 });
    expect(counts?.get("feature:c")?.bins.filter((count) => count > 0)).toEqual([rows.length]);
    const numbers = rows.flatMap(({ x }) => (typeof x === "number" ? [x] : []));
    expect(counts?.get("feature:x")).toMatchObject({
      rows: rows.length,
      low: Math.min(...numbers),
      high: Math.max(...numbers),
      unparsable: rows.filter(({ x }) => typeof x === "string").length,
    });
  });

  it("whatever values are called: names differ, are bounded and hold nothing that cannot be seen", async () => {
    const grid = await gridOf(4, [
      { kind: "by", columns: [column("c")], top: 200 },
      { kind: "by", columns: [column("c"), column("d")], top: 200 },
    ]);
    const names = allSegments(grid.segments ?? []).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(2 * CATEGORIES.length);
    for (const name of names) {
      expect(name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(name.length).toBeLessThanOrEqual(500);
    }
    expect(names).toContain('c="(other)"');
    expect(names).toContain("c=(other)");
    expect(names).toContain('c="a,b=c"');
    expect(await rowsIn(grid, 'c="a\\u0000b"')).toBe(ROWS.filter((row) => row.c === "a\0b").length);
  });

  it("but not numbers as categories, texts in bins, or what nobody sends: that is told", async () => {
    const grid = await gridOf(5, [
      { kind: "by", columns: [column("x")], top: 4 },
      { kind: "by", columns: [column("d", [1])], top: 4 },
      { kind: "by", columns: [column("carier")], top: 4 },
      { kind: "where", name: "odd", predicate: { kind: "missing", feature: "carier" } },
    ]);
    expect(grid.segments?.map(({ problem, segments }) => [problem, segments.length])).toEqual([
      [expect.stringMatching(/^x holds numbers: .*bins: \[10, 20\]/), 0],
      [expect.stringMatching(/^d holds texts/), 0],
      [expect.stringMatching(/feature named carier/), 0],
      [expect.stringMatching(/feature named carier/), 1],
    ]);
    expect(await rowsIn(grid, "odd")).toBe(ROWS.length);
  });
});
