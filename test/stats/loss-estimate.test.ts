import { describe, expect, it } from "vitest";
import { expectedLoss } from "../../src/stats/loss-estimate.ts";
import { meanEstimate, mergeMoments, momentsFromSums, rowMoments, type Moments } from "../../src/stats/moments.ts";
import { unweighted } from "../../src/stats/weighted-rows.ts";
import { present } from "./goldens.ts";
import { holds, seeded, tally, zeros } from "./performance-goldens.ts";

/** Twice as many losses as `half`, above and below a mean by one deviation. */
function losses(mean: number, deviation: number, half: number): Moments {
  return { weight: 2 * half, squares: 2 * half, means: [mean], comoments: [[2 * half * deviation ** 2]] };
}

describe("expectedLoss", () => {
  it("weighs each bin's mean loss by the current rows, with both variances", () => {
    const found = present(expectedLoss([losses(1, 0.5, 50), losses(3, 2, 100)], unweighted([30, 10]), 0.95));
    expect(found.value).toBeCloseTo(1.5, 12);
    const [low, high] = [(0.25 * 100) / 99, (4 * 200) / 199];
    expect(found.outcomeVariance).toBeCloseTo((30 * low + 10 * high) / 40 ** 2, 12);
    expect(found.calibrationVariance).toBeCloseTo((0.75 ** 2 * low) / 100 + (0.25 ** 2 * high) / 200, 12);
    expect(found.borrowed).toBe(0);
  });
  it("of the reference's own mix is the reference's mean", () => {
    const bins = [losses(1, 1, 30), losses(2, 1, 40), losses(7, 3, 20)];
    const mean = meanEstimate(present(mergeMoments(bins)), 0, 0.95).value;
    expect(present(expectedLoss(bins, unweighted([60, 80, 40]), 0.95)).value).toBeCloseTo(mean, 12);
  });
  it("pools neighbours until there are rows enough, and says what is borrowed", () => {
    const bins = [null, losses(1, 1, 5), losses(3, 1, 5), losses(5, 1, 20), rowMoments([100], 1), null];
    const found = present(expectedLoss(bins, unweighted([2, 1, 1, 4, 0, 2]), 0.95));
    expect(found.value).toBeCloseTo((4 * 2 + 6 * ((40 * 5 + 100) / 41)) / 10, 12);
    expect(found.borrowed).toBeCloseTo(0.4, 12);
  });
  it("has no answer without rows", () => {
    expect(expectedLoss([], unweighted([]), 0.95)).toBeNull();
    expect(expectedLoss([losses(1, 1, 50)], unweighted([0]), 0.95)).toBeNull();
    expect(expectedLoss([null], unweighted([5]), 0.95)).toBeNull();
    expect(expectedLoss([rowMoments([1], 1)], unweighted([5]), 0.95)).toBeNull();
    expect(expectedLoss([losses(1, 1, 1)], unweighted([5]), 0.95)).toBeNull();
  });
  it("is certain of a constant loss, and keeps losses at 0 or above", () => {
    expect(expectedLoss([losses(2, 0, 50)], unweighted([5]), 0.95)?.ci).toEqual([2, 2]);
    expect(present(expectedLoss([losses(0.1, 3, 50)], unweighted([5]), 0.95)?.ci)[0]).toBe(0);
    expect(present(expectedLoss([losses(-0.1, 3, 50)], unweighted([5]), 0.95)?.ci)[0]).toBeLessThan(-1);
  });
  it.each([
    [5000, 500, 0],
    [1000, 10_000, 0],
    [5000, 5000, 0.7],
  ])("covers what is realised: %i reference rows, %i current ones, shifted by %f", (reference, current, shift) => {
    const { normal } = seeded(11);
    const binOf = (prediction: number) => Math.min(49, Math.max(0, Math.floor((prediction + 2.5) * 10)));
    const lossOf = (prediction: number) => Math.abs(normal() * Math.exp(0.4 * prediction));
    let covered = 0;
    for (let run = 0; run < 80; run += 1) {
      const [rows, sums, squares, now] = [zeros(50), zeros(50), zeros(50), zeros(50)];
      for (let row = 0; row < reference; row += 1) {
        const prediction = normal();
        const loss = lossOf(prediction);
        tally(rows, binOf(prediction));
        tally(sums, binOf(prediction), loss);
        tally(squares, binOf(prediction), loss * loss);
      }
      let realised = 0;
      for (let row = 0; row < current; row += 1) {
        const prediction = shift + normal();
        tally(now, binOf(prediction));
        realised += lossOf(prediction) / current;
      }
      const bins = rows.map((count, bin) => momentsFromSums(count, count, [sums[bin] ?? 0], [[squares[bin] ?? 0]]));
      if (holds(expectedLoss(bins, unweighted(now), 0.95)?.ci, realised)) covered += 1;
    }
    expect(covered / 80).toBeGreaterThan(0.87);
    expect(covered / 80).toBeLessThan(1);
  });
  it("refuses nonsense", () => {
    expect(() => expectedLoss([null], unweighted([1, 2]), 0.95)).toThrow(RangeError);
    expect(() => expectedLoss([null], unweighted([-1]), 0.95)).toThrow(RangeError);
    expect(() => expectedLoss([null], unweighted([1]), 0)).toThrow(RangeError);
  });
});
