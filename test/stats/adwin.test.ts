import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adwinStart, adwinStep, type AdwinState, type MeanChange, type SummedBucket } from "../../src/stats/adwin.ts";
import { comparisonGoldens, createChance, drawSuccesses } from "./comparison-goldens.ts";
import { present } from "./goldens.ts";

/** The final state, and the changes with the index of the bucket that told them. */
function follow(buckets: readonly SummedBucket[], delta?: number, range?: number) {
  const changes: (MeanChange & { index: number })[] = [];
  let state = adwinStart();
  for (const [index, bucket] of buckets.entries()) {
    const step = adwinStep(state, bucket, delta, range);
    state = step.state;
    if (step.change !== null) changes.push({ ...step.change, index });
  }
  return { state, changes };
}

function whole({ runs }: AdwinState) {
  const n = runs.reduce((sum, run) => sum + run.n, 0);
  const mean = runs.reduce((sum, run) => sum + run.n * run.mean, 0) / n;
  return { n, mean, spread: runs.reduce((sum, run) => sum + run.spread + run.n * (run.mean - mean) ** 2, 0) };
}

const errors = (at: number, n: number, successes: number): SummedBucket => ({ at, n, sum: successes, sumOfSquares: successes });
const single = (value: number, at: number): SummedBucket => ({ at, n: 1, sum: value, sumOfSquares: value * value });

