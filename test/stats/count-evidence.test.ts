import { describe, expect, test } from "vitest";
import { countEvidence } from "../../src/stats/count-evidence.ts";
import { mulberry32 } from "../support/mulberry32.ts";

describe("how unusual a count is", () => {
  // scipy.stats.t.sf of the statistic, computed in NumPy.
  test.each([
    [40, new Array<number>(10).fill(0), 8.370601815329711e-7],
    [5, [2, 1, 3, 0, 2, 4, 1, 2], 0.07056236817644021],
    [30, [10, 8, 12, 9, 11, 10, 40, 9, 11, 12], 0.04822659562344956],
    [2, new Array<number>(8).fill(2), 0.5],
  ])("%i among %j", (value, windows, pValue) => expect(countEvidence(value, windows)?.pHigher).toBeCloseTo(pValue, 12));

  test("the usual is the mean, and seven windows say nothing", () => {
    expect(countEvidence(0, [1, 2, 3, 4, 5, 6, 7, 8])?.usual).toBe(4.5);
    expect(countEvidence(9, [1, 1, 1, 1, 1, 1, 1])).toBeNull();
  });

  test("counts without a change are seldom called one", () => {
    const chance = mulberry32(3);
    const poisson = (mean: number) => {
      let events = 0;
      for (let product = chance(); product > Math.exp(-mean); product *= chance()) events += 1;
      return events;
    };
    for (const mean of [0.2, 3, 20]) {
      const called = Array.from({ length: 2_000 }, () =>
        countEvidence(
          poisson(mean),
          Array.from({ length: 14 }, () => poisson(mean)),
        ),
      ).filter((found) => (found?.pHigher ?? 1) <= 0.01);
      expect(called.length).toBeLessThanOrEqual(2_000 * 0.01 + 15);
    }
  });
});
