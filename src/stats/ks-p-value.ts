/** The p-value of a two-sample Kolmogorov-Smirnov distance, exact or by a corrected limit, and its critical value. */

import { greatestCommonDivisor } from "./greatest-common-divisor.ts";
import { requireInteger, requireOpenProbability, requireProbability } from "./argument-domain.ts";
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
    let before = from === 0 ? (i === 0 ? 0 : row[0]!) : 1;
    for (let j = from; j <= to; j++) {
      if (j > 0) before = i === 0 ? before : (i * row[j]! + j * before) / (i + j);
      row[j] = before;
    }
  }
  return row[m]!;
}

/**
 * The argument at which Kolmogorov's limit stands for P(D >= x/√e), e = n·m/(n + m).
 *
 * First order: Hodges' skewness term less half a step of the lattice 1/lcm(n, m) on which D lives. Second order: with
 * q = n·m/(n + m)², expanding the exact large-deviation exponent of a lattice path, min over the place of crossing of
 * n·KL + m·KL, gives 2x² + (4/9)(1 - q)·x⁴/e, hence (1 - q)·x³/9 here; -x/8 is what the equal-size path count adds
 * beyond the exponent, and was found to fit unequal sizes too.
 */
function limitArgument(x: number, n: number, m: number): number {
  const [small, large] = n < m ? [n, m] : [m, n];
  const effective = small / (1 + small / large);
  const q = effective / (n + m);
  const skewness = (1 + (2 * small) / large) / (6 * Math.sqrt(small * (1 + small / large)));
  const halfStep = (0.5 * greatestCommonDivisor(n, m)) / n / m;
  return x + skewness - Math.sqrt(effective) * halfStep + (((1 - q) * x ** 3) / 9 - x / 8) / effective;
}

function requireSizes(n: number, m: number): void {
  requireInteger("n", n, 1);
  requireInteger("m", m, 1);
}

/**
 * The limit branch of `ksPValue` at any size: for tests, which compare it with exact values, and for callers who want one
 * smooth curve. The caller checks the arguments. Cost: constant.
 */
export function ksLimitPValue(distance: number, n: number, m: number): number {
  return kolmogorovSf(limitArgument(distance / Math.sqrt(1 / n + 1 / m), n, m));
}

/**
 * P(D >= distance) for the two-sample Kolmogorov-Smirnov distance D of n and m independent rows.
 *
 * While n·m <= 1,000,000 the answer is exact (lattice path recursion, relative accuracy about 1e-12 however small),
 * for a distance between two possible ones too. Beyond, it is Kolmogorov's limit with first and second order
 * corrections in the spirit of Vrbik (2018), derived for two samples (`limitArgument`). Worst relative error of the limit
 * against SciPy's exact values, for p from 1e-6 to 0.5, by (n, m): (23148, 180) 0.5%, (48166, 300) 0.3%, (10000, 101) 1.1%,
 * (5000, 500) 0.1%, (4000, 4000) 0.01%, (40000, 26) 14% (1.5% for p above 0.004). The worst kind is nearly equal, coprime sizes,
 * where D moves in near-steps that no smooth formula follows: (1000, 1001) 6%. The bare limit is off by 25%, 17%, 41%, 10%,
 * 0.6%, 200% and 15%. (10000, 100) is exact, being at the bound.
 *
 * Ties and bins make it conservative (D can only shrink), never liberal; autocorrelated rows make it far too small.
 * distance 0 gives 1. Throws a RangeError unless 0 <= distance <= 1 and n, m are integers of at least 1: without rows
 * there is no distance to judge. Cost: exact, up to 2·distance·n·m steps, at most about 10 ms; limit, constant.
 * Example: ksPValue(2 / 3, 2, 3) = { pValue: 0.6, method: "exact" }.
 */
export function ksPValue(distance: number, n: number, m: number): KsPValue {
  requireSizes(n, m);
  requireProbability("distance", distance);
  if (distance === 0) return { pValue: 1, method: n * m <= EXACT_CELLS ? "exact" : "limit" };
  if (n * m <= EXACT_CELLS) return { pValue: Math.min(1, crossingShare(distance, n, m)), method: "exact" };
  return { pValue: ksLimitPValue(distance, n, m), method: "limit" };
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
  const scale = Math.sqrt(1 / n + 1 / m);
  let low = 0;
  let high = 30;
  while (high - low > 1e-14 * high) {
    const middle = (low + high) / 2;
    if (kolmogorovSf(limitArgument(middle, n, m)) > alpha) low = middle;
    else high = middle;
  }
  return high * scale;
}
