import { chiSquareSf } from "../stats/chi-square.ts";

/**
 * The 99th percentile of a chi-square over its mean: how far a PSI of pure noise strays above its expected value.
 * By bisection on the upper tail.
 */
export function chiSquareQuantileFactor(degrees: number): number {
  if (degrees < 1) return 1;
  let low = 0;
  let high = degrees + 10 * Math.sqrt(2 * degrees) + 40;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (chiSquareSf(middle, degrees) > 0.01) low = middle;
    else high = middle;
  }
  return high / degrees;
}
