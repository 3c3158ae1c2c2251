import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { benjaminiHochberg } from "../../src/stats/benjamini-hochberg.ts";
import { goldens, present } from "./goldens.ts";

describe("benjaminiHochberg", () => {
  it("agrees with statsmodels, ties and zeros included", () => {
    for (const [pValues, adjusted] of goldens.benjaminiHochberg) {
      for (const [i, value] of benjaminiHochberg(pValues).entries()) expect(value).toBeCloseTo(present(adjusted[i]), 14);
    }
  });
  it("works the textbook example", () => {
    expect(benjaminiHochberg([0.01, 0.04, 0.03])).toEqual([0.03, 0.04, 0.04]);
  });
  it("keeps the order, never lowers a p-value, never exceeds 1, and does not depend on the order given", () => {
    const list = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });
    fc.assert(
      fc.property(list, (pValues) => {
        const pairs = benjaminiHochberg(pValues).map((adjusted, i): [number, number] => [present(pValues[i]), adjusted]);
        const ascending = pairs.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
        for (const [i, [p, adjusted]] of ascending.entries()) {
          expect(adjusted).toBeGreaterThanOrEqual(p);
          expect(adjusted).toBeLessThanOrEqual(1);
          expect(adjusted).toBeGreaterThanOrEqual(ascending[i - 1]?.[1] ?? 0);
        }
        expect(benjaminiHochberg(pValues.toReversed())).toEqual(benjaminiHochberg(pValues).toReversed());
      }),
    );
  });
  it("passes an empty list and a single value through, and refuses nonsense", () => {
    expect(benjaminiHochberg([])).toEqual([]);
    expect(benjaminiHochberg([0.2])).toEqual([0.2]);
    expect(benjaminiHochberg([0, 0])).toEqual([0, 0]);
    expect(() => benjaminiHochberg([0.2, Number.NaN])).toThrow(RangeError);
    expect(() => benjaminiHochberg([1.1])).toThrow(RangeError);
  });
});