describe("adwinStep", () => {
  it("agrees with the original program, row by row", () => {
    for (const { values, delta, alarms, width, mean } of comparisonGoldens.adwin.byRow) {
      const { state, changes } = follow(values.map(single), delta);
      expect(changes.map(({ index }) => index)).toEqual(alarms);
      expect(whole(state).n).toBe(width);
      expect(whole(state).mean).toAgreeWith(mean, 1e-12);
    }
  });
  it("agrees with raw rows on buckets of many sizes, the place of the change included", () => {
    for (const golden of comparisonGoldens.adwin.byBucket) {
      const buckets = golden.buckets.map(([n, sum, sumOfSquares], at) => ({ at, n, sum, sumOfSquares }));
      const { state, changes } = follow(buckets, golden.delta, golden.range);
      expect(changes.length).toBeGreaterThan(0);
      expect(changes.map(({ index, since }) => [index, since])).toEqual(golden.changes.map(([index, since]) => [index, since]));
      for (const [k, [, , before, after]] of golden.changes.entries()) {
        expect(present(changes[k]).before).toAgreeWith(before, 1e-12);
        expect(present(changes[k]).after).toAgreeWith(after, 1e-12);
        expect(present(changes[k]).direction).toBe(after > before ? "up" : "down");
      }
      const left = whole(state);
      expect(left.n).toBe(golden.n);
      expect(left.mean).toAgreeWith(golden.mean, 1e-12);
      expect(left.spread).toAgreeWith(golden.spread, 1e-9);
    }
  });
  it("tells a change that it has told before from a new one", () => {
    const rates = [0.1, 0.4, 0.1].flatMap((rate) => Array.from({ length: 50 }, () => rate));
    const { changes } = follow(rates.map((rate, at) => errors(at, 100, 100 * rate)));
    expect(changes.filter(({ again }) => !again).map(({ since, direction }) => [since, direction])).toEqual([
      [50, "up"],
      [100, "down"],
    ]);
    expect(changes.some(({ again }) => again)).toBe(true);
  });
  it("goes on from its state as JSON as if never stopped, and leaves the old state alone", () => {
    const bucket = fc.integer({ min: 0, max: 40 }).chain((n) => fc.nat(n).map((successes) => ({ n, successes })));
    fc.assert(
      fc.property(fc.array(bucket, { maxLength: 60 }), fc.nat(60), (list, pause) => {
        let straight = adwinStart();
        let paused = adwinStart();
        for (const [at, { n, successes }] of list.entries()) {
          const before = JSON.stringify(straight);
          const step = adwinStep(straight, errors(at, n, successes), 0.2);
          expect(JSON.stringify(straight)).toBe(before);
          if (at === pause) paused = JSON.parse(JSON.stringify(paused)) as AdwinState;
          paused = adwinStep(paused, errors(at, n, successes), 0.2).state;
          straight = step.state;
        }
        expect(paused).toEqual(straight);
      }),
    );
  });
  it("holds the sums of what it was given, in few runs, while nothing changes", () => {
    const buckets = Array.from({ length: 3000 }, (_, at) => errors(at, 1 + (at % 7), at % 2));
    const { state, changes } = follow(buckets, 1e-9);
    expect(changes).toEqual([]);
    expect(whole(state).n).toBe(buckets.reduce((sum, { n }) => sum + n, 0));
    expect(whole(state).mean * whole(state).n).toBeCloseTo(1500, 6);
    expect(state.runs.length).toBeLessThanOrEqual(5 * Math.log2(3000 / 5) + 5);
    expect(state.runs.map(({ at }) => at)).toEqual(state.runs.map(({ at }) => at).sort((a, b) => a - b));
  });
  it("does not depend on the unit, with the range in it", () => {
    const golden = present(comparisonGoldens.adwin.byBucket[2]);
    const scaled = (unit: number) =>
      follow(
        golden.buckets.map(([n, sum, squares], at) => ({ at, n, sum: unit * sum, sumOfSquares: unit * unit * squares })),
        golden.delta,
        golden.range * unit,
      ).changes.map(({ index, since }) => [index, since]);
    expect(scaled(1024)).toEqual(scaled(1));
  });
  it("never sees a change in a constant, in one bucket or in none", () => {
    expect(follow(Array.from({ length: 100 }, (_, at) => ({ at, n: 50, sum: 15, sumOfSquares: 4.5 }))).changes).toEqual([]);
    expect(follow([errors(0, 1_000_000, 500)]).changes).toEqual([]);
    expect(follow([single(0, 0), single(1, 1)]).changes).toEqual([]);
    const empty = adwinStep(adwinStart(), errors(3, 0, 0));
    expect(empty).toEqual({ state: { runs: [], last: 3, told: null }, change: null });
  });
  it("refuses nonsense", () => {
    const { state } = adwinStep(adwinStart(), errors(5, 10, 1));
    expect(() => adwinStep(state, errors(5, 10, 1))).toThrow(/order/);
    expect(() => adwinStep(state, errors(Number.NaN, 10, 1))).toThrow(RangeError);
    expect(() => adwinStep(state, errors(6, 1.5, 1))).toThrow(RangeError);
    expect(() => adwinStep(state, { at: 6, n: 10, sum: Number.NaN, sumOfSquares: 1 })).toThrow(RangeError);
    expect(() => adwinStep(state, { at: 6, n: 10, sum: 10, sumOfSquares: 5 })).toThrow(/too small/);
    expect(() => adwinStep(state, errors(6, 10, 1), 0)).toThrow(RangeError);
    expect(() => adwinStep(state, errors(6, 10, 1), 0.1, -1)).toThrow(RangeError);
  });
  it("is quiet on errors that do not change, and finds a half more of them", () => {
    const chance = createChance(1);
    let alarmed = 0;
    let found = 0;
    for (let stream = 0; stream < 60; stream++) {
      const still = Array.from({ length: 200 }, (_, at) => errors(at, 100, drawSuccesses(chance, 100, 0.1)));
      const shifted = Array.from({ length: 100 }, (_, at) => errors(at, 100, drawSuccesses(chance, 100, at < 50 ? 0.1 : 0.15)));
      if (follow(still).changes.length > 0) alarmed += 1;
      if (follow(shifted).changes.some(({ direction, since }) => direction === "up" && since > 30)) found += 1;
    }
    expect(alarmed).toBeLessThanOrEqual(3);
    expect(found).toBeGreaterThanOrEqual(57);
  });
});
