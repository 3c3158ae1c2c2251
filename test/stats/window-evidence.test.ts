import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ksFromBins } from "../../src/stats/ks.ts";
import { normalQuantile } from "../../src/stats/normal.ts";
import { populationStabilityIndex } from "../../src/stats/psi.ts";
import { wassersteinExpected, wassersteinFromBins } from "../../src/stats/wasserstein.ts";
import { divergenceEvidence, estimateEvidence, psiNoiseFloor, rateEvidence, type WindowEvidence } from "../../src/stats/window-evidence.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { present } from "./goldens.ts";

type Floor = { kind: "psi"; reference: number[] } | { kind: "sqrt"; scale: number; total: number };
type Pair = [first: number, second: number];

/** What test/oracle/evidence_goldens.py answers from the docstrings' formulas. */
interface Goldens {
  divergence: {
    value: number;
    rows: number;
    windows: Pair[];
    floor: Floor;
    power: 1 | 2;
    answer: WindowEvidence | null;
  }[];
  floor: { reference: number[]; rows: number; answer: number }[];
  rate: { successes: number; rows: number; windows: Pair[]; answer: WindowEvidence | null }[];
  estimate: { value: number; variance: number; windows: Pair[]; answer: WindowEvidence | null }[];
}

const goldens = JSON.parse(readFileSync(new URL("window-evidence-goldens.json", import.meta.url), "utf8")) as Goldens;

function noiseFloor(floor: Floor): (rows: number) => number {
  return floor.kind === "psi"
    ? (rows) => psiNoiseFloor(floor.reference, rows)
    : (rows) => floor.scale * Math.sqrt(1 / rows + 1 / floor.total);
}

const heldOut = (windows: readonly Pair[]) => windows.map(([value, rows]) => ({ value, rows }));
const counted = (windows: readonly Pair[]) => windows.map(([successes, rows]) => ({ successes, rows }));
const estimated = (windows: readonly Pair[]) => windows.map(([value, variance]) => ({ value, variance }));

