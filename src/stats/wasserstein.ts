/** The first Wasserstein distance on the line, from weighted points and from bins, and its noise floor. */

import { requireFinite, requireInteger, requireNonNegative, requirePairedCounts } from "./argument-domain.ts";
import { rowsOf } from "./shares.ts";

/** The mean value of the rows in the two unbounded outer bins; null where such a bin holds no rows. */
export interface TailMeans {
  low: number | null;
  high: number | null;
}

/** Two histograms over bins cut at `edges`. */
export interface BinnedPair {
  /** K - 1 strictly ascending interior edges; bin j holds the values in (edges[j-1], edges[j]], the outer bins are unbounded. */
  edges: readonly number[];
  /** K counts. */
  reference: readonly number[];
  /** K counts. */
  current: readonly number[];
  referenceTails: TailMeans;
  currentTails: TailMeans;
}

function weightTotal(values: readonly number[], weights: readonly number[], side: string): number {
  if (values.length !== weights.length) {
    throw new RangeError(`${side} has ${values.length} points and ${weights.length} weights`);
  }
  let sum = 0;
  const [nameOfWeight, nameOfPoint] = [`a weight of ${side}`, `a point of ${side}`];
  for (let i = 0; i < weights.length; i++) {
    requireNonNegative(nameOfWeight, weights[i]!);
    requireFinite(nameOfPoint, values[i]!);
    sum += weights[i]!;
  }
  return sum;
}

/**
 * The first Wasserstein distance W1 = ∫ |F(x) - G(x)| dx between two sets of weighted points: the least average
 * distance over which the one has to be moved to become the other. In the unit of the points; not normalised.
 *
 * Shapes: points and weights of equal length on each side, in any order, repeated points welcome; weights at least 0,
 * taken relative to their sum. Agrees with `scipy.stats.wasserstein_distance`. Symmetric; 0 only for equal
 * distributions. Missing values do not belong in the input.
 *
 * Misleads: it has no scale of its own (divide by a spread of the reference), one far outlier of weight w adds w times
 * its distance, and between finite samples it is positive without any drift: see `wassersteinExpected`.
 *
 * Returns null when either side weighs nothing (no points, or all weights 0); one point a side is fine. Throws a
 * RangeError for unequal lengths, negative weights and anything not finite. Cost: one sort, where the points are not in order.
 * Example: wassersteinFromPoints([0, 1], [3, 1], [0], [1]) = 0.25.
 */
export function wassersteinFromPoints(
  xs: readonly number[],
  xWeights: readonly number[],
  ys: readonly number[],
  yWeights: readonly number[],
): number | null {
  const xTotal = weightTotal(xs, xWeights, "xs");
  const yTotal = weightTotal(ys, yWeights, "ys");
  if (xTotal === 0 || yTotal === 0) return null;
  return distanceOf(inOrder(xs, xWeights, xTotal), inOrder(ys, yWeights, yTotal));
}

/** Points from left to right, with their shares. */
interface OrderedPoints {
  at: Float64Array;
  shares: Float64Array;
}

/** Points that are in order already, as those of bins are, are not sorted. */
function inOrder(values: readonly number[], weights: readonly number[], total: number): OrderedPoints {
  const at = new Float64Array(values);
  const shares = new Float64Array(weights);
  let isAscending = true;
  for (let i = 0; i < at.length; i++) {
    shares[i] = shares[i]! / total;
    if (i > 0 && at[i - 1]! > at[i]!) isAscending = false;
  }
  if (isAscending) return { at, shares };
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  return { at: Float64Array.from(order, (i) => at[i]!), shares: Float64Array.from(order, (i) => shares[i]!) };
}

/** ∫ |F - G| by one pass from left to right. */
function distanceOf(xs: OrderedPoints, ys: OrderedPoints): number {
  let [i, j, difference, distance] = [0, 0, 0, 0];
  let before = Math.min(xs.at[0]!, ys.at[0]!);
  while (i < xs.at.length || j < ys.at.length) {
    const isX = j === ys.at.length || (i < xs.at.length && xs.at[i]! <= ys.at[j]!);
    const here = isX ? xs.at[i]! : ys.at[j]!;
    distance += Math.abs(difference) * (here - before);
    difference += isX ? xs.shares[i++]! : -ys.shares[j++]!;
    before = here;
  }
  return distance;
}

