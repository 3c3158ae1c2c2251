import { describe, expect, it } from "vitest";
import { dealtChangeSf } from "../../src/stats/hypergeometric.ts";
import { permutationPValue } from "../../src/stats/permutation-test.ts";
import { wassersteinFromBins, type BinnedPair, type TailMeans } from "../../src/stats/wasserstein.ts";
import { wassersteinPValue } from "../../src/stats/wasserstein-p-value.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts } from "./histogram-drift.ts";

const noTails: TailMeans = { low: null, high: null };

/** 40 inner bins over (0, 1], nothing outside. */
const edges = Array.from({ length: 41 }, (_, i) => i / 40);
const pairOf = (reference: readonly number[], current: readonly number[]): BinnedPair => ({
  edges,
  reference: [0, ...reference, 0],
  current: [0, ...current, 0],
  referenceTails: noTails,
  currentTails: noTails,
});
const shapes: Record<string, number[]> = {
  flat: Array.from({ length: 40 }, () => 1),
  falling: Array.from({ length: 40 }, (_, i) => Math.exp(-i / 6)),
  twoPlaces: Array.from({ length: 40 }, (_, i) => (i === 0 || i === 39 ? 1 : 0)),
};

describe("wassersteinPValue", () => {
  it.each(Object.keys(shapes))("raises no more false alarms than it says: %s", (name) => {
    const random = mulberry32(31);
    const shares = present(shapes[name]);
    const runs = 800;
    for (const [n, m] of [
      [2000, 60],
      [300, 300],
    ] as const) {
      const alarms = Array.from({ length: runs }, () =>
        wassersteinPValue(pairOf(drawCounts(shares, n, random), drawCounts(shares, m, random))),
      ).filter((p) => present(p) <= 0.05).length;
      expect(alarms / runs).toBeLessThan(0.074);
      expect(alarms / runs).toBeGreaterThan(0.015);
    }
  });
  it("is near the permutation p-value of the same distance", () => {
    const random = mulberry32(77);
    const distance = (a: readonly number[], b: readonly number[]): number => present(wassersteinFromBins(pairOf(a, b))).value;
    for (const name of ["flat", "falling"]) {
      const shares = present(shapes[name]);
      for (const m of [40, 300]) {
        const [reference, current] = [drawCounts(shares, 2000, random), drawCounts(shares, m, random)];
        const exact = present(permutationPValue(reference, current, distance, 1000, random));
        expect(Math.abs(present(wassersteinPValue(pairOf(reference, current))) - exact)).toBeLessThan(0.07);
      }
    }
  });
  it("falls as rows move further, to tails that corrections can use", () => {
    const flat = Array.from({ length: 40 }, () => 50);
    const moved = [0, 2, 4, 8, 16].map((step) =>
      present(
        wassersteinPValue(
          pairOf(
            flat,
            flat.map((_, i) => (i >= step ? 10 : 0)),
          ),
        ),
      ),
    );
    expect(moved.toSorted((a, b) => b - a)).toEqual(moved);
    expect(moved[0]).toBeGreaterThan(0.999);
    expect(moved.at(-1)).toBeLessThan(1e-10);
  });
  it("takes one far row for the toss of a coin that it is", () => {
    const pair: BinnedPair = {
      edges: [0, 1],
      reference: [0, 5000, 0],
      current: [0, 99, 1],
      referenceTails: noTails,
      currentTails: { low: null, high: 1e6 },
    };
    const chance = 100 / 5100;
    expect(present(wassersteinPValue(pair))).toAgreeWith(chance, 1e-9);
    expect(dealtChangeSf(0.01, 5099, 5000, 100)).toAgreeWith(chance, 1e-9);
  });
  it("does not depend on the unit or on the side", () => {
    const random = mulberry32(5);
    const shares = present(shapes["falling"]);
    const [reference, current] = [drawCounts(shares, 900, random), drawCounts(shares, 80, random)];
    const pair = pairOf(reference, current);
    const p = present(wassersteinPValue(pair));
    expect(present(wassersteinPValue({ ...pair, edges: edges.map((edge) => 1e9 * edge - 3e8) }))).toAgreeWith(p, 1e-9);
    expect(present(wassersteinPValue(pairOf(current, reference)))).toAgreeWith(p, 1e-9);
  });
  it("has no answer without rows, in one place or without the mean of an outer bin, and refuses what cannot be dealt", () => {
    const pair: BinnedPair = { edges: [0, 1], reference: [0, 5, 0], current: [0, 5, 0], referenceTails: noTails, currentTails: noTails };
    expect(wassersteinPValue(pair)).toBeNull();
    expect(wassersteinPValue({ ...pair, current: [0, 0, 0] })).toBeNull();
    expect(wassersteinPValue({ ...pair, current: [1, 4, 0] })).toBeNull();
    expect(wassersteinPValue({ ...pair, edges: [], reference: [5], current: [5] })).toBeNull();
    const two = { ...pair, reference: [1, 0, 0], current: [0, 1, 0], referenceTails: { low: -1, high: null } };
    expect(wassersteinPValue(two)).toBe(1);
    expect(() => wassersteinPValue({ ...pair, reference: [0, 1.5, 0] })).toThrow(RangeError);
    expect(() => wassersteinPValue({ ...pair, edges: [0] })).toThrow(RangeError);
  });
});
