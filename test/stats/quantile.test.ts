import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantileInvertedCdf } from "../../src/stats/quantile.ts";
import { goldens, present } from "./goldens.ts";

describe("quantileInvertedCdf", () => {
  it("agrees with NumPy's inverted_cdf for fractions that doubles hold exactly", () => {
    for (const [values, k, parts, value] of goldens.quantile) expect(quantileInvertedCdf(values, k, parts)).toBe(value);
  });
  it("is the smallest value with a share of at least k/parts at or below it", () => {
    const sorted = fc
      .array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 60 })
      .map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(sorted, fc.integer({ min: 1, max: 300 }), fc.nat(300), (values, parts, unbounded) => {
        const k = unbounded % (parts + 1);
        const found = present(quantileInvertedCdf(values, k, parts));
        expect(values.filter((value) => value <= found).length * parts).toBeGreaterThanOrEqual(k * values.length);
        const isLeast = values.filter((value) => value < found).length * parts < k * values.length;
        expect(isLeast || k === 0).toBe(true);
      }),
    );
  });
  it("is exact where k/parts as a double is not", () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    for (let k = 1; k <= 100; k++) expect(quantileInvertedCdf(values, k, 100)).toBe(k);
  });
  it("knows the ends, typed arrays and the empty sample", () => {
    expect(quantileInvertedCdf([], 1, 2)).toBeNull();
    expect(quantileInvertedCdf([7], 0, 1)).toBe(7);
    expect(quantileInvertedCdf([7, 9], 0, 4)).toBe(7);
    expect(quantileInvertedCdf(Float64Array.of(7, 9), 4, 4)).toBe(9);
    expect(() => quantileInvertedCdf([7], 2, 1)).toThrow(RangeError);
    expect(() => quantileInvertedCdf([7], 0, 0)).toThrow(RangeError);
    expect(() => quantileInvertedCdf([7], 0.5, 1)).toThrow(RangeError);
  });
});