/** Where the mass of every bin sits, and half the width of each bin: 0 for outer bins and singletons. */
export interface Placements {
  /** NaN for an outer bin without rows. */
  at: Float64Array;
  halfWidth: Float64Array;
}

/** Edges that were looked at, with the places of what lies between them: several questions are asked on the same ones. */
const known = new WeakMap<readonly number[], Placements>();

/**
 * The place of every bin's mass: interior bins at the midpoint, singletons at the upper edge, outer bins at their mean.
 * Throws a RangeError for edges that are not finite and strictly ascending. Cost: linear.
 */
export function placeBins(edges: readonly number[], tails: TailMeans): Placements {
  let inner = known.get(edges);
  if (inner === undefined) known.set(edges, (inner = placeInnerBins(edges)));
  const at = inner.at.slice();
  at[edges.length] = tails.high ?? Number.NaN;
  at[0] = tails.low ?? Number.NaN;
  return { at, halfWidth: inner.halfWidth };
}

function placeInnerBins(edges: readonly number[]): Placements {
  const last = edges.length;
  const at = new Float64Array(last + 1);
  const halfWidth = new Float64Array(last + 1);
  for (let i = 0; i < last; i++) {
    requireFinite("an edge", edges[i]!);
    if (i > 0 && edges[i]! <= edges[i - 1]!) throw new RangeError("edges must be strictly ascending");
  }
  for (let bin = 1; bin < last; bin++) {
    const lower = edges[bin - 1]!;
    const upper = edges[bin]!;
    const half = upper / 2 - lower / 2;
    const middle = lower + half;
    const hasRoom = middle > lower && middle < upper;
    at[bin] = hasRoom ? middle : upper;
    halfWidth[bin] = hasRoom ? half : 0;
  }
  return { at, halfWidth };
}

function requireEdges(edges: readonly number[], bins: number): void {
  if (edges.length !== bins - 1) throw new RangeError(`${bins} bins need ${bins - 1} edges, got ${edges.length}`);
}

/**
 * ∫ |F - G| of two histograms on the same bins: the inner ones have the same places on both sides, the outer ones each their
 * own. Null when these are not in order. The caller checks the rest.
 */
function distanceOfBins(inner: Float64Array, { reference, current, referenceTails: then, currentTails: now }: BinnedPair): number | null {
  const last = reference.length - 1;
  const at = new Float64Array(reference.length + 2);
  const changes = new Float64Array(reference.length + 2);
  const [n, m] = [rowsOf(reference), rowsOf(current)];
  let count = 0;
  const put = (place: number, change: number): void => {
    at[count] = place;
    changes[count++] = change;
  };
  const putOuter = (bin: number, then: number, now: number): void => {
    const [here, there] = [reference[bin]!, current[bin]!];
    if (there > 0 && now < then) put(now, -there / m);
    if (here > 0) put(then, here / n);
    if (there > 0 && now >= then) put(now, -there / m);
  };
  putOuter(0, then.low ?? 0, now.low ?? 0);
  for (let bin = 1; bin < last; bin++) {
    const [here, there] = [reference[bin]!, current[bin]!];
    if (here > 0 || there > 0) put(inner[bin]!, here / n - there / m);
  }
  putOuter(last, then.high ?? 0, now.high ?? 0);
  let [difference, distance] = [0, 0];
  for (let i = 0; i + 1 < count; i++) {
    const width = at[i + 1]! - at[i]!;
    if (!(width >= 0)) return null;
    difference += changes[i]!;
    distance += Math.abs(difference) * width;
  }
  return distance;
}

/** The same of outer bins whose means lie within their neighbours, by rounding at most. */
function distanceOfPoints({ edges, reference, current, currentTails }: BinnedPair, places: Placements): number | null {
  const xs = occupied(places, reference);
  const ys = occupied(placeBins(edges, currentTails), current);
  return xs && ys && wassersteinFromPoints(xs.at, xs.weights, ys.at, ys.weights);
}

/** Whether there are rows in an outer bin and no mean of them. */
function lacksMean(counts: readonly number[], { low, high }: TailMeans): boolean {
  for (const mean of [low, high]) if (mean !== null) requireFinite("the mean of an outer bin", mean);
  return (low === null && counts[0]! > 0) || (high === null && counts[counts.length - 1]! > 0);
}

