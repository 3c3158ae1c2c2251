/** The p-value of a binned Wasserstein distance. */

import { absoluteCorrelation } from "./absolute-correlation.ts";
import { dealtDistances, gapReach, gatheredGaps, type Gap } from "./dealt-distances.ts";
import { gammaTail } from "./gamma-tail.ts";
import { dealtChange, dealtChangeSf } from "./hypergeometric.ts";
import { ksLimitPValue } from "./ks-p-value.ts";
import { ksFromBins } from "./ks.ts";
import { requireWholeCounts, rowsOf } from "./shares.ts";
import { seededRandom, seedOf } from "./seeded-random.ts";
import { simulatedTail } from "./simulated-tail.ts";
import { placeBins, wassersteinFromBins, type BinnedPair } from "./wasserstein.ts";

/** In this form the loop over them is a third of the work. */
const weights = Float64Array.from(absoluteCorrelation);
const TERMS = weights.length;
/** The skewness of a distance between dealt rows, times mean/√variance. */
const SKEWNESS = 3;
/** p-values from moments above this decide nothing, right or wrong. */
const DOUBTED = 0.02;
/** A Kolmogorov-Smirnov p-value below this is answer enough for any correction over features. */
const NO_DOUBT = 1e-5;
const MOST_DRAWS = 1500;
/** Rows dealt in one simulation: what bounds its cost. */
const MOST_DEALS = 500_000;
/** The most rows of the smaller side for which enough draws are affordable; the more rows, the better the moments do. */
const MOST_ROWS = 1000;

/** The mean of an outer bin over both sides. */
function pooledMean(a: number, aMean: number | null, b: number, bMean: number | null): number | null {
  const rows = a + b;
  return rows === 0 ? null : (a / rows) * (aMean ?? 0) + (b / rows) * (bMean ?? 0);
}

function gapsOf(pair: BinnedPair): Gap[] {
  const { edges, reference, current, referenceTails: then, currentTails: now } = pair;
  const last = reference.length - 1;
  const places = placeBins(edges, {
    low: pooledMean(reference[0]!, then.low, current[0]!, now.low),
    high: pooledMean(reference[last]!, then.high, current[last]!, now.high),
  });
  const gaps: Gap[] = [];
  let before: number | null = null;
  let below = 0;
  for (let bin = 0; bin <= last; bin++) {
    const at = places.at[bin]!;
    const rows = reference[bin]! + current[bin]!;
    if (rows === 0 || Number.isNaN(at)) continue;
    if (before !== null) gaps.push({ width: at - before, below });
    below += rows;
    before = at;
  }
  return gaps;
}

/** Mean and variance of Σ width·|F - G| over the gaps when the rows of both sides are dealt at random. */
function dealtMoments(gaps: readonly Gap[], n: number, m: number): { mean: number; variance: number } {
  let mean = 0;
  let variance = 0;
  // Σ over the gaps to the left of deviation·ρ^(2k + 2), for every k. As ρ² is a quotient of odds, it carries over.
  const left = new Float64Array(TERMS);
  let oddsBefore = 0;
  for (const { width, below } of gaps) {
    const change = dealtChange(below, n, m);
    const deviation = width * Math.sqrt(change.variance);
    const odds = below / (n + m - below);
    mean += width * change.mean;
    variance += deviation * deviation;
    const ratio = oddsBefore / odds;
    let power = 1;
    let covariance = 0;
    for (let k = 0; k < TERMS; k++) {
      power *= ratio;
      const carried = left[k]! * power;
      covariance += weights[k]! * carried;
      left[k] = carried + deviation;
    }
    variance += 2 * deviation * covariance;
    oddsBefore = odds;
  }
  return { mean, variance };
}

/** The gap whose own part of the distance varies most. */
function widestGap(gaps: readonly Gap[], rows: number): Gap | null {
  let widest: Gap | null = null;
  let most = -1;
  for (const gap of gaps) {
    const reach = gapReach(gap, rows);
    if (reach > most) [widest, most] = [gap, reach];
  }
  return widest;
}

