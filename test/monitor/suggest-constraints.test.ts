import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Constraint } from "../../src/model/constraint.ts";
import { MOST_LISTED, suggestConstraint, suggestTogether, widened, type FeatureFacts } from "../../src/monitor/suggest-constraints.ts";

type Value = number | string | null;

/** What rows of a feature come to, by days of `perDay` rows. */
function factsOf(values: readonly Value[], perDay = 50): FeatureFacts {
  const numbers = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
  const texts = values.filter((value) => typeof value === "string");
  const kind = numbers.length >= texts.length ? "number" : "text";
  const missing = (list: readonly Value[]) => list.filter((value) => value === null).length;
  const byText = new Map<string, number>();
  for (const text of texts) byText.set(text, (byText.get(text) ?? 0) + 1);
  const counts = [...byText.values()];
  const days = Array.from({ length: Math.ceil(values.length / perDay) }, (_, day) => values.slice(day * perDay, (day + 1) * perDay));
  const at = (tenth: number) => numbers[Math.ceil((tenth * numbers.length) / 10) - 1] ?? 0;
  return {
    feature: "x",
    kind,
    rows: values.length,
    missing: missing(values),
    anotherType: kind === "number" ? texts.length : numbers.length,
    days: days.map((day) => ({ rows: day.length, missing: missing(day) })),
    numbers:
      numbers.length === 0
        ? null
        : {
            rows: numbers.length,
            low: numbers[0] ?? 0,
            high: numbers.at(-1) ?? 0,
            lowDecile: at(1),
            highDecile: at(9),
            whole: numbers.every(Number.isInteger),
          },
    texts:
      texts.length === 0
        ? null
        : {
            rows: texts.length,
            distinct: counts.length,
            once: counts.filter((count) => count === 1).length,
            twice: counts.filter((count) => count === 2).length,
            values: [...byText.keys()].slice(0, MOST_LISTED),
          },
  };
}

/** Whether rows keep to a constraint, counted one by one. */
function holds({ type, presence, missing, range, values, distinct }: Constraint, rows: readonly Value[]): boolean {
  const present = rows.filter((value) => value !== null);
  const numbers = present.filter((value) => typeof value === "number");
  const texts = present.filter((value) => typeof value === "string");
  const share = (part: number, all: number, atMost: number) => all === 0 || part / all <= atMost;
  const another = type?.is === "number" ? texts.length : numbers.length;
  return (
    (presence === "optional" || missing !== undefined || rows.length === 0 || present.length > 0) &&
    (missing === undefined || share(rows.length - present.length, rows.length, missing)) &&
    (type === undefined || share(another, present.length, type.atMost)) &&
    (type?.is !== "boolean" || texts.every((text) => text === "true" || text === "false")) &&
    (range === undefined || numbers.every((value) => value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity))) &&
    (values === undefined || share(texts.filter((text) => !values.among.includes(text)).length, texts.length, values.atMost)) &&
    (distinct === undefined || new Set(texts).size <= distinct)
  );
}

