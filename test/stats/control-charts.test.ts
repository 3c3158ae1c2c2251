import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanResidual, rateResidual } from "../../src/stats/bucket-residual.ts";
import { cusumStart, cusumStep } from "../../src/stats/cusum.ts";
import type { DetectedChange } from "../../src/stats/detected-change.ts";
import { ewmaStart, ewmaStep } from "../../src/stats/ewma.ts";
import { normalQuantile } from "../../src/stats/normal.ts";
import { comparisonGoldens, createChance, drawSuccesses } from "./comparison-goldens.ts";
import { present } from "./goldens.ts";

type Told = DetectedChange & { at: number };

function follow<State>(
  start: State,
  step: (state: State, at: number, z: number) => { state: State; change: DetectedChange | null },
  residuals: Iterable<number>,
): { state: State; told: Told[] } {
  const told: Told[] = [];
  let state = start;
  let at = 0;
  for (const z of residuals) {
    const next = step(state, at, z);
    state = next.state;
    if (next.change !== null) told.push({ ...next.change, at });
    at += 1;
  }
  return { state, told };
}

const charts = {
  cusum: (residuals: Iterable<number>) => follow(cusumStart(), cusumStep, residuals),
  ewma: (residuals: Iterable<number>) => follow(ewmaStart(), ewmaStep, residuals),
};
const names = ["cusum", "ewma"] as const;

describe("meanResidual", () => {
  it("is the distance of the mean in its own standard deviations", () => {
    expect(meanResidual({ n: 25, sum: 75 }, { mean: 2, variance: 4, between: 0 })).toBeCloseTo(2.5, 12);
    expect(meanResidual({ n: 25, sum: 75 }, { mean: 2, variance: 4, between: 0.09 })).toBeCloseTo(2, 12);
    expect(meanResidual({ n: 1, sum: 3 }, { mean: 2, variance: 4, between: 0 })).toBe(0.5);
  });
  it("has none without rows or for a constant reference", () => {
    expect(meanResidual({ n: 0, sum: 0 }, { mean: 2, variance: 4, between: 0 })).toBeNull();
    expect(meanResidual({ n: 9, sum: 1 }, { mean: 2, variance: 0, between: 0 })).toBeNull();
    expect(() => meanResidual({ n: 9, sum: 1 }, { mean: 2, variance: -1, between: 0 })).toThrow(RangeError);
    expect(() => meanResidual({ n: 1.5, sum: 1 }, { mean: 2, variance: 1, between: 0 })).toThrow(RangeError);
    expect(() => meanResidual({ n: 1, sum: Number.NaN }, { mean: 2, variance: 1, between: 0 })).toThrow(RangeError);
  });
});

describe("rateResidual", () => {
  it("agrees with SciPy", () => {
    expect(comparisonGoldens.residual.length).toBeGreaterThan(30);
    for (const [successes, n, rate, z] of comparisonGoldens.residual) {
      const found = present(rateResidual({ n, successes }, { rate, between: 0 }));
      expect(Math.abs(found - z)).toBeLessThan(1e-9 * Math.max(1, Math.abs(z)));
    }
  });
  it("rises with the successes and mirrors with failures for successes", () => {
    const bucket = fc.integer({ min: 1, max: 200 }).chain((n) => fc.tuple(fc.nat(n), fc.nat(n), fc.constant(n)));
    fc.assert(
      fc.property(bucket, fc.double({ min: 0.001, max: 0.999, noNaN: true }), ([a, b, n], rate) => {
        const z = (successes: number) => present(rateResidual({ n, successes }, { rate, between: 0 }));
        expect(z(Math.min(a, b))).toBeLessThanOrEqual(z(Math.max(a, b)) + 1e-12);
        expect(present(rateResidual({ n, successes: n - a }, { rate: 1 - rate, between: 0 }))).toBeCloseTo(-z(a), 6);
      }),
    );
  });
  it("counts the buckets' own spread", () => {
    const z = present(rateResidual({ n: 100, successes: 20 }, { rate: 0.1, between: 0 }));
    expect(rateResidual({ n: 100, successes: 20 }, { rate: 0.1, between: 0.0027 })).toBeCloseTo(z / 2, 12);
  });
  it("stays finite however far out, and has none without rows", () => {
    expect(rateResidual({ n: 1_000_000, successes: 900_000 }, { rate: 0.001, between: 0 })).toBe(37);
    expect(rateResidual({ n: 1_000_000, successes: 0 }, { rate: 0.9, between: 0 })).toBe(-37);
    expect(rateResidual({ n: 0, successes: 0 }, { rate: 0.1, between: 0 })).toBeNull();
    expect(rateResidual({ n: 1, successes: 0 }, { rate: 0.5, between: 0 })).toBeCloseTo(normalQuantile(0.25), 12);
    expect(rateResidual({ n: 1, successes: 1 }, { rate: 0.5, between: 0 })).toBeCloseTo(-normalQuantile(0.25), 12);
    expect(() => rateResidual({ n: 1, successes: 2 }, { rate: 0.5, between: 0 })).toThrow(RangeError);
    expect(() => rateResidual({ n: 1, successes: 1 }, { rate: 0, between: 0 })).toThrow(RangeError);
    expect(() => rateResidual({ n: 1, successes: 1 }, { rate: 0.5, between: -1 })).toThrow(RangeError);
  });
});

