import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chiSquareContingency } from "../../src/stats/chi-square-test.ts";
import { goldens, present } from "./goldens.ts";

describe("chiSquareContingency", () => {
  it("agrees with SciPy's contingency test where nothing is pooled", () => {
    for (const [reference, current, statistic, df, pValue] of goldens.chiSquareContingency) {
      const found = present(chiSquareContingency(reference, current, 0));
      expect(found.statistic).toAgreeWith(statistic, 1e-10);
      expect(found.df).toBe(df);
      expect(found.pValue).toAgreeWith(pValue, 1e-9);
    }
  });
  it("reproduces the published tables", () => {
    const small = present(chiSquareContingency([4, 2, 0], [1, 1, 4], 0));
    expect(small.statistic).toBeCloseTo(6.13333333, 8);
    expect(small.pValue).toBeCloseTo(0.04657615, 8);
    const six = present(chiSquareContingency([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]));
    expect(six.statistic).toBeCloseTo(1.622409, 6);
    expect(six.pValue).toBeCloseTo(0.8985262, 7);
    expect(six.cells).toBe(6);
  });
  it("pools rare categories into one cell", () => {
    const found = present(chiSquareContingency([500, 300, 4, 2, 3, 1], [500, 300, 3, 2, 4, 1]));
    expect(found.cells).toBe(3);
    expect(found.pValue).toAgreeWith(1, 1e-12);
  });
  it("merges a pool still too small into the smallest sound category", () => {
    expect(chiSquareContingency([500, 300, 2], [500, 300, 1])).toEqual(chiSquareContingency([500, 302], [500, 301]));
  });
  it("shrugs at a single row of an unseen category", () => {
    expect(present(chiSquareContingency([600, 400, 0], [599, 400, 1])).pValue).toBeGreaterThan(0.9);
  });
  it("has no answer when there is nothing to compare", () => {
    expect(chiSquareContingency([], [])).toBeNull();
    expect(chiSquareContingency([0, 0], [3, 4])).toBeNull();
    expect(chiSquareContingency([3, 4], [0, 0])).toBeNull();
    expect(chiSquareContingency([900], [900])).toBeNull();
    expect(chiSquareContingency([900, 0], [900, 0])).toBeNull();
    expect(chiSquareContingency([1, 1], [1, 1])).toBeNull();
    expect(() => chiSquareContingency([1], [1, 2])).toThrow(RangeError);
    expect(() => chiSquareContingency([1, -2], [1, 2])).toThrow(RangeError);
  });
  it("is symmetric, ignores the order of categories, and sees nothing in proportional counts", () => {
    const table = fc.array(fc.tuple(fc.nat(200), fc.nat(200)), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(table, (rows) => {
        const reference = rows.map(([a]) => a);
        const current = rows.map(([, b]) => b);
        const found = chiSquareContingency(reference, current);
        if (found === null) return;
        for (const other of [
          chiSquareContingency(current, reference),
          chiSquareContingency(reference.toReversed(), current.toReversed()),
        ]) {
          expect(present(other).cells).toBe(found.cells);
        }
        expect(present(chiSquareContingency(current, reference)).statistic).toAgreeWith(found.statistic, 1e-9);
        expect(found.df).toBe(found.cells - 1);
        expect(found.pValue).toBeGreaterThanOrEqual(0);
        expect(found.pValue).toBeLessThanOrEqual(1);
        expect(
          chiSquareContingency(
            reference,
            reference.map((count) => 3 * count),
          )?.statistic ?? 0,
        ).toBeCloseTo(0, 9);
      }),
    );
  });
});
