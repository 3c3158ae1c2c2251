import { readFileSync } from "node:fs";
import { mulberry32 } from "../support/mulberry32.ts";
import type { Sample } from "../../src/stats/welch.ts";
import type { ClassCounts } from "../../src/stats/auc-difference.ts";

/** The shape of comparison-goldens.json, which test/oracle/comparison_goldens.py writes. */
interface ComparisonGoldens {
  adwin: {
    byRow: { values: number[]; delta: number; alarms: number[]; width: number; mean: number }[];
    byBucket: {
      buckets: [n: number, sum: number, sumOfSquares: number][];
      delta: number;
      range: number;
      changes: [index: number, since: number, before: number, after: number][];
      n: number;
      mean: number;
      spread: number;
    }[];
  };
  residual: [successes: number, n: number, rate: number, z: number][];
  charts: {
    known: number[];
    cusum: [shift: number, run: number][];
    ewma: [shift: number, run: number][];
    cusumAlarms: [size: number, share: number][];
    ewmaAlarms: [size: number, share: number][];
  };
  rateChange: { low: number; high: number; buckets: [successes: number, n: number][]; logE: number[] }[];
  sequence: [
    difference: number,
    standardError: number,
    rows: number,
    alpha: number,
    tunedRows: number,
    low: number,
    high: number,
    logE: number,
  ][];
  bernoulli: [successes: number, n: number, p: number, alpha: number, tunedRows: number, logE: number][];
  uplifts: [difference: number, standardError: number, rows: number][];
  welch: { champion: Sample; challenger: Sample; t: number; df: number; pValue: number; low: number; high: number }[];
  mcnemar: [onlyChampion: number, onlyChallenger: number, rows: number, midP: number, statistic: number, pValue: number][];
  pairedAuc: { champion: number[]; challenger: number[]; positives: number; areas: [number, number]; standardError: number }[];
  splitAuc: { champion: ClassCounts; challenger: ClassCounts; areas: [number, number]; standardError: number; pValue: number }[];
}

export const comparisonGoldens = JSON.parse(readFileSync(new URL("comparison-goldens.json", import.meta.url), "utf8")) as ComparisonGoldens;

/** Chance for simulations: uniform in (0, 1), the same every time. */
export function createChance(seed: number): () => number {
  const uniform = mulberry32(seed);
  return () => uniform() + 2 ** -33;
}

/** A draw from the binomial distribution, by the geometric gaps between successes. */
export function drawSuccesses(chance: () => number, n: number, p: number): number {
  const rate = Math.log1p(-p);
  let successes = 0;
  for (let row = Math.floor(Math.log(chance()) / rate); row < n; row += 1 + Math.floor(Math.log(chance()) / rate)) successes += 1;
  return successes;
}