/** The occupied bins as points; null when an occupied outer bin has no mean. */
function occupied({ at: places }: Placements, counts: readonly number[]): { at: number[]; weights: number[] } | null {
  const at: number[] = [];
  const weights: number[] = [];
  for (let bin = 0; bin < counts.length; bin++) {
    const count = counts[bin]!;
    if (count === 0) continue;
    const place = places[bin]!;
    if (Number.isNaN(place)) return null;
    at.push(place);
    weights.push(count);
  }
  return { at, weights };
}

/** Σ half width × share: how far W1 can move when the rows leave their bins' midpoints. */
function spreadBound({ halfWidth }: Placements, counts: readonly number[]): number {
  let [total, reach] = [0, 0];
  for (let bin = 0; bin < counts.length; bin++) {
    total += counts[bin]!;
    reach += halfWidth[bin]! * counts[bin]!;
  }
  return reach / total;
}

/**
 * The first Wasserstein distance of two histograms, each bin's mass gathered in one point.
 *
 * K right-closed bins cut at K - 1 edges, the outer two unbounded. The mass of an interior bin sits at its midpoint;
 * that of a bin one unit in the last place wide, which can hold a single value only, at that value, its upper edge;
 * that of an outer bin at the mean of its own rows, which keeps far outliers at their true cost.
 *
 * `errorBound` is Σ ½·width·(p + q) over the interior bins: |value - exact| cannot exceed it as far as they are
 * concerned. What the outer bins hide (the spread of their rows about the mean) is not bounded; keep them thin.
 * In the unit of the edges; not normalised. Otherwise as `wassersteinFromPoints`.
 *
 * Returns null when either side has no rows, when K < 2, and when an occupied outer bin has no mean. Throws a
 * RangeError for lengths that do not fit, unsorted or non-finite edges and negative counts. Cost: linear in K.
 */
export function wassersteinFromBins(pair: BinnedPair): { value: number; errorBound: number } | null {
  const { edges, reference, current } = pair;
  requirePairedCounts(reference, current);
  if (reference.length < 2) return null;
  requireEdges(edges, reference.length);
  const referencePlaces = placeBins(edges, pair.referenceTails);
  if (lacksMean(reference, pair.referenceTails) || lacksMean(current, pair.currentTails)) return null;
  if (rowsOf(reference) === 0 || rowsOf(current) === 0) return null;
  const value = distanceOfBins(referencePlaces.at, pair) ?? distanceOfPoints(pair, referencePlaces);
  return value === null ? null : { value, errorBound: spreadBound(referencePlaces, reference) + spreadBound(referencePlaces, current) };
}

/**
 * The W1 to expect from sampling noise alone between n reference and m current rows of the reference's distribution:
 * √(2/π)·√(1/n + 1/m)·∫ √(F(1 - F)) dx, F the reference's cumulative share, placed as in `wassersteinFromBins`.
 *
 * Shapes: K - 1 edges, K reference counts (their sum need not be n), the reference's tail means. In the unit of the
 * edges. Normal data: 1.288·σ·√(1/n + 1/m). First order: the average of W1, not a limit for it (the upper 5% lies at
 * about 1.7 times the value, simulated for normal, exponential and lognormal data). Heavy tails make ∫ √(F(1 - F)) dx
 * large, and the wobble of the current sample's tail means is left out, so with few bins it is somewhat too small.
 *
 * Returns null when the reference is empty, K < 2, or an occupied outer bin has no mean; 0 for a reference in one
 * place. Throws a RangeError as `wassersteinFromBins`, and unless n, m are integers of at least 1. Cost: linear in K.
 */
export function wassersteinExpected(
  edges: readonly number[],
  reference: readonly number[],
  n: number,
  m: number,
  tails: TailMeans,
): number | null {
  requireInteger("n", n, 1);
  requireInteger("m", m, 1);
  requirePairedCounts(reference, reference);
  if (reference.length < 2) return null;
  requireEdges(edges, reference.length);
  const total = reference.reduce((sum, count) => sum + count, 0);
  const points = occupied(placeBins(edges, tails), reference);
  if (points === null || total === 0) return null;
  let below = 0;
  let integral = 0;
  for (const [i, weight] of points.weights.entries()) {
    below += weight;
    const next = points.at[i + 1];
    if (next !== undefined) integral += Math.sqrt((below / total) * (1 - below / total)) * (next - points.at[i]!);
  }
  return Math.sqrt(2 / Math.PI) * Math.sqrt(1 / n + 1 / m) * integral;
}