/** The tail by random deals. Equal pools of rows meet equal deals, however they are split. */
function dealtTail(value: number, gaps: readonly Gap[], n: number, m: number): number {
  const smaller = Math.min(n, m);
  const draws = Math.min(MOST_DRAWS, Math.floor(MOST_DEALS / smaller));
  const random = seededRandom(seedOf([smaller, n + m, ...gaps.map(({ below }) => below)]));
  return simulatedTail(value, dealtDistances(gaps, n, m, draws, random), SKEWNESS);
}

/**
 * The probability of a `wassersteinFromBins` of at least the observed one under no drift, given the pooled rows.
 *
 * An approximation from the counts alone. All rows are placed as `wassersteinFromBins` places them, outer bins at the mean of
 * both sides, and dealt to the two sides at random. The mean of W1 is then Σ width·E|F - G|, exact gap by gap
 * (`dealtChange`; for many rows it is `wassersteinExpected`); the variance takes the covariances of the gaps from normal
 * variables of the gaps' correlations, √(F_i·(1 - F_j)/((1 - F_i)·F_j)) for i left of j. A gamma variable of that mean and
 * variance with a skewness of three times √variance/mean, moved along the line, gives the tail (simulated: 2.7 times for
 * uniform data, 3.4 for normal, 1.3 for data in two places). From below it is bounded by P(width·|F - G| >= W1) for the gap that matters most,
 * which is exact: one far row is on the current side with probability m/(n + m), however far, and its p-value says so.
 *
 * Below 0.02 and with at most 1000 rows on the smaller side that tail is not taken at its word, for it is several times
 * too small where few far rows make the distance. Ranks are a second opinion, to which far rows are rows like others: where the
 * Kolmogorov-Smirnov p-value of the same bins is as small, or below 1e-5, the larger of the two is the answer. It keeps its word,
 * since that of Kolmogorov and Smirnov does. Else 500 to 1500 random deals of the pooled rows are drawn and the answer is
 * that of `simulatedTail`. The deals are seeded by the pooled counts, so an answer is repeatable. Two places need none of it:
 * the bound is the answer.
 *
 * Simulated false alarms at a nominal 0.5%, 2000 windows a case, 1024 quantile bins of 5000 reference rows, m = 50, 100, 200,
 * 500: lognormal data 0.8, 0.8, 0.6 and 0.8% (by moments alone, 1500 other windows, 1.7, 1.4, 0.7 and 0.3%), half zero and
 * half exponential 0.5, 0.7, 0.5 and 0.4%, normal 0.5% each.
 *
 * Misleads: bins and the largest value that are taken from the reference itself leave it a little liberal for heavy tails.
 * Beyond 1000 rows the moments stand alone, liberal there too. An answer from deals carries their chance, 25% of itself at
 * 0.01, and where ranks are the answer it is larger than the permutation p-value would be. Rows are taken as independent and
 * bins as fixed beforehand; autocorrelated rows make it far too small.
 *
 * `found` is the distance, for who has it. Returns null when `wassersteinFromBins` does, and when all rows of both sides are in one place: nothing could have
 * changed. Throws a RangeError as that does, and for counts that are not whole. Cost: linear in K, and 24 steps for each
 * of some 256 stretches; of deals (measured: 3 to 5 ms), 1500 times as many, up to 500,000 rows dealt, and memory for n + m rows.
 */
export function wassersteinPValue(pair: BinnedPair, found = wassersteinFromBins(pair)): number | null {
  if (found === null) return null;
  requireWholeCounts(pair.reference, pair.current);
  const n = rowsOf(pair.reference);
  const m = rowsOf(pair.current);
  const every = gapsOf(pair);
  const widest = widestGap(every, n + m);
  if (widest === null) return null;
  const alone = dealtChangeSf(found.value / widest.width, widest.below, n, m);
  if (every.length === 1) return alone;
  const gaps = gatheredGaps(every, n + m);
  const { mean, variance } = dealtMoments(gaps, n, m);
  const fromMoments = gammaTail(found.value, mean, variance, (SKEWNESS * Math.sqrt(variance)) / mean);
  if (fromMoments >= DOUBTED || Math.min(n, m) > MOST_ROWS) return Math.max(alone, fromMoments);
  const ranks = ksLimitPValue(ksFromBins(pair.reference, pair.current)?.lower ?? 0, n, m);
  if (ranks <= Math.max(fromMoments, NO_DOUBT)) return Math.max(alone, fromMoments, ranks);
  return Math.max(alone, dealtTail(found.value, gaps, n, m));
}
