import { describe, expect, test } from "vitest";
import { binnedQuantile } from "../../src/stats/binned-quantile.ts";

describe("a quantile of binned rows", () => {
  // scipy.stats.mstats.mquantiles_cimj is another interval; ranks are those of the binomial: 950 ± 1.96 × 6.892 of 1,000.
  const thousand = new Map(Array.from({ length: 1_000 }, (_, index) => [index + 1, 1]));
  test.each([
    [0.5, 500, 470, 531],
    [0.95, 950, 937, 964],
    [0.99, 990, 984, 997],
  ])("share %f of 1 to 1,000", (share, bin, low, high) => expect(binnedQuantile(thousand, share, 0.95)).toEqual({ bin, low, high }));

  test("nothing, one row, rows all alike, bins in any order", () => {
    expect(binnedQuantile(new Map(), 0.5, 0.95)).toBeNull();
    expect(binnedQuantile(new Map([[3, 0]]), 0.5, 0.95)).toBeNull();
    expect(binnedQuantile(new Map([[3, 1]]), 0.99, 0.95)).toEqual({ bin: 3, low: 3, high: 3 });
    expect(binnedQuantile(new Map([[3, 500]]), 0.99, 0.95)).toEqual({ bin: 3, low: 3, high: 3 });
    expect(
      binnedQuantile(
        new Map([
          [9, 1],
          [3, 99],
        ]),
        0.5,
        0.95,
      )?.bin,
    ).toBe(3);
  });
  test("what is no count or no share is refused", () => {
    expect(() => binnedQuantile(new Map([[1, 0.5]]), 0.5, 0.95)).toThrow(RangeError);
    expect(() => binnedQuantile(new Map([[1, 5]]), 1, 0.95)).toThrow(RangeError);
  });
});
