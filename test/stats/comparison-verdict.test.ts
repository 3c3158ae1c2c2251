import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { proportionSequence } from "../../src/stats/bernoulli-sequence.ts";
import { comparisonVerdict } from "../../src/stats/comparison-verdict.ts";
import { differenceSequence, type ConfidenceSequence } from "../../src/stats/confidence-sequence.ts";
import { createChance, drawSuccesses } from "./comparison-goldens.ts";
import { present } from "./goldens.ts";

const sequence = (low: number, high: number, difference = (low + high) / 2): ConfidenceSequence => ({
  difference,
  low,
  high,
  rows: 1000,
  alpha: 0.05,
  tunedRows: 5000,
});

describe("comparisonVerdict", () => {
  it("follows the interval, the direction and the margin", () => {
    const kind = (low: number, high: number, direction: "higher_is_better" | "lower_is_better", margin: number) =>
      comparisonVerdict(sequence(low, high), direction, margin).kind;
    expect(kind(0.01, 0.05, "higher_is_better", 0)).toBe("better");
    expect(kind(0.01, 0.05, "lower_is_better", 0)).toBe("worse");
    expect(kind(-0.05, -0.01, "higher_is_better", 0)).toBe("worse");
    expect(kind(-0.05, -0.01, "lower_is_better", 0)).toBe("better");
    expect(kind(-0.01, 0.05, "lower_is_better", 0.05)).toBe("no_larger_difference");
    expect(kind(-0.01, 0.05, "higher_is_better", 0.049)).toBe("not_yet");
    expect(kind(0, 0.05, "higher_is_better", 0.01)).toBe("not_yet");
  });
  it("says when a difference is there but lies within the margin", () => {
    const found = comparisonVerdict(sequence(0.001, 0.005), "higher_is_better", 0.01);
    expect(found).toEqual({ kind: "better", withinMargin: true, furtherRows: { atObserved: 0, atMargin: 0, atMost: 0 } });
    expect(comparisonVerdict(sequence(0.001, 0.05), "higher_is_better", 0.01).withinMargin).toBe(false);
  });
  it("foretells the rows at which the verdict comes, to the row", () => {
    const estimates = fc.record({
      difference: fc.double({ min: -0.05, max: 0.05, noNaN: true }),
      spread: fc.double({ min: 0.1, max: 2, noNaN: true }),
      rows: fc.integer({ min: 10, max: 20_000 }),
    });
    fc.assert(
      fc.property(estimates, fc.double({ min: 0.01, max: 0.1, noNaN: true }), ({ difference, spread, rows }, margin) => {
        const after = (n: number, d: number) =>
          comparisonVerdict(
            present(differenceSequence({ difference: d, standardError: spread / Math.sqrt(n), rows: n, isLarge: true }, 0.05, 5000)),
            "higher_is_better",
            margin,
          );
        const { kind, furtherRows } = after(rows, difference);
        const [atObserved, atMargin, atMost] = [furtherRows.atObserved, furtherRows.atMargin, furtherRows.atMost].map(present);
        if (kind !== "not_yet") {
          expect([atObserved, atMargin, atMost]).toEqual([0, 0, 0]);
          return;
        }
        const [soon, expected, last] = [present(atObserved), present(atMargin), present(atMost)];
        expect(soon).toBeGreaterThan(0);
        expect(after(rows + soon + 2, difference).kind).not.toBe("not_yet");
        if (soon > 2) expect(after(rows + soon - 2, difference).kind).toBe("not_yet");
        expect(after(rows + expected + 2, margin).kind).toBe("better");
        if (expected > 2) expect(after(rows + expected - 2, margin).kind).toBe("not_yet");
        expect(last).toBeGreaterThanOrEqual(Math.max(soon, expected));
        expect(after(rows + last + 2, margin / 2).kind).not.toBe("not_yet");
        expect(after(rows + last + 2, difference).kind).not.toBe("not_yet");
      }),
    );
  });
  it("has no end in sight for no difference and no margin", () => {
    const found = comparisonVerdict(sequence(-0.1, 0.1, 0), "higher_is_better", 0);
    expect(found).toEqual({ kind: "not_yet", withinMargin: false, furtherRows: { atObserved: null, atMargin: null, atMost: null } });
    expect(comparisonVerdict(sequence(-0.1, 0.1, 1e-12), "higher_is_better", 0).furtherRows.atObserved).toBeNull();
  });
  it("takes intervals that lean to one side", () => {
    const { furtherRows } = comparisonVerdict({ ...sequence(-0.02, 0.25), difference: 0.05 }, "higher_is_better", 0.2);
    expect(furtherRows.atObserved).toBeGreaterThan(0);
  });
  it("refuses nonsense", () => {
    expect(() => comparisonVerdict(sequence(-1, 1), "higher_is_better", -0.1)).toThrow(RangeError);
    expect(() => comparisonVerdict({ ...sequence(-1, 1), rows: 0 }, "higher_is_better", 0)).toThrow(RangeError);
    expect(() => comparisonVerdict(sequence(-1, 1, 2), "higher_is_better", 0)).toThrow(RangeError);
    expect(() => comparisonVerdict(sequence(Number.NaN, 1), "higher_is_better", 0)).toThrow(RangeError);
  });
  it("is seldom wrong when asked every hour of a month, and usually finds a true difference", () => {
    const chance = createChance(4);
    const month = (champion: number, challenger: number) => {
      const sums = [champion, challenger].map((rate) => ({ rate, successes: 0, n: 0 }));
      for (let hour = 1; hour <= 720; hour++) {
        for (const side of sums) {
          side.successes += drawSuccesses(chance, 200, side.rate);
          side.n += 200;
        }
        const [first, second] = [present(sums[0]), present(sums[1])];
        const now = present(proportionSequence(first, second, 0.05, 50_000));
        const { kind } = comparisonVerdict(now, "lower_is_better", 0.005);
        if (kind !== "not_yet") return kind;
      }
      return "not_yet";
    };
    const same = Array.from({ length: 60 }, () => month(0.1, 0.1));
    // Three are allowed on average; nine would be beyond three standard deviations.
    expect(same.filter((kind) => kind === "better" || kind === "worse").length).toBeLessThan(9);
    expect(same.filter((kind) => kind === "no_larger_difference").length).toBeGreaterThan(30);
    const different = Array.from({ length: 30 }, () => month(0.1, 0.09));
    expect(different.filter((kind) => kind === "better").length).toBeGreaterThanOrEqual(27);
  });
});
