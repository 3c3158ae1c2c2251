import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aucDifference, pairedAucDifference, type ScoredCell } from "../../src/stats/auc-difference.ts";
import { mcNemar } from "../../src/stats/mcnemar.ts";
import { welchTest } from "../../src/stats/welch.ts";
import { comparisonGoldens } from "./comparison-goldens.ts";
import { present } from "./goldens.ts";

describe("welchTest", () => {
  const sample = fc.record({
    n: fc.integer({ min: 2, max: 500 }),
    mean: fc.double({ min: -5, max: 5, noNaN: true }),
    variance: fc.double({ min: 0.01, max: 9, noNaN: true }),
  });

  it("agrees with SciPy and statsmodels", () => {
    for (const { champion, challenger, t, df, pValue, low, high } of comparisonGoldens.welch) {
      const found = present(welchTest(champion, challenger, 0.9));
      expect(found.t).toAgreeWith(t, 1e-10);
      expect(found.df).toAgreeWith(df, 1e-10);
      expect(found.pValue).toAgreeWith(pValue, 1e-9);
      expect(found.ci[0]).toBeCloseTo(low, 9);
      expect(found.ci[1]).toBeCloseTo(high, 9);
      expect(found.rows).toBe(champion.n + challenger.n);
    }
  });
  it("swaps sign with its sides; interval and p-value agree about 0", () => {
    fc.assert(
      fc.property(sample, sample, (champion, challenger) => {
        const found = present(welchTest(champion, challenger, 0.95));
        const swapped = present(welchTest(challenger, champion, 0.95));
        expect(swapped.difference).toBe(0 - found.difference);
        expect(swapped.pValue).toBe(found.pValue);
        expect(swapped.ci[0]).toBeCloseTo(-found.ci[1], 12);
        if (Math.abs(found.pValue - 0.05) > 1e-9) expect(found.ci[0] > 0 || found.ci[1] < 0).toBe(found.pValue < 0.05);
      }),
    );
  });
  it("says that equal samples do not differ", () => {
    const same = { n: 10, mean: 3, variance: 2 };
    expect(present(welchTest(same, same, 0.95))).toMatchObject({ difference: 0, t: 0, pValue: 1 });
  });
  it("needs two rows a side and some variation, of however small a size", () => {
    const some = { n: 2, mean: 1, variance: 1 };
    expect(welchTest({ n: 0, mean: 0, variance: 0 }, some, 0.95)).toBeNull();
    expect(welchTest(some, { n: 1, mean: 0, variance: 0 }, 0.95)).toBeNull();
    expect(welchTest({ ...some, variance: 0 }, { ...some, mean: 2, variance: 0 }, 0.95)).toBeNull();
    expect(present(welchTest({ ...some, variance: 0 }, some, 0.95)).df).toBe(1);
    const tiny = { n: 5, mean: 0, variance: 1e-200 };
    expect(present(welchTest(tiny, tiny, 0.95)).df).toBeCloseTo(8, 12);
    expect(() => welchTest({ ...some, variance: -1 }, some, 0.95)).toThrow(RangeError);
    expect(() => welchTest({ ...some, mean: Number.NaN }, some, 0.95)).toThrow(RangeError);
    expect(() => welchTest(some, { ...some, n: 2.5 }, 0.95)).toThrow(RangeError);
    expect(() => welchTest(some, some, 95)).toThrow(RangeError);
  });
});

describe("mcNemar", () => {
  it("agrees with statsmodels and SciPy", () => {
    for (const [onlyChampion, onlyChallenger, rows, midP, statistic, pValue] of comparisonGoldens.mcnemar) {
      const found = present(mcNemar({ onlyChampion, onlyChallenger, rows }));
      expect(found.difference).toBe((onlyChallenger - onlyChampion) / rows);
      expect(found.midP).toAgreeWith(midP, 1e-9, onlyChampion, onlyChallenger);
      expect(found.statistic).toAgreeWith(statistic, 1e-12);
      expect(found.pValue).toAgreeWith(pValue, 1e-10);
    }
  });
  it("swaps sign with its sides, and keeps to [0, 1]", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.nat(300), (onlyChampion, onlyChallenger, alike) => {
        const rows = 1 + onlyChampion + onlyChallenger + alike;
        const found = present(mcNemar({ onlyChampion, onlyChallenger, rows }));
        const swapped = present(mcNemar({ onlyChampion: onlyChallenger, onlyChallenger: onlyChampion, rows }));
        expect(swapped).toEqual({ ...found, difference: 0 - found.difference });
        expect(found.midP).toBeGreaterThan(0);
        expect(found.midP).toBeLessThanOrEqual(1);
        expect(found.standardError).toBeGreaterThan(0);
        const b = onlyChampion + 0.5;
        const c = onlyChallenger + 0.5;
        expect(found.standardError).toBeCloseTo(Math.sqrt(b + c - (c - b) ** 2 / (rows + 1)) / (rows + 1), 14);
      }),
    );
  });
  it("answers where no row tells the versions apart, and for one row", () => {
    expect(mcNemar({ onlyChampion: 0, onlyChallenger: 0, rows: 7 })).toMatchObject({ difference: 0, midP: 1, statistic: 0, pValue: 1 });
    expect(present(mcNemar({ onlyChampion: 0, onlyChallenger: 1, rows: 1 })).midP).toBeCloseTo(0.5, 12);
    expect(mcNemar({ onlyChampion: 0, onlyChallenger: 0, rows: 0 })).toBeNull();
    expect(() => mcNemar({ onlyChampion: 2, onlyChallenger: 1, rows: 2 })).toThrow(RangeError);
    expect(() => mcNemar({ onlyChampion: 0.5, onlyChallenger: 1, rows: 2 })).toThrow(RangeError);
  });
});

