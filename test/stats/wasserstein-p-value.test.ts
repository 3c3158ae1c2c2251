import { describe, expect, it } from "vitest";
import { dealtChangeSf } from "../../src/stats/hypergeometric.ts";
import { permutationPValue } from "../../src/stats/permutation-test.ts";
import { wassersteinFromBins, type BinnedPair, type TailMeans } from "../../src/stats/wasserstein.ts";
import { wassersteinPValue } from "../../src/stats/wasserstein-p-value.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";
import { drawCounts } from "./histogram-drift.ts";

/** A normal value by Box and Muller. */
const drawNormal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const laws: Record<string, (random: () => number) => number> = {
  lognormal: (random) => Math.exp(drawNormal(random)),
  exponential: (random) => -Math.log(1 - random()),
  normal: drawNormal,
  spikes: (random) => (random() < 0.9 ? Math.floor(3 * random()) : 10 * -Math.log(1 - random())),
};

/** 5000 rows of a law in sorted order, and bins cut at 256 of their quantiles, their least and their largest value. */
function drawReference(law: (random: () => number) => number, random: () => number): { edges: number[]; counts: number[] } {
  const sorted = Array.from({ length: 5000 }, () => law(random)).sort((a, b) => a - b);
  const cuts = Array.from({ length: 255 }, (_, k) => present(sorted[Math.ceil(((k + 1) * 5000) / 256) - 1]));
  const edges = [...new Set([present(sorted[0]) - 1e-9, ...cuts, present(sorted.at(-1))])].sort((a, b) => a - b);
  return { edges, counts: binned(edges, sorted).counts };
}

function binned(edges: readonly number[], values: readonly number[]): { counts: number[]; tails: TailMeans } {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  let [low, high] = [0, 0];
  for (const value of values) {
    const found = edges.findIndex((edge) => value <= edge);
    const bin = found === -1 ? edges.length : found;
    counts[bin] = (counts[bin] ?? 0) + 1;
    if (bin === 0) low += value;
    if (bin === edges.length) high += value;
  }
  const meanOf = (sum: number, rows: number | undefined): number | null => (rows ? sum / rows : null);
  return { counts, tails: { low: meanOf(low, counts[0]), high: meanOf(high, counts.at(-1)) } };
}

/** p-values of windows of one law, `step` moved, with the reference drawn afresh for every ten. */
function drawPValues(name: string, rows: number, runs: number, step = 0): number[] {
  const random = mulberry32(1000 + rows);
  const law = present(laws[name]);
  let reference = drawReference(law, random);
  return Array.from({ length: runs }, (_, run) => {
    if (run % 10 === 0) reference = drawReference(law, random);
    const now = binned(
      reference.edges,
      Array.from({ length: rows }, () => law(random) + step),
    );
    return present(
      wassersteinPValue({
        edges: reference.edges,
        reference: reference.counts,
        current: now.counts,
        referenceTails: noTails,
        currentTails: now.tails,
      }),
    );
  });
}

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
  it.each(Object.keys(laws))("keeps its word for few rows and many: %s", { timeout: 60_000 }, (name) => {
    const found = [50, 100, 200, 500].flatMap((rows) => drawPValues(name, rows, 120));
    const share = (limit: number): number => found.filter((p) => p <= limit).length / found.length;
    expect(share(0.05)).toBeLessThan(0.08);
    expect(share(0.05)).toBeGreaterThan(0.015);
    expect(share(0.01)).toBeLessThan(0.022);
    expect(share(0.005)).toBeLessThan(0.016);
  });
  it("still finds a fifth of a standard deviation in 500 rows", () => {
    const found = drawPValues("normal", 500, 40, 0.2);
    expect(found.filter((p) => p <= 0.005).length / found.length).toBeGreaterThan(0.8);
    expect(found.filter((p) => p <= 0.0001).length / found.length).toBeGreaterThan(0.4);
  });
  it("is the permutation p-value where a few far rows make the distance", () => {
    // Ever further out, ever fewer rows: windows for which the moments alone say 0.00008 to 0.003, several times too rare.
    const shares = Array.from({ length: 12 }, (_, i) => 0.25 ** i);
    const edges = shares.map((_, i) => 2 ** i);
    const pairOnPowers = (reference: readonly number[], current: readonly number[]): BinnedPair => ({
      edges,
      reference: [...reference, 0],
      current: [...current, 0],
      referenceTails: { low: 1, high: null },
      currentTails: { low: 1, high: null },
    });
    const distance = (a: readonly number[], b: readonly number[]): number => present(wassersteinFromBins(pairOnPowers(a, b))).value;
    const random = mulberry32(19);
    const pairs = Array.from({ length: 300 }, () => [drawCounts(shares, 5000, random), drawCounts(shares, 50, random)] as const);
    const rare = pairs.filter(([then, now]) => present(wassersteinPValue(pairOnPowers(then, now))) < 0.015);
    expect(rare.length).toBeGreaterThan(3);
    for (const [then, now] of rare) {
      const exact = present(permutationPValue(then, now, distance, 4000, random));
      const p = present(wassersteinPValue(pairOnPowers(then, now)));
      // Where ranks confirm what the moments say they are believed, up to so far below.
      expect(p).toBeGreaterThan(exact / 6);
      expect(p).toBeLessThan(4 * exact);
    }
  });
  it("answers the same again, with more digits than its draws have", () => {
    const random = mulberry32(3);
    const pair = pairOf(drawCounts(present(shapes["falling"]), 3000, random), drawCounts(present(shapes["flat"]), 30, random));
    const p = present(wassersteinPValue(pair));
    expect(wassersteinPValue(pair)).toBe(p);
    expect(p).toBeLessThan(1e-4);
    expect(p).toBeGreaterThan(0);
  });
  it("is 1 or nearly so for equal shares, at every size", () => {
    for (const rows of [1, 2, 20]) {
      const flat = pairOf(
        Array.from({ length: 40 }, () => 100),
        Array.from({ length: 40 }, () => rows),
      );
      expect(present(wassersteinPValue(flat))).toBeGreaterThan(0.99);
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
