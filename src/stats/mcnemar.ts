/** Two versions' right and wrong answers to the same rows. */

import { requireInteger } from "./argument-domain.ts";
import { regularizedBeta } from "./beta.ts";
import { logBinomialMass } from "./binomial-mass.ts";
import { chiSquareSf } from "./chi-square.ts";
import { LARGE_OUTCOMES, type EstimatedDifference } from "./confidence-sequence.ts";

/** The outcome of McNemar's test. `difference` is the challenger's share of right answers less the champion's. */
export interface McNemarTest extends EstimatedDifference {
  /** Two-sided, exact but for the mid-p: half the observed outcome counts. */
  midP: number;
  /** (b - c)²/(b + c), without continuity correction. */
  statistic: number;
  /** P(χ²₁ > statistic). */
  pValue: number;
}

/**
 * McNemar's (1947) test of two versions on the same rows, from the rows that only one of them got right.
 *
 * With b rows that only the champion and c that only the challenger got right, the others saying nothing, min(b, c) is
 * binomial with b + c trials and chance ½ if both are as good. midP = 2·P(X < min) + P(X = min), which keeps its level
 * closely where the plain exact test is far too careful (Fagerland, Lydersen and Laake 2013); the chi-square agrees for
 * b + c of some dozens. For one look: for many, give the answer to `differenceSequence` (large with b + c >= 20). There
 * the standard error is that of (c - b)/n with half a row added to b and to c and one to n: √(b + c + 1 - (c - b)²/(n +
 * 1))/(n + 1), never 0.
 *
 * `rows` are all rows that both answered. Misleads: a significant difference may be a tiny one, 60 rows of a million;
 * look at `difference`. Rows must be independent of each other.
 *
 * Returns null for no rows. b = c gives midP 1; b + c = 0 also statistic 0 and p-value 1. Throws a RangeError unless
 * the counts are whole, at least 0, and b + c <= rows. Cost: up to about 10·√(b + c) steps.
 */
export function mcNemar(counts: { onlyChampion: number; onlyChallenger: number; rows: number }): McNemarTest | null {
  const { onlyChampion, onlyChallenger, rows } = counts;
  requireInteger("rows", rows, 0);
  requireInteger("onlyChampion", onlyChampion, 0);
  requireInteger("onlyChallenger", onlyChallenger, 0);
  const discordant = onlyChampion + onlyChallenger;
  if (discordant > rows) throw new RangeError(`${discordant} rows told the versions apart, of ${rows}`);
  if (rows === 0) return null;
  const gap = onlyChallenger - onlyChampion;
  const statistic = discordant === 0 ? 0 : gap ** 2 / discordant;
  return {
    difference: gap / rows,
    standardError: Math.sqrt(discordant + 1 - gap ** 2 / (rows + 1)) / (rows + 1),
    rows,
    isLarge: discordant >= LARGE_OUTCOMES,
    midP: gap === 0 ? 1 : midP(Math.min(onlyChampion, onlyChallenger), Math.max(onlyChampion, onlyChallenger)),
    statistic,
    pValue: chiSquareSf(statistic, 1),
  };
}

function midP(less: number, more: number): number {
  const mass = Math.exp(logBinomialMass(less, more, 0.5, 0.5));
  // P(X < less) = P(X <= less - 1) = I_½(more + 1, less).
  return (less === 0 ? 0 : 2 * regularizedBeta(0.5, more + 1, less)) + mass;
}
