import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { regularizedBeta } from "./beta.ts";

/**
 * The largest share that so few successes do not rule out: the upper end of Clopper and Pearson's (1934) one-sided interval, the p
 * at which P(X <= s) = 1 - confidence for a binomial X of n rows. It is the `confidence` quantile of a beta variable of shapes s + 1 and n - s.
 *
 * At least `confidence` of all samples have a bound above the true share: it is a bound, and wider than Wilson's interval. Rows that
 * depend on each other make it too small.
 *
 * Returns null for n = 0; 1 where all are successes; 1 - (1 - confidence)^(1/n) where none is, about 6.9/n at 99.9 %.
 * Throws a RangeError unless 0 <= s <= n are whole and 0 < confidence < 1. Cost: some fifty evaluations of the beta function.
 */
export function shareUpperBound(successes: number, n: number, confidence: number): number | null {
  requireInteger("the rows", n, 0);
  requireInteger("the successes", successes, 0);
  requireOpenProbability("confidence", confidence);
  if (successes > n) throw new RangeError(`there are ${successes} successes in ${n} rows`);
  if (n === 0) return null;
  if (successes === n) return 1;
  if (successes === 0) return -Math.expm1(Math.log1p(-confidence) / n);
  let low = successes / n;
  let high = 1;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (regularizedBeta(middle, successes + 1, n - successes) < confidence) low = middle;
    else high = middle;
  }
}
