import { readFileSync } from "node:fs";
import type { WeightedCounts } from "../../src/stats/weighted-rows.ts";
import { mulberry32 } from "../support/mulberry32.ts";

type SumsAndSquares = [sums: number[], squares: number[]];

/** The shape of performance-goldens.json, which test/oracle/performance_goldens.py writes. */
interface PerformanceGoldens {
  multiclass: {
    sums: number[][];
    squares: number[][];
    classes: [precision: number | null, recall: number | null, f1: number | null, support: number][];
    accuracy: number;
    accuracyCi: [number, number] | null;
    balancedAccuracy: number;
    macroPrecision: number;
    macroF1: number;
    weightedPrecision: number;
    weightedF1: number;
    mcc: number;
    kappa: number;
    kappaError: number | null;
  }[];
  averagePrecision: { positives: SumsAndSquares; negatives: SumsAndSquares; value: number }[];
  unbinned: { scores: number[]; labels: boolean[]; value: number }[];
  regression: {
    actual: number[];
    predicted: number[];
    weights: number[];
    mae: number;
    maeCi: [number, number] | null;
    rmse: number;
    rmseError: number | null;
    bias: number;
    biasCi: [number, number] | null;
    wape: number;
    r2: number;
    pinball: [level: number, value: number][];
  }[];
  calibration: {
    levels: number[];
    positives: number[];
    negatives: number[];
    groups: number;
    scores: number[];
    rates: number[];
    brier: number;
  }[];
  isotonic: { positives: SumsAndSquares; negatives: SumsAndSquares; seen: number[]; rates: number[] }[];
  calibrationChange: {
    levels: number[];
    before: [positives: number[], negatives: number[]];
    after: [positives: number[], negatives: number[]];
    groups: number;
    statistic: number;
    pValue: number;
  }[];
  delays: { arrived: number[]; waiting: number[]; ages: number[]; coverage: number[]; errors: (number | null)[] }[];
}

export const performanceGoldens = JSON.parse(
  readFileSync(new URL("performance-goldens.json", import.meta.url), "utf8"),
) as PerformanceGoldens;

export function counts([sums, squares]: SumsAndSquares): WeightedCounts {
  return { sums, squares };
}

/** Uniform numbers in [0, 1) from a seed, and normal ones. */
export function seeded(seed: number): { uniform: () => number; normal: () => number } {
  const uniform = mulberry32(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

export function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

export function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

/** Adds one to an entry. */
export function tally(list: number[], index: number, weight = 1): void {
  list[index] = (list[index] ?? 0) + weight;
}

/** Whether an interval, which may be missing, holds a value. */
export function holds(ci: readonly [number, number] | null | undefined, value: number): boolean {
  return ci !== null && ci !== undefined && ci[0] <= value && value <= ci[1];
}