/** Where an answer is further than 1e-9 from the expected one, in words. */
function differences(answers: readonly { actual: WindowEvidence | null; expected: WindowEvidence | null }[]): string[] {
  return answers.flatMap(({ actual, expected }, index) => {
    const same =
      actual === null || expected === null
        ? actual === expected
        : actual.windows === expected.windows && isClose(actual.expected, expected.expected) && isClose(actual.pValue, expected.pValue);
    return same ? [] : [`${index}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
  });
}

function isClose(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
}

describe("agreement with SciPy on the formulas as written", () => {
  it("of divergenceEvidence", () => {
    expect(goldens.divergence.some(({ answer }) => answer === null)).toBe(true);
    const answers = goldens.divergence.map(({ value, rows, windows, floor, power, answer }) => ({
      actual: divergenceEvidence(value, rows, heldOut(windows), noiseFloor(floor), power),
      expected: answer,
    }));
    expect(differences(answers)).toEqual([]);
  });
  it("of psiNoiseFloor", () => {
    for (const { reference, rows, answer } of goldens.floor)
      expect(Math.abs(psiNoiseFloor(reference, rows) - answer)).toBeLessThanOrEqual(1e-9);
  });
  it("of rateEvidence", () => {
    const answers = goldens.rate.map(({ successes, rows, windows, answer }) => ({
      actual: rateEvidence(successes, rows, counted(windows)),
      expected: answer,
    }));
    expect(differences(answers)).toEqual([]);
  });
  it("of estimateEvidence", () => {
    const answers = goldens.estimate.map(({ value, variance, windows, answer }) => ({
      actual: estimateEvidence(value, variance, estimated(windows)),
      expected: answer,
    }));
    expect(differences(answers)).toEqual([]);
  });
});

const positive = fc.double({ min: 1e-4, max: 10, noNaN: true });
/** Within a factor of five of each other: every window counts. */
const rowsOf = fc.integer({ min: 100, max: 499 });
const windowsOf = fc.array(fc.record({ value: positive, rows: rowsOf }), {
  minLength: 8,
  maxLength: 40,
});
const anyPower = fc.constantFrom<1 | 2>(1, 2);
const root = (scale: number) => (rows: number) => scale * Math.sqrt(1 / rows + 1e-4);
const isProbability = (p: number): boolean => p >= 0 && p <= 1;

describe("divergenceEvidence", () => {
  it("gives a probability that never grows with the value, in whatever order the windows come", () => {
    fc.assert(
      fc.property(windowsOf, positive, positive, rowsOf, positive, anyPower, (windows, a, b, rows, scale, power) => {
        const evidence = (value: number, list = windows) => divergenceEvidence(value, rows, list, root(scale), power);
        const [less, more] = [present(evidence(Math.min(a, b))), present(evidence(Math.max(a, b)))];
        expect(isProbability(less.pValue) && isProbability(more.pValue)).toBe(true);
        expect(more.pValue).toBeLessThanOrEqual(less.pValue * (1 + 1e-12));
        expect(more.expected).toBe(less.expected);
        expect(less.expected).toBeGreaterThan(0);
        expect(less.windows).toBe(windows.length);
        const turned = present(evidence(Math.min(a, b), [...windows].reverse()));
        expect(turned.pValue).toBeCloseTo(less.pValue, 9);
      }),
      { seed: 1 },
    );
  });
  it("does not depend on the unit", () => {
    fc.assert(
      fc.property(
        windowsOf,
        positive,
        rowsOf,
        anyPower,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (windows, value, rows, power, unit) => {
          const plain = divergenceEvidence(value, rows, windows, root(0.8), power);
          const other = divergenceEvidence(
            unit * value,
            rows,
            windows.map((one) => ({ value: unit * one.value, rows: one.rows })),
            root(0.8 * unit),
            power,
          );
          expect(other?.pValue ?? -1).toBeCloseTo(plain?.pValue ?? -1, 8);
          expect((other?.expected ?? 0) / unit).toBeCloseTo(plain?.expected ?? 0, 8);
        },
      ),
      { seed: 2 },
    );
  });
  it("takes a window as no larger than twice the median one, and fewer rows as more noise", () => {
    const windows = Array.from({ length: 20 }, (_, index) => ({
      value: 0.1 + index / 100,
      rows: 100,
    }));
    const at = (rows: number) => present(divergenceEvidence(0.2, rows, windows, root(0.8), 2));
    expect(at(1_000_000)).toEqual(at(200));
    expect(at(50).expected).toBeGreaterThan(at(100).expected);
    expect(at(100).expected).toBeGreaterThan(at(200).expected);
    expect(at(50).pValue).toBeGreaterThan(at(200).pValue);
  });
});

describe("psiNoiseFloor", () => {
  const histogram = fc
    .array(fc.integer({ min: 0, max: 5000 }), { minLength: 2, maxLength: 50 })
    .filter((counts) => counts.some((count) => count > 0));

  it("is finite and at least 0, whatever the order of the bins", () => {
    fc.assert(
      fc.property(histogram, fc.integer({ min: 1, max: 5000 }), (counts, rows) => {
        const floor = psiNoiseFloor(counts, rows);
        expect(Number.isFinite(floor) && floor >= 0).toBe(true);
        expect(psiNoiseFloor([...counts].reverse(), rows)).toBeCloseTo(floor, 9);
      }),
      { seed: 3 },
    );
  });
  it("is (K - 1)(1/N + 1/m) where every bin expects more than 30 rows", () => {
    const counts = [1000, 2000, 3000, 4000];
    expect(psiNoiseFloor(counts, 1000)).toBeCloseTo(3 * (1 / 10_000 + 1 / 1000), 14);
  });
  it("is what simulated samples average, in sparse bins too", () => {
    const random = mulberry32(4);
    const shares = Array.from({ length: 60 }, (_, bin) => 1 / (bin + 1));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const cumulative = running(shares.map((share) => share / total));
    for (const rows of [50, 180, 1000]) {
      const references = Array.from({ length: 20 }, () => draw(random, cumulative, 5000));
      const floor = average(references.map((reference) => psiNoiseFloor(reference, rows)));
      const seen = average(
        references.flatMap((reference) => Array.from({ length: 20 }, () => psi(reference, draw(random, cumulative, rows)))),
      );
      expect(floor / seen).toBeGreaterThan(0.93);
      expect(floor / seen).toBeLessThan(1.07);
    }
  });
});

describe("rateEvidence", () => {
  const windowsOfRate = fc.array(
    fc
      .record({ rows: rowsOf, share: fc.double({ min: 0, max: 1, noNaN: true }) })
      .map(({ rows, share }) => ({ rows, successes: Math.round(rows * share) })),
    { minLength: 8, maxLength: 40 },
  );

  it("gives a probability that never grows with the successes, and expects the pooled rate", () => {
    fc.assert(
      fc.property(windowsOfRate, fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (windows, rows, share) => {
        const successes = Math.min(rows - 1, Math.floor(rows * share));
        const less = present(rateEvidence(successes, rows, windows));
        const more = present(rateEvidence(successes + 1, rows, windows));
        expect(isProbability(less.pValue) && isProbability(more.pValue)).toBe(true);
        expect(more.pValue).toBeLessThanOrEqual(less.pValue);
        expect(isProbability(less.expected)).toBe(true);
      }),
      { seed: 5 },
    );
  });
});

describe("estimateEvidence", () => {
  const windowsOfEstimate = fc.array(
    fc.record({
      value: fc.double({ min: -5, max: 5, noNaN: true }),
      variance: fc.double({ min: 1e-6, max: 2, noNaN: true }),
    }),
    { minLength: 8, maxLength: 40 },
  );
  const estimateOf = fc.double({ min: -5, max: 5, noNaN: true });

  it("gives a probability that never grows with the value; negated, the other tail; shifted, the same", () => {
    fc.assert(
      fc.property(windowsOfEstimate, estimateOf, estimateOf, fc.double({ min: 1e-6, max: 2, noNaN: true }), (windows, a, b, variance) => {
        const less = present(estimateEvidence(Math.min(a, b), variance, windows));
        const more = present(estimateEvidence(Math.max(a, b), variance, windows));
        expect(isProbability(less.pValue) && isProbability(more.pValue)).toBe(true);
        expect(more.pValue).toBeLessThanOrEqual(less.pValue);
        const moved = (sign: number, by: number) => windows.map((one) => ({ value: sign * one.value + by, variance: one.variance }));
        const other = present(estimateEvidence(-Math.min(a, b), variance, moved(-1, 0)));
        expect(other.pValue + less.pValue).toBeCloseTo(1, 9);
        const shifted = present(estimateEvidence(Math.min(a, b) + 3, variance, moved(1, 3)));
        expect(shifted.pValue).toBeCloseTo(less.pValue, 8);
        expect(shifted.expected - 3).toBeCloseTo(less.expected, 9);
      }),
      { seed: 6 },
    );
  });
});

function running(shares: readonly number[]): number[] {
  let sum = 0;
  return shares.map((share) => (sum += share));
}

/** Rows at random, counted in bins of the given cumulative shares. */
function draw(random: () => number, cumulative: readonly number[], rows: number): number[] {
  const counts = new Array<number>(cumulative.length).fill(0);
  for (let row = 0; row < rows; row += 1) {
    const at = random();
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 1) < at) low = middle + 1;
      else high = middle;
    }
    counts[low] = (counts[low] ?? 0) + 1;
  }
  return counts;
}

function normal(random: () => number): number {
  return normalQuantile((random() + 2 ** -33) / (1 + 2 ** -32));
}

function average(list: readonly number[]): number {
  return list.reduce((sum, one) => sum + one, 0) / list.length;
}

function psi(reference: readonly number[], current: readonly number[]): number {
  return present(populationStabilityIndex(reference, current)).value;
}

describe("false alarms on independent rows", () => {
  const FINE = 60;
  const WINDOWS = 90;
  const REFERENCES = 40;
  const CURRENT = 50;
  /** Edges of equally likely bins of a normal variable; rows lie in their bins' places, so nothing is lost by binning. */
  const edges = Array.from({ length: FINE - 1 }, (_, index) => normalQuantile((index + 1) / FINE));
  const tails = { low: -2.5, high: 2.5 };
  const even = running(new Array<number>(FINE).fill(1 / FINE));
  const add = (a: readonly number[], b: readonly number[], sign = 1) => a.map((count, bin) => count + sign * (b[bin] ?? 0));
  const tens = (counts: readonly number[]) =>
    Array.from({ length: 10 }, (_, bin) => counts.slice(6 * bin, 6 * bin + 6).reduce((sum, count) => sum + count, 0));

  const statistics = {
    psi: {
      power: 1,
      value: (then: readonly number[], now: readonly number[]) => psi(tens(then), tens(now)),
      floor: (reference: readonly number[]) => (rows: number) => psiNoiseFloor(tens(reference), rows),
    },
    ks: {
      power: 2,
      value: (then: readonly number[], now: readonly number[]) => present(ksFromBins(then, now)).lower,
      floor: (_: readonly number[], total: number) => (rows: number) => 0.8687 * Math.sqrt(1 / rows + 1 / total),
    },
    wasserstein: {
      power: 2,
      value: (then: readonly number[], now: readonly number[]) =>
        present(
          wassersteinFromBins({
            edges,
            reference: then,
            current: now,
            referenceTails: tails,
            currentTails: tails,
          }),
        ).value,
      floor: (reference: readonly number[], total: number) => (rows: number) =>
        present(wassersteinExpected(edges, reference, total, rows, tails)),
    },
  } as const;

  /** The share of windows below each level, over many references with as many windows each. */
  function rates(pValues: readonly number[]): { at5: number; at1: number } {
    const below = (level: number) => pValues.filter((p) => p <= level).length / pValues.length;
    return { at5: below(0.05), at1: below(0.01) };
  }

  for (const rows of [50, 180, 360]) {
    it(`are as rare as they should be in windows of ${rows} rows`, () => {
      const random = mulberry32(1000 + rows);
      const pValues = { psi: [] as number[], ks: [] as number[], wasserstein: [] as number[] };
      for (let round = 0; round < REFERENCES; round += 1) {
        const windows = Array.from({ length: WINDOWS }, () => draw(random, even, rows));
        const whole = windows.reduce((sum, window) => add(sum, window));
        const current = Array.from({ length: CURRENT }, () => draw(random, even, rows));
        for (const metric of ["psi", "ks", "wasserstein"] as const) {
          const { value, floor, power } = statistics[metric];
          const held = windows.map((window) => ({
            value: value(add(whole, window, -1), window),
            rows,
          }));
          const expected = floor(whole, rows * WINDOWS)(rows);
          for (const now of current)
            pValues[metric].push(present(divergenceEvidence(value(whole, now), rows, held, () => expected, power)).pValue);
        }
      }
      // 2,000 windows a statistic: two standard errors are 1 % at 5 %, and 0.45 % at 1 %.
      for (const metric of ["psi", "ks", "wasserstein"] as const) {
        const { at5, at1 } = rates(pValues[metric]);
        expect(at5).toBeGreaterThan(0.02);
        expect(at5).toBeLessThan(0.08);
        expect(at1).toBeLessThan(0.02);
      }
    });
  }

  it("are as rare as they should be for rates and estimates", () => {
    const random = mulberry32(7);
    const successes = (rate: number, rows: number) => {
      let hits = 0;
      for (let row = 0; row < rows; row += 1) if (random() < rate) hits += 1;
      return hits;
    };
    for (const rows of [50, 180, 360]) {
      for (const rate of [0.01, 0.1, 0.5]) {
        const pValues: number[] = [];
        const ofMean: number[] = [];
        for (let round = 0; round < 40; round += 1) {
          const windows = Array.from({ length: WINDOWS }, () => ({
            successes: successes(rate, rows),
            rows,
          }));
          const means = Array.from({ length: WINDOWS }, () => ({
            value: normal(random) / Math.sqrt(rows),
            variance: 1 / rows,
          }));
          for (let one = 0; one < 25; one += 1) {
            pValues.push(present(rateEvidence(successes(rate, rows), rows, windows)).pValue);
            ofMean.push(present(estimateEvidence(normal(random) / Math.sqrt(rows), 1 / rows, means)).pValue);
          }
        }
        // 1,000 each: two standard errors are 1.4 % at 5 %. Rates near 0 are conservative, as the docstring says.
        expect(rates(pValues).at5).toBeGreaterThan(rate === 0.5 ? 0.025 : -1);
        expect(rates(pValues).at5).toBeLessThan(rate === 0.5 ? 0.08 : 0.05);
        expect(rates(pValues).at1).toBeLessThan(0.025);
        expect(rates(ofMean).at5).toBeGreaterThan(0.025);
        expect(rates(ofMean).at5).toBeLessThan(0.08);
        expect(rates(ofMean).at1).toBeLessThan(0.025);
      }
    }
  });
});
