import { requireInteger, requireProbability } from "./argument-domain.ts";
import { regularizedBeta } from "./beta.ts";

/**
 * How likely chance alone shows so many successes, or more, if their share is `limit`: P(X >= s) of a binomial X of n rows,
 * which is I_limit(s, n - s + 1). Made for limits that a person set: it asks whether a share lies above one, not whether it rose.
 *
 * One-sided. Where the limit is 0 no chance is involved: 0 as soon as there is a success. Misleads where rows depend on each other, as those of
 * one day do: it is far too small then, and the share itself has to say whether it matters.
 *
 * Returns null for n = 0, and 1 for no successes. Throws a RangeError unless 0 <= s <= n are whole and 0 <= limit <= 1.
 * Cost: up to about 10·√n steps. Example: excessPValue(3, 10, 0.1) = 0.0701908.
 */
export function excessPValue(successes: number, n: number, limit: number): number | null {
  requireInteger("the rows", n, 0);
  requireInteger("the successes", successes, 0);
  requireProbability("the limit", limit);
  if (successes > n) throw new RangeError(`there are ${successes} successes in ${n} rows`);
  if (n === 0) return null;
  if (successes === 0) return 1;
  return regularizedBeta(limit, successes, n - successes + 1);
}
