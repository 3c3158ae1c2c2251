import { readFileSync } from "node:fs";
import { expect } from "vitest";

/** The shape of goldens.json, which test/oracle/scipy_goldens.py writes. */
export interface Goldens {
  versions: Record<string, string>;
  seed: number;
  special: {
    erfc: [x: number, value: number][];
    normalSf: [z: number, value: number][];
    normalQuantile: [p: number, value: number][];
    logGamma: [x: number, value: number][];
    regularizedGamma: [a: number, x: number, lower: number, upper: number][];
    regularizedBeta: [x: number, a: number, b: number, value: number][];
    studentTSf: [t: number, df: number, value: number][];
    studentTQuantile: [p: number, df: number, value: number][];
    kolmogorovSf: [x: number, value: number][];
  };
  ks: {
    samples: { x: number[]; y: number[]; distance: number; pValue: number }[];
    exact: [n: number, m: number, distance: number, pValue: number][];
    limit: [n: number, m: number, distance: number, pValue: number][];
  };
  wasserstein: [xs: number[], xWeights: number[], ys: number[], yWeights: number[], value: number][];
  proportion: {
    test: [s: number, n: number, t: number, m: number, pValue: number, pValueIncrease: number, method: "z" | "fisher"][];
    wilson: [successes: number, n: number, confidence: number, low: number, high: number][];
    newcombe: [s: number, n: number, t: number, m: number, confidence: number, low: number, high: number][];
  };
  benjaminiHochberg: [pValues: number[], adjusted: number[]][];
  auc: {
    binned: { positives: number[]; negatives: number[]; value: number; standardError: number }[];
    unbinned: { scores: number[]; labels: boolean[]; value: number };
  };
  logLoss: {
    terms: [score: number, positive: boolean, value: number][];
    sample: { each: number[]; value: number; ci: [number, number] };
  };
  chiSquareContingency: [reference: number[], current: number[], statistic: number, df: number, pValue: number][];
  quantile: [values: number[], k: number, parts: number, value: number][];
}

export const goldens = JSON.parse(readFileSync(new URL("goldens.json", import.meta.url), "utf8")) as Goldens;

declare module "vitest" {
  // The type parameter has to be repeated as vitest declares it.
  interface Matchers<T> {
    /** Asserts agreement with `expected` to a relative error of `tolerance`; `inputs` go into the message. */
    toAgreeWith(expected: number, tolerance: number, ...inputs: unknown[]): T;
  }
}

expect.extend({
  toAgreeWith(actual: number, expected: number, tolerance: number, ...inputs: unknown[]) {
    const error = actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);
    return {
      pass: error <= tolerance,
      message: () => `${JSON.stringify(inputs)}: ${actual} differs from ${expected} by ${error}, tolerance ${tolerance}`,
    };
  },
});

/** The value, which the test knows to exist. */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("expected an answer, got none");
  return value;
}
