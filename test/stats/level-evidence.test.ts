import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allAlikeChance } from "../../src/stats/all-alike-chance.ts";
import { levelEvidence, type LevelEvidence } from "../../src/stats/level-evidence.ts";

/** What test/oracle/quality_goldens.py answers from the docstrings' formulas. */
type Goldens = {
  readonly level: readonly { readonly value: number; readonly windows: readonly number[]; readonly answer: LevelEvidence | null }[];
  readonly alike: readonly { readonly reference: readonly number[]; readonly rows: number; readonly answer: number }[];
};
const goldens = JSON.parse(readFileSync(new URL("quality-goldens.json", import.meta.url), "utf8")) as Goldens;

const isClose = (actual: number, expected: number) => Math.abs(actual - expected) <= 1e-9 * Math.max(1e-300, Math.abs(expected)) + 1e-13;

describe("levelEvidence", () => {
  it("agrees with SciPy on the formula as written", () => {
    expect(goldens.level.some(({ answer }) => answer === null)).toBe(true);
    for (const { value, windows, answer } of goldens.level) {
      const actual = levelEvidence(value, windows);
      const same =
        actual === null || answer === null
          ? actual === answer
          : isClose(actual.usual, answer.usual) && isClose(actual.pLower, answer.pLower) && isClose(actual.pHigher, answer.pHigher);
      expect(same, JSON.stringify({ value, windows, actual, answer })).toBe(true);
    }
  });

  it("has two tails that add up to one, the lower one smaller for less", () => {
    const windows = fc.array(fc.nat(10_000), { minLength: 8, maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), windows, (a, b, levels) => {
        const [less, more] = [levelEvidence(Math.min(a, b), levels), levelEvidence(Math.max(a, b), levels)];
        if (less === null || more === null) throw new Error("There are enough windows.");
        expect(less.pLower + less.pHigher).toBeCloseTo(1, 12);
        expect(less.pLower).toBeLessThanOrEqual(more.pLower + 1e-12);
      }),
    );
  });

  it("says nothing with fewer than eight windows, and finds a day without rows among days alike", () => {
    expect(levelEvidence(0, [500, 500, 500, 500, 500, 500, 500])).toBeNull();
    expect(levelEvidence(0, new Array<number>(14).fill(500))?.pLower).toBeLessThan(1e-12);
    expect(levelEvidence(500, new Array<number>(14).fill(500))).toEqual({ usual: expect.closeTo(500, 9), pLower: 0.5, pHigher: 0.5 });
    expect(levelEvidence(0, new Array<number>(9).fill(0))).toMatchObject({ usual: 0, pLower: 0.5 });
  });
});

describe("allAlikeChance", () => {
  it("is SciPy's multinomial chance that one bin has all", () => {
    for (const { reference, rows, answer } of goldens.alike) expect(isClose(allAlikeChance(reference, rows), answer)).toBe(true);
  });

  it("is 1 where nothing can be said, and refuses half a row", () => {
    expect(allAlikeChance([], 10)).toBe(1);
    expect(allAlikeChance([0, 0], 10)).toBe(1);
    expect(allAlikeChance([3, 4], 0)).toBe(1);
    expect(allAlikeChance([3, 4], 1)).toBe(1);
    expect(() => allAlikeChance([3, 4], 1.5)).toThrow(RangeError);
  });

  it("falls with every row", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 2, maxLength: 20 }), fc.nat(50), (reference, rows) => {
        expect(allAlikeChance(reference, rows + 1)).toBeLessThanOrEqual(allAlikeChance(reference, rows) + 1e-12);
      }),
    );
  });
});