const many = (count: number, value: (index: number) => Value) => Array.from({ length: count }, (_, index) => value(index));
const number = fc.oneof(fc.integer({ min: -50, max: 500 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(-1e-300));
const values = fc.oneof(
  fc.array(fc.option(number, { freq: 9 }), { maxLength: 120 }),
  fc.array(fc.option(fc.constantFrom("a", "b", "true", "false", "__proto__"), { freq: 5 }), { maxLength: 120 }),
  fc.array(fc.string({ maxLength: 3 }), { maxLength: 120 }),
  fc.array(fc.oneof(number, fc.constantFrom("x", "NaN"), fc.constant(null)), { maxLength: 120 }),
);

describe("suggested constraints", () => {
  test("hold on what they were suggested from, and on that of every other version", () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        expect(holds(suggestConstraint(factsOf(one)), one)).toBe(true);
        const together = suggestTogether([factsOf(one), factsOf(other)])?.constraint;
        expect(together && holds(together, one) && holds(together, other)).toBe(true);
      }),
      { seed: 3, numRuns: 3_000 },
    );
  });

  test("whole numbers have whole ends, and what was never negative stays so", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 30, maxLength: 200 }), (list) => {
        const range = suggestConstraint(factsOf(list)).range;
        expect(Number.isInteger(range?.min) && Number.isInteger(range?.max)).toBe(true);
        expect(range?.min).toBeGreaterThanOrEqual(0);
      }),
      { seed: 3 },
    );
    expect(suggestConstraint(factsOf(many(100, (index) => -index))).range?.max).toBe(0);
    // The outermost tenths begin at 1009 and 1089.
    expect(suggestConstraint(factsOf(many(100, (index) => 1_000 + index))).range).toEqual({ min: 991, max: 1_109, atMost: 0 });
    expect(suggestConstraint(factsOf(many(101, (index) => index / 100))).range).toEqual({ min: 0, max: 1.1, atMost: 0 });
  });

  test("no rows, one, two, none that holds anything, always the same", () => {
    expect(suggestConstraint(factsOf([]))).toEqual({ feature: "x", presence: "optional" });
    expect(suggestConstraint(factsOf([null, null]))).toEqual({ feature: "x", presence: "optional" });
    expect(suggestConstraint(factsOf(many(500, () => null)))).toEqual({ feature: "x", presence: "optional" });
    for (const list of [[7], [7, 9]])
      expect(suggestConstraint(factsOf(list))).toEqual({ feature: "x", presence: "required", type: { is: "number", atMost: 0 } });
    expect(suggestConstraint(factsOf(many(300, () => 0.1)))).toMatchObject({ presence: "required", range: { min: 0.1, max: 0.1 } });
    expect(suggestConstraint(factsOf(many(300, () => "a")))).toMatchObject({ type: { is: "text" }, values: { among: ["a"], atMost: 0 } });
    expect(suggestTogether([])).toBeNull();
  });

  test("what is missing gets room by its worst day and by how few rows there are", () => {
    // 1 - 0.001^(1/1000) times 1.5, rounded up.
    expect(suggestConstraint(factsOf(many(1_000, () => 1))).missing).toBe(0.011);
    // One day of twenty with 20 of 50.
    expect(suggestConstraint(factsOf(many(1_000, (index) => (index < 20 ? null : 1)))).missing).toBe(0.6);
    expect(suggestConstraint(factsOf(many(1_000, (index) => (index < 45 ? null : 1))))).toMatchObject({ presence: "optional" });
    expect(suggestConstraint(factsOf(many(1_000, (index) => (index < 45 ? null : 1))))).not.toHaveProperty("missing");
  });

  test("few texts are listed, many are bounded, two of one kind are a boolean", () => {
    expect(suggestConstraint(factsOf(many(300, (index) => String(index % 3 === 0))))).toEqual({
      feature: "x",
      presence: "required",
      type: { is: "boolean", atMost: 0 },
      missing: 0.035,
    });
    const once = suggestConstraint(factsOf([...many(299, (index) => `c${index % 5}`), "d"]));
    expect(once.values).toMatchObject({ among: ["c0", "c1", "c2", "c3", "c4", "d"] });
    expect(once.values?.atMost).toBeGreaterThan(1 / 300);
    expect(suggestConstraint(factsOf(many(306, (index) => `c${index % 51}`)))).toMatchObject({ distinct: 77 });
    // Each another: there is no telling how many.
    expect(suggestConstraint(factsOf(many(300, (index) => `c${index}`))).distinct).toBeGreaterThan(60_000);
  });

  test("of several files, what allows all", () => {
    const text = (among: readonly string[]): Constraint => ({
      feature: "x",
      presence: "required",
      type: { is: "text", atMost: 0 },
      missing: 0.1,
      values: { among, atMost: 0 },
    });
    expect(widened(text(["a"]), text(["b"]))).toMatchObject({ values: { among: ["a", "b"] }, missing: 0.1 });
    expect(widened(text(["a"]), { ...text([]), type: { is: "number", atMost: 0 } })).toEqual({
      feature: "x",
      presence: "required",
      missing: 0.1,
    });
    expect(widened(text(["a"]), { feature: "x", presence: "optional" })).toEqual({
      feature: "x",
      presence: "optional",
      type: { is: "text", atMost: 0 },
      values: { among: ["a"], atMost: 0 },
    });
  });
});