describe("what is large enough for many looks", () => {
  it("is 500 rows a side for means", () => {
    const sample = (n: number) => ({ n, mean: 0, variance: 1 });
    expect(present(welchTest(sample(500), sample(500), 0.95)).isLarge).toBe(true);
    expect(present(welchTest(sample(499), sample(9000), 0.95)).isLarge).toBe(false);
    expect(present(welchTest(sample(9000), sample(499), 0.95)).isLarge).toBe(false);
  });
  it("is 20 rows that only one version got right", () => {
    expect(present(mcNemar({ onlyChampion: 20, onlyChallenger: 0, rows: 99 })).isLarge).toBe(true);
    expect(present(mcNemar({ onlyChampion: 10, onlyChallenger: 9, rows: 1e6 })).isLarge).toBe(false);
  });
  it("is ten rows out of place for areas, of either version", () => {
    const [rough, fine] = [
      { positives: [20, 80], negatives: [80, 20] },
      { positives: [5, 95], negatives: [95, 5] },
    ];
    expect(present(aucDifference(rough, rough, 0.95)).isLarge).toBe(true);
    expect(present(aucDifference(rough, fine, 0.95)).isLarge).toBe(false);
    expect(present(aucDifference(fine, rough, 0.95)).isLarge).toBe(false);
    const roughAndFine: ScoredCell[] = [
      { champion: 0, challenger: 0, positives: 5, negatives: 80 },
      { champion: 0, challenger: 1, positives: 15, negatives: 0 },
      { champion: 1, challenger: 0, positives: 0, negatives: 15 },
      { champion: 1, challenger: 1, positives: 80, negatives: 5 },
    ];
    const isLarge = (change: (one: ScoredCell) => Partial<ScoredCell>) =>
      present(
        pairedAucDifference(
          roughAndFine.map((one) => ({ ...one, ...change(one) })),
          0.95,
        ),
      ).isLarge;
    expect(isLarge(({ champion }) => ({ challenger: champion }))).toBe(true);
    expect(isLarge(() => ({}))).toBe(false);
    expect(isLarge(({ champion, challenger }) => ({ champion: challenger, challenger: champion }))).toBe(false);
    expect(isLarge(({ challenger }) => ({ challenger: -challenger }))).toBe(false);
  });
});

describe("aucDifference", () => {
  it("agrees with DeLong pair by pair", () => {
    for (const { champion, challenger, areas, standardError, pValue } of comparisonGoldens.splitAuc) {
      const found = present(aucDifference(champion, challenger, 0.95));
      expect(found.champion).toAgreeWith(areas[0], 1e-12);
      expect(found.challenger).toAgreeWith(areas[1], 1e-12);
      expect(found.standardError).toAgreeWith(standardError, 1e-10);
      expect(present(found.pValue)).toAgreeWith(pValue, 1e-8);
      expect(found.rows).toBe(400);
    }
  });
  it("needs two of each class on both sides, and some overlap for an error", () => {
    const some = { positives: [1, 3], negatives: [3, 1] };
    expect(aucDifference(some, { positives: [0, 1], negatives: [2, 2] }, 0.95)).toBeNull();
    expect(aucDifference({ positives: [], negatives: [] }, some, 0.95)).toBeNull();
    const perfect = { positives: [0, 3], negatives: [3, 0] };
    expect(aucDifference(perfect, perfect, 0.95)).toMatchObject({ difference: 0, standardError: 0, pValue: null, ci: null });
    expect(present(aucDifference(some, some, 0.95)).pValue).toBe(1);
    expect(() => aucDifference(some, { positives: [1], negatives: [1, 2] }, 0.95)).toThrow(RangeError);
    expect(() => aucDifference(some, some, 1)).toThrow(RangeError);
  });
});

