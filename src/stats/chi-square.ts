import { regularizedGammaUpper } from "./gamma.ts";

/**
 * P(X > x) for a chi-square X with `df` > 0 degrees of freedom: the p-value of a chi-square statistic.
 *
 * Q(df/2, x/2), direct in the tail and sound for any df up to millions (`regularizedGammaUpper` says why that needs
 * saying). 1 for x <= 0, 0 for x = ∞. Measured relative error against mpmath: at most 1e-12 for df from 1 to 2e6 and
 * tails down to 1e-290. Throws a RangeError for df <= 0 and NaN. Cost: about 7·√df steps near x = df.
 * Example: chiSquareSf(3.841458820694124, 1) = 0.05.
 */
export function chiSquareSf(x: number, df: number): number {
  return regularizedGammaUpper(df / 2, x < 0 ? 0 : x / 2);
}
