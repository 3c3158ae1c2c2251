import { stirlingRemainder } from "./gamma.ts";
import { poissonDeviance } from "./poisson-deviance.ts";

/**
 * ln[ Γ(n+1)/(Γ(k+1)·Γ(n-k+1)) · pᵏ·qⁿ⁻ᵏ ] with n = successes + failures: the log of the binomial probability of
 * `successes`, for real counts as well as whole ones.
 *
 * Shapes: plain numbers, successes and failures >= 0, p + q = 1 with both given, so that neither is rounded away.
 * Saddle-point form (Loader 2000): for n = 1e9 the naive sum of log gammas is off by 1e-6, this one by 1e-14 times
 * the size of the answer. -∞ where the probability is 0. The caller checks the arguments. Cost: constant.
 */
export function logBinomialMass(successes: number, failures: number, p: number, q: number): number {
  const n = successes + failures;
  if (p === 0) return successes === 0 ? 0 : -Infinity;
  if (q === 0) return failures === 0 ? 0 : -Infinity;
  if (successes === 0) return n * (p < 0.5 ? Math.log1p(-p) : Math.log(q));
  if (failures === 0) return n * (q < 0.5 ? Math.log1p(-q) : Math.log(p));
  const remainders = stirlingRemainder(n) - stirlingRemainder(successes) - stirlingRemainder(failures);
  const deviance = poissonDeviance(successes, n * p) + poissonDeviance(failures, n * q);
  return remainders - deviance + 0.5 * Math.log(n / successes / failures / (2 * Math.PI));
}