describe("the limits", () => {
  it("let at most 1 % of runs of 1,000 buckets alarm, by integral equations that know the published run lengths", () => {
    const { known, cusumAlarms, ewmaAlarms } = comparisonGoldens.charts;
    expect(known.map(Math.round)).toEqual([168, 465, 500]);
    for (const alarms of [cusumAlarms, ewmaAlarms]) {
      const shares = new Map(alarms);
      expect(present(shares.get(1e12))).toBeLessThan(0.0035);
      expect(present(shares.get(200))).toBeLessThan(0.01);
      expect(present(shares.get(50))).toBeGreaterThan(0.03);
    }
  });
  it.each(names)("of %s are those whose runs were reckoned, as simulated shifts show", (name) => {
    const chance = createChance(7);
    for (const [shift, run] of comparisonGoldens.charts[name].filter(([shift]) => shift >= 1)) {
      const delays = Array.from({ length: 1500 }, () => {
        const residuals = Array.from({ length: 300 }, () => shift + normalQuantile(chance()));
        return 1 + present(charts[name](residuals).told[0]).at;
      });
      const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
      expect(Math.abs(mean / run - 1)).toBeLessThan(0.05);
    }
  });
  it.each(names)("of %s are passed by few runs of 1,000 buckets, normal or of errors", (name) => {
    const chance = createChance(11);
    let alarms = 0;
    const runs = 500;
    for (let run = 0; run < runs; run++) {
      const normal = Array.from({ length: 1000 }, () => normalQuantile(chance()));
      if (charts[name](normal).told.length > 0) alarms += 1;
    }
    // Two are expected; seven would be beyond three standard deviations.
    expect(alarms).toBeLessThan(7);
    let ofErrors = 0;
    for (let run = 0; run < 100; run++) {
      const errors = Array.from({ length: 1000 }, () =>
        present(rateResidual({ n: 100, successes: drawSuccesses(chance, 100, 0.02) }, { rate: 0.02, between: 0 })),
      );
      if (charts[name](errors).told.length > 0) ofErrors += 1;
    }
    expect(ofErrors).toBeLessThanOrEqual(3);
  });
});

describe.each(names)("%s", (name) => {
  const chart = charts[name];
  const residual = fc.double({ min: -6, max: 6, noNaN: true });

  it("finds a shift either way, where it began, and starts anew", () => {
    for (const [sign, direction] of [
      [1, "up"],
      [-1, "down"],
    ] as const) {
      const quiet = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0.4 : -0.4));
      const { told } = chart([...quiet, ...Array.from({ length: 60 }, () => 2 * sign)]);
      const first = present(told[0]);
      expect(first.direction).toBe(direction);
      expect(Math.abs(first.since - 40)).toBeLessThanOrEqual(1);
      expect(first.at).toBeLessThan(50);
      expect(present(told[1]).since).toBeGreaterThan(first.at);
    }
  });
  it("mirrors when the residuals do, and never alarms while they stay within half a deviation", () => {
    fc.assert(
      fc.property(fc.array(residual, { maxLength: 80 }), (residuals) => {
        const mirrored = chart(residuals.map((z) => -z)).told;
        const told = chart(residuals).told.map(({ direction, ...rest }) => ({ ...rest, direction: direction === "up" ? "down" : "up" }));
        expect(mirrored.map(({ at, direction }) => [at, direction])).toEqual(told.map(({ at, direction }) => [at, direction]));
        expect(chart(residuals.map((z) => z / 12)).told).toEqual([]);
      }),
    );
  });
  it("survives JSON and leaves the old state alone", () => {
    fc.assert(
      fc.property(fc.array(residual, { minLength: 1, maxLength: 40 }), fc.array(residual, { maxLength: 40 }), (first, second) => {
        const { state } = chart(first);
        const before = JSON.stringify(state);
        const step = (from: unknown, z: number, at: number) =>
          name === "cusum"
            ? cusumStep(from as Parameters<typeof cusumStep>[0], at, z)
            : ewmaStep(from as Parameters<typeof ewmaStep>[0], at, z);
        let straight: unknown = state;
        let restored: unknown = JSON.parse(before);
        for (const [k, z] of second.entries()) {
          const [a, b] = [step(straight, z, first.length + k), step(restored, z, first.length + k)];
          expect(b).toEqual(a);
          straight = a.state;
          restored = b.state;
        }
        expect(JSON.stringify(state)).toBe(before);
      }),
    );
  });
  it("refuses a bucket that comes twice and a residual that is none", () => {
    const { state } = chart([1]);
    const step = (at: number, z: number) => ("average" in state ? ewmaStep(state, at, z) : cusumStep(state, at, z));
    expect(() => step(0, 1)).toThrow(/order/);
    expect(() => step(1, Number.NaN)).toThrow(RangeError);
    expect(() => step(Infinity, 1)).toThrow(RangeError);
  });
});