describe("pairedAucDifference", () => {
  const cell = fc.record({ champion: fc.nat(6), challenger: fc.nat(6), positives: fc.nat(5), negatives: fc.nat(5) });
  const cells = fc
    .array(cell, { minLength: 1, maxLength: 25 })
    .filter((list) => (["positives", "negatives"] as const).every((side) => list.reduce((sum, one) => sum + one[side], 0) >= 2));

  it("agrees with DeLong pair by pair, from raw pairs of scores", () => {
    for (const { champion, challenger, positives, areas, standardError } of comparisonGoldens.pairedAuc) {
      const rows = champion.map((score, i): ScoredCell => ({
        champion: score,
        challenger: present(challenger[i]),
        positives: i < positives ? 1 : 0,
        negatives: i < positives ? 0 : 1,
      }));
      const found = present(pairedAucDifference(rows, 0.95));
      expect(found.champion).toAgreeWith(areas[0], 1e-12);
      expect(found.challenger).toAgreeWith(areas[1], 1e-12);
      expect(found.standardError).toAgreeWith(standardError, 1e-9);
      expect(found.rows).toBe(rows.length);
    }
  });
  it("is the same from a joint table, from single rows, in any order, and on any scale", () => {
    fc.assert(
      fc.property(cells, (table) => {
        const found = present(pairedAucDifference(table, 0.9));
        const rows = table.flatMap(({ positives, negatives, ...scores }) => [
          ...Array.from({ length: positives }, () => ({ ...scores, positives: 1, negatives: 0 })),
          ...Array.from({ length: negatives }, () => ({ ...scores, positives: 0, negatives: 1 })),
        ]);
        const other = rows.reverse().map((row) => ({ ...row, champion: Math.exp(row.champion), challenger: row.challenger / 7 - 3 }));
        const again = present(pairedAucDifference(other, 0.9));
        expect(again.difference).toBeCloseTo(found.difference, 12);
        expect(again.standardError).toBeCloseTo(found.standardError, 7);
        expect(again.rows).toBe(found.rows);
      }),
    );
  });
  it("has the areas of each version alone, swaps sign with the sides, and is 0 against itself", () => {
    fc.assert(
      fc.property(cells, (table) => {
        const found = present(pairedAucDifference(table, 0.9));
        const swapped = present(
          pairedAucDifference(
            table.map((one) => ({ ...one, champion: one.challenger, challenger: one.champion })),
            0.9,
          ),
        );
        expect(swapped.difference).toBeCloseTo(-found.difference, 12);
        expect(swapped.standardError).toBeCloseTo(found.standardError, 12);
        const counts = (score: "champion" | "challenger", side: "positives" | "negatives") =>
          Array.from({ length: 7 }, (_, bin) => table.filter((one) => one[score] === bin).reduce((sum, one) => sum + one[side], 0));
        const [champion, challenger] = (["champion", "challenger"] as const).map((score) => ({
          positives: counts(score, "positives"),
          negatives: counts(score, "negatives"),
        }));
        const alone = present(aucDifference(present(champion), present(challenger), 0.9));
        expect(found.champion).toBeCloseTo(alone.champion, 12);
        expect(found.challenger).toBeCloseTo(alone.challenger, 12);
        const same = present(
          pairedAucDifference(
            table.map((one) => ({ ...one, challenger: 2 * one.champion })),
            0.9,
          ),
        );
        expect(same).toMatchObject({ difference: 0, standardError: 0, pValue: null, ci: null });
      }),
    );
  });
  it("needs two of each class, and refuses nonsense", () => {
    const row = { champion: 0, challenger: 1, positives: 1, negatives: 2 };
    expect(pairedAucDifference([], 0.95)).toBeNull();
    expect(pairedAucDifference([row], 0.95)).toBeNull();
    expect(pairedAucDifference([row, row], 0.95)).toMatchObject({ champion: 0.5, challenger: 0.5, standardError: 0 });
    expect(() => pairedAucDifference([{ ...row, champion: Number.NaN }], 0.95)).toThrow(RangeError);
    expect(() => pairedAucDifference([{ ...row, negatives: -1 }], 0.95)).toThrow(RangeError);
    expect(() => pairedAucDifference([row, row], 95)).toThrow(RangeError);
  });
});
