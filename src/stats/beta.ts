/** The regularised incomplete beta function, which carries Student's t. */

import { requireProbability } from "./argument-domain.ts";
import { logBinomialMass } from "./binomial-mass.ts";

const MAX_STEPS = 10_000_000;

/** xᵃ·yᵇ / B(a, b) for x + y = 1. */
function powerTerm(x: number, y: number, a: number, b: number): number {
  return Math.exp(logBinomialMass(a, b, x, y)) * (a / (a + b)) * b;
}

/**
 * I_x(a, b) from the even part of its continued fraction (DLMF 8.17.22, contracted as by DiDonato and Morris 1992), by
 * Lentz's method; fast for x < (a+1)/(a+b+2). Contracting lets y enter by itself, so that nothing cancels for x near 1.
 */
function fraction(x: number, y: number, a: number, b: number): number {
  const drift = a * y - b * x + 1;
  let backward = (a + 1) / (a * drift);
  let forward = Infinity;
  let value = backward;
  for (let m = 1; m < MAX_STEPS; m++) {
    const odd = a + 2 * m - 1;
    const numerator = ((a + m - 1) / odd) * ((a + b + m - 1) / odd) * m * (b - m) * x * x;
    const denominator = m + (m * (b - m) * x) / odd + ((a + m) / (odd + 2)) * (drift + m * (1 + y));
    backward = 1 / (denominator + numerator * backward);
    forward = denominator + numerator / forward;
    const factor = backward * forward;
    value *= factor;
    if (Math.abs(factor - 1) < 2e-16) break;
  }
  return powerTerm(x, y, a, b) * value;
}

/**
 * I_x(a, b) when both x and its complement y = 1 - x are known, each to full precision, for a > 0 and b > 0.
 *
 * The twin of `regularizedBeta` for callers whose x is within rounding of 1: taking y from them keeps the digits that
 * 1 - x would lose. x + y = 1 is the caller's promise. Accuracy and cost as `regularizedBeta`.
 */
export function regularizedBetaComplemented(x: number, y: number, a: number, b: number): number {
  if (x === 0) return 0;
  if (y === 0) return 1;
  return x < (a + 1) / (a + b + 2) ? fraction(x, y, a, b) : 1 - fraction(y, x, b, a);
}

/**
 * I_x(a, b), the regularised incomplete beta function, for x in [0, 1], a > 0, b > 0: the probability that a beta
 * variable of shapes a and b is at most x.
 *
 * Measured relative error against mpmath: at most 3e-13 for a, b from 0.5 to 30,000 and values down to 1e-290, 2e-12 at 1e6. The upper tail is
 * I_{1-x}(b, a). I_0 = 0, I_1 = 1. Throws a RangeError outside the domain. Cost: up to about 10·√max(a, b) steps.
 */
export function regularizedBeta(x: number, a: number, b: number): number {
  requireProbability("x", x);
  if (!(a > 0 && a < Infinity && b > 0 && b < Infinity)) {
    throw new RangeError(`a and b must be positive and finite, got ${a} and ${b}`);
  }
  return regularizedBetaComplemented(x, 1 - x, a, b);
}
