import { readFileSync } from "node:fs";
import * as fc from "fast-check";

type Distances = { jensenShannon: number; jensenShannonDistance: number; hellinger: number; kullbackLeibler: number | null };

/** The shape of histogram-drift-goldens.json, which test/oracle/histogram_drift_goldens.py writes. */
export interface HistogramDriftGoldens {
  versions: Record<string, string>;
  seed: number;
  histograms: {
    reference: number[];
    current: number[];
    smoothed: Distances;
    unsmoothed: Distances;
    totalVariation: number;
    largestChange: number;
  }[];
  changes: { n: number; m: number; total: number; mean: number; variance: number; tails: [distance: number, pValue: number][] }[];
  enumerated: {
    reference: number[];
    current: number[];
    largestChange: number;
    totalVariation: number;
    chiSquare: number;
    meanLargestChange: number;
    meanTotalVariation: number;
  }[];
  samples: { x: number[]; y: number[]; wasserstein: number; ks: number; ksPValue: number; edges: number[]; psi: number }[];
  large: { reference: number[]; current: number[]; pValue: number }[];
}

export const driftGoldens = JSON.parse(
  readFileSync(new URL("histogram-drift-goldens.json", import.meta.url), "utf8"),
) as HistogramDriftGoldens;

/** Two histograms over the same 2 to 20 bins, rows on both sides. */
export const histogramPairs = fc.integer({ min: 2, max: 20 }).chain((bins) => {
  const counts = fc.array(fc.nat(300), { minLength: bins, maxLength: bins }).filter((list) => list.some((count) => count > 0));
  return fc.record({ reference: counts, current: counts });
});

/** Counts by bin of `rows` independent rows with these shares, which need not add up to 1. */
export function drawCounts(shares: readonly number[], rows: number, random: () => number): number[] {
  const sum = shares.reduce((total, share) => total + share, 0);
  const counts = shares.map(() => 0);
  for (let row = 0; row < rows; row++) {
    let left = random() * sum;
    let bin = 0;
    while (bin < shares.length - 1 && left >= (shares[bin] ?? 0)) left -= shares[bin++] ?? 0;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** Shares that ask different things of a null: full bins, two bins, a rare bin, long tails, many rare ones, bins never used. */
export const nullShares: Record<string, number[]> = {
  ten: Array.from({ length: 10 }, () => 0.1),
  two: [0.5, 0.5],
  zipf: Array.from({ length: 50 }, (_, rank) => 1 / (rank + 1)),
  rare: [0.5, 0.45, ...Array.from({ length: 20 }, () => 0.0025)],
  unused: [0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0],
};
