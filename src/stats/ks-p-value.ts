/** The p-value of a two-sample Kolmogorov-Smirnov distance, exact or by a corrected limit, and its critical value. */

import { requireInteger, requireOpenProbability, requireProbability } from "./argument-domain.ts";
import { entryAt } from "./entry-at.ts";
import { kolmogorovSf } from "./kolmogorov.ts";

/** How a distance compares with chance. */
export interface KsPValue {
  /** P(D >= distance) when both samples come from one continuous distribution. */
  pValue: number;
  /** "exact" counts lattice paths; "limit" is Kolmogorov's limit with a small-sample correction. */
  method: "exact" | "limit";
}

const EXACT_CELLS = 1_000_000;
const LATTICE_SLACK = 1e-6;

/**
 * The share of lattice paths from (0, 0) to (n, m) that touch |i/n - j/m| >= distance, all paths equally likely.
 *
 * Splitting the paths to (i, j) by their last step gives u(i, j) = i/(i+j)·u(i-1, j) + j/(i+j)·u(i, j-1), with u = 1
 * wherever the bound is met. It adds up what crosses, so the tail never comes from 1 - p (the idea is Viehmann's,
 * arXiv 2102.08037). Only the band where the bound is not met is visited; the rest of `row` keeps its ones.
 */
function crossingShare(distance: number, n: number, m: number): number {
  const threshold = Math.ceil(distance * n * m - LATTICE_SLACK);
  if (threshold <= 0) return 1;
  const row = new Float64Array(m + 1).fill(1);
  for (let i = 0; i <= n; i++) {
    const from = Math.max(0, Math.floor((i * m - threshold) / n) + 1);
    const to = Math.min(m, Math.ceil((i * m + threshold) / n) - 1);
    if (from > 0) row[from - 1] = 1;
    let before = from === 0 ? (i === 0 ? 0 : entryAt(row, 0)) : 1;
    for (let j = from; j <= to; j++) {
      if (j > 0) before = i === 0 ? before : (i * entryAt(row, j) + j * before) / (i + j);
      row[j] = before;
    }
  }
  return entryAt(row, m);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The correction x -> x + shift + (x - 1)/(4·effective) that turns √effective·D into Kolmogorov's variable. */
function correction(n: number, m: number): { effective: number; shift: number } {
  const effective = n / (1 + n / m);
  const [small, large] = n < m ? [n, m] : [m, n];
  const skew = (1 + (2 * small) / large) / (6 * Math.sqrt(small * (1 + small / large)));
  const halfLatticeStep = (0.5 * greatestCommonDivisor(n, m)) / n / m;
  return { effective, shift: skew - Math.sqrt(effective) * halfLatticeStep };
}

function requireSizes(n: number, m: number): void {
  requireInteger("n", n, 1);
  requireInteger("m", m, 1);
}

/** Exported for tests, which compare it with exact values where `ksPValue` would itself be exact. */
export function ksLimitPValue(distance: number, n: number, m: number): number {
  const { effective, shift } = correction(n, m);
  const x = Math.sqrt(effective) * distance;
  return kolmogorovSf(x + shift + (x - 1) / (4 * effective));
}

/**
 * P(D >= distance) for the two-sample Kolmogorov-Smirnov distance D of n and m independent rows.
 *
 * While n·m <= 1,000,000 the answer is exact (lattice path recursion, relative accuracy about 1e-12 however small),
 * for a distance between two possible ones too. Beyond, it is Kolmogorov's limit at x + shift + (x - 1)/(4e),
 * x = √e·distance, e = n·m/(n + m): Hodges' (1957) skewness term (a + 2b)/(6·√(ab(a + b))), a the larger size, less
 * half a step of the lattice 1/lcm(n, m) on which D lives, and Vrbik's (2018) second-order term. ACCURACY_NOTE
 *
 * Ties and bins make it conservative (D can only shrink), never liberal; autocorrelated rows make it far too small.
 * distance 0 gives 1. Throws a RangeError unless 0 <= distance <= 1 and n, m are integers of at least 1: without rows
 * there is no distance to judge. Cost: exact, up to 2·distance·n·m steps, at most about 8 ms; limit, constant.
 * Example: ksPValue(2 / 3, 2, 3) = { pValue: 0.6, method: "exact" }.
 */
export function ksPValue(distance: number, n: number, m: number): KsPValue {
  requireSizes(n, m);
  requireProbability("distance", distance);
  if (distance === 0) return { pValue: 1, method: n * m <= EXACT_CELLS ? "exact" : "limit" };
  if (n * m <= EXACT_CELLS)
    return { pValue: Math.min(1, crossingShare(distance, n, m)), method: "exact" };
  return { pValue: ksLimitPValue(distance, n, m), method: "limit" };
}

/** The x with kolmogorovSf(x) = alpha, by bisection; the answer lies in (0.04, 20) for any alpha in (0, 1). */
function kolmogorovQuantile(alpha: number): number {
  let low = 0.03;
  let high = 20;
  while (high - low > 1e-15 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (kolmogorovSf(middle) > alpha) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The distance whose limit p-value is `alpha`: what n and m rows need to show before D counts as a change.
 *
 * The inverse of the limit branch of `ksPValue`, used at every size so that it is smooth in n and m. With few rows
 * the answer can exceed 1: then no outcome is significant at `alpha`, and "not enough data" is the honest verdict.
 * For n·m <= 1,000,000 the exact p-value at this distance differs somewhat, because D moves in steps.
 * Throws a RangeError unless 0 < alpha < 1 and n, m are integers of at least 1. Cost: about 55 evaluations of
 * `kolmogorovSf`. Example: ksCritical(0.05, 5000, 500) = 0.0634.
 */
export function ksCritical(alpha: number, n: number, m: number): number {
  requireSizes(n, m);
  requireOpenProbability("alpha", alpha);
  const { effective, shift } = correction(n, m);
  const x = (kolmogorovQuantile(alpha) - shift + 1 / (4 * effective)) / (1 + 1 / (4 * effective));
  return Math.max(0, x) / Math.sqrt(effective);
}
