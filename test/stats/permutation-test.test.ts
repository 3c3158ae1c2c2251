import { describe, expect, it } from "vitest";
import { chiSquareContingency } from "../../src/stats/chi-square-test.ts";
import { permutationPValue } from "../../src/stats/permutation-test.ts";
import { totalVariation } from "../../src/stats/total-variation.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts, driftGoldens, nullShares } from "./histogram-drift.ts";

const pearson = (a: readonly number[], b: readonly number[]): number => chiSquareContingency(a, b, 0)?.statistic ?? 0;
const variation = (a: readonly number[], b: readonly number[]): number => present(totalVariation(a, b)).value;

describe("permutationPValue", () => {
  it("nears what counting every deal gives", () => {
    const draws = 4000;
    for (const { reference, current, chiSquare, totalVariation: ofVariation } of driftGoldens.enumerated) {
      for (const [statistic, exact] of [
        [pearson, chiSquare],
        [variation, ofVariation],
      ] as const) {
        const found = present(permutationPValue(reference, current, statistic, draws, mulberry32(2)));
        expect(Math.abs(found - exact)).toBeLessThan(4 * Math.sqrt((exact * (1 - exact)) / draws) + 1 / draws);
        const swapped = present(permutationPValue(current, reference, statistic, draws, mulberry32(3)));
        expect(Math.abs(swapped - exact)).toBeLessThan(4 * Math.sqrt((exact * (1 - exact)) / draws) + 1 / draws);
      }
    }
  });
  it("answers the same to the same seed, and never 0", () => {
    const once = permutationPValue([300, 300, 300], [30, 0, 0], pearson, 99, mulberry32(1));
    expect(once).toBe(0.01);
    expect(permutationPValue([30, 40], [5, 9], pearson, 200, mulberry32(6))).toBe(
      permutationPValue([30, 40], [5, 9], pearson, 200, mulberry32(6)),
    );
  });
  it("has an answer where pooling leaves Pearson's test without cells, at its nominal rate", () => {
    const random = mulberry32(9);
    const shares = present(nullShares["ten"]);
    const runs = 500;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const [reference, current] = [drawCounts(shares, 500, random), drawCounts(shares, 30, random)];
      expect(chiSquareContingency(reference, current)).toBeNull();
      if (present(permutationPValue(reference, current, pearson, 99, random)) <= 0.05) alarms += 1;
    }
    expect(alarms / runs).toBeLessThan(0.08);
    expect(alarms / runs).toBeGreaterThan(0.02);
  });
  it("has no answer without rows or with fewer than two bins, and refuses nonsense", () => {
    const random = mulberry32(1);
    expect(permutationPValue([], [], pearson, 9, random)).toBeNull();
    expect(permutationPValue([4], [4], pearson, 9, random)).toBeNull();
    expect(permutationPValue([0, 0], [1, 1], pearson, 9, random)).toBeNull();
    expect(permutationPValue([5, 0], [5, 0], pearson, 9, random)).toBe(1);
    expect(permutationPValue([1, 0], [0, 1], pearson, 9, random)).toBe(1);
    expect(() => permutationPValue([1, 1], [1, 1], pearson, 0, random)).toThrow(RangeError);
    expect(() => permutationPValue([1.5, 1], [1, 1], pearson, 9, random)).toThrow(RangeError);
  });
});
