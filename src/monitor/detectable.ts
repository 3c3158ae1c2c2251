import { chiSquareSf } from "../stats/chi-square.ts";
import { logGamma } from "../stats/gamma.ts";

/**
 * The 99th percentile of a chi-square with one degree of freedom less than there are bins, over its mean: how far the
 * square of a distance strays above its expected value by noise alone.
 */
export function significantChiSquare(bins: number): number {
  const degrees = bins - 1;
  return degrees < 1 ? 1 : chiSquareQuantile(degrees) / degrees;
}

/** The same of the root of that chi-square, for distances. */
export function significantChi(bins: number): number {
  const degrees = bins - 1;
  if (degrees < 1) return 1;
  const mean = Math.SQRT2 * Math.exp(logGamma((degrees + 1) / 2) - logGamma(degrees / 2));
  return Math.sqrt(chiSquareQuantile(degrees)) / mean;
}

const quantiles = new Map<number, number>();

/** By bisection on the upper tail; once for each number of degrees. */
function chiSquareQuantile(degrees: number): number {
  const known = quantiles.get(degrees);
  if (known !== undefined) return known;
  let low = 0;
  let high = degrees + 10 * Math.sqrt(2 * degrees) + 40;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (chiSquareSf(middle, degrees) > 0.01) low = middle;
    else high = middle;
  }
  quantiles.set(degrees, high);
  return high;
}
