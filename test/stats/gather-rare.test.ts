import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gatherRareBins } from "../../src/stats/gather-rare.ts";
import { histogramPairs } from "./histogram-drift.ts";

const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0);

describe("gatherRareBins", () => {
  it("joins from the fullest down, and leaves the rest to the last", () => {
    // The smaller side has a third of the rows, so a bin needs 15 for 5 expected ones.
    expect(gatherRareBins([100, 4, 6, 0, 3], [40, 4, 4, 0, 1], 2)).toEqual({ reference: [100, 6, 7], current: [40, 4, 5] });
    expect(gatherRareBins([100, 4], [40, 0], 5)).toEqual({ reference: [104], current: [40] });
  });
  it("keeps all rows, and leaves no bin too rare unless it is the only one", () => {
    fc.assert(
      fc.property(histogramPairs, ({ reference, current }) => {
        const gathered = gatherRareBins(reference, current, 5);
        const [n, m] = [sum(reference), sum(current)];
        expect([sum(gathered.reference), sum(gathered.current)]).toEqual([n, m]);
        if (gathered.reference.length < 2) return;
        const expected = gathered.reference.map((count, bin) => ((count + (gathered.current[bin] ?? 0)) * Math.min(n, m)) / (n + m));
        expect(Math.min(...expected)).toBeGreaterThanOrEqual(5);
      }),
    );
  });
});
