import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainedChange } from "../../src/stats/explained-change.ts";
import { present } from "./goldens.ts";

/** What test/oracle/causes_goldens.py writes. */
const { cases } = JSON.parse(readFileSync(new URL("causes-goldens.json", import.meta.url), "utf8")) as {
  readonly cases: readonly {
    readonly rows: number[];
    readonly sums: number[];
    readonly squares: number[];
    readonly current: number[];
    readonly change: number;
    readonly standardError: number;
    readonly redrawn: number | null;
  }[];
};

describe("explainedChange", () => {
  it("is what weighting the reference's rows to the new shares gives, with an error that redrawing finds as well", () => {
    for (const { current, change, standardError, redrawn, ...reference } of cases) {
      const found = present(explainedChange(reference, current));
      expect(found.value).toBeCloseTo(change, 10);
      expect(found.standardError).toBeCloseTo(standardError, 10);
      if (redrawn !== null) expect(Math.abs(found.standardError / redrawn - 1)).toBeLessThan(0.05);
      expect(found.unknown).toBe(0);
    }
  });
  it("is 0 where shares are as they were, whatever the means, and never beyond the range of the bins' means", () => {
    const bin = fc.record({ rows: fc.integer({ min: 0, max: 500 }), mean: fc.double({ min: 0, max: 1, noNaN: true }), now: fc.nat(500) });
    fc.assert(
      fc.property(fc.array(bin, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (bins, times) => {
        const rows = bins.map((one) => one.rows);
        const sums = bins.map((one) => one.rows * one.mean);
        const reference = { rows, sums, squares: bins.map((one) => one.rows * one.mean ** 2) };
        const total = rows.reduce((sum, one) => sum + one, 0);
        const same = explainedChange(
          reference,
          rows.map((count) => count * times),
        );
        if (total === 0) {
          expect(same).toBeNull();
          return;
        }
        expect(present(same).value).toBeCloseTo(0, 10);
        const found = explainedChange(
          reference,
          bins.map((one) => one.now),
        );
        if (found === null) {
          expect(bins.every((one) => one.now === 0)).toBe(true);
          return;
        }
        const overall = sums.reduce((sum, one) => sum + one, 0) / total;
        const means = bins.flatMap((one) => (one.rows > 0 ? [one.mean] : []));
        expect(overall + found.value).toBeGreaterThanOrEqual(Math.min(overall, ...means) - 1e-9);
        expect(overall + found.value).toBeLessThanOrEqual(Math.max(overall, ...means) + 1e-9);
        expect(found.unknown).toBeGreaterThanOrEqual(0);
        expect(found.unknown).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });
  it("takes values that are new to be like all the others, and says how many", () => {
    const reference = { rows: [50, 50, 0], sums: [10, 40, 0], squares: [10, 40, 0] };
    expect(present(explainedChange(reference, [0, 0, 8])).value).toBeCloseTo(0, 12);
    expect(present(explainedChange(reference, [0, 0, 8])).unknown).toBe(1);
    expect(present(explainedChange(reference, [0, 50, 50])).value).toBeCloseTo(0.5 * 0.3 + 0.0, 12);
    expect(present(explainedChange(reference, [0, 50, 50])).unknown).toBe(0.5);
  });
  it("has no answer without rows, and refuses what is no count", () => {
    const none = { rows: [0], sums: [0], squares: [0] };
    expect(explainedChange(none, [3])).toBeNull();
    expect(explainedChange({ rows: [1], sums: [1], squares: [1] }, [0])).toBeNull();
    expect(explainedChange({ rows: [1], sums: [1], squares: [1] }, [1])).toMatchObject({ value: 0, standardError: 0 });
    expect(() => explainedChange(none, [1, 2])).toThrow(RangeError);
    expect(() => explainedChange({ rows: [-1], sums: [0], squares: [0] }, [1])).toThrow(RangeError);
    expect(() => explainedChange(none, [Number.NaN])).toThrow(RangeError);
  });
});
