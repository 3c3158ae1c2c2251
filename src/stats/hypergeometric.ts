/**
 * How the rows of one bin fall to two sides when nothing but chance decides: of `total` rows in the bin, those of the
 * current side are hypergeometric, given n reference and m current rows in all. What every exact null here is made of.
 */

import { requireInteger } from "./argument-domain.ts";
import { logBinomialMass } from "./binomial-mass.ts";
import { logGamma } from "./gamma.ts";

/** Masses below this share of the largest one are left out of sums over the whole distribution. */
const NEGLIGIBLE = 1e-17;

/**
 * ln P(b = k): k of `m` current rows are among the `total` rows of a bin, with n + m rows in all.
 *
 * In saddle-point form, so that large counts and far tails keep their digits. The caller checks the arguments.
 * Cost: constant.
 */
export function logTableMass(k: number, n: number, m: number, total: number): number {
  const others = n + m - total;
  if (total === 0 || others === 0) return 0;
  const p = m / (n + m);
  const q = n / (n + m);
  return logBinomialMass(k, total - k, p, q) + logBinomialMass(m - k, others - (m - k), p, q) - logBinomialMass(m, n, p, q);
}

/** P(b = k + 1)/P(b = k). */
function stepUp(k: number, n: number, m: number, total: number): number {
  return ((m - k) * (total - k)) / ((k + 1) * (n - total + k + 1));
}

/** P(b = k - 1)/P(b = k); 0 where no fewer are possible. */
function stepDown(k: number, n: number, m: number, total: number): number {
  return (k * (n - total + k)) / ((m - k + 1) * (total - k + 1));
}

/** Ways to deal one bin's rows. */
export interface Deals {
  /** Numbers of current rows among the bin's. */
  readonly current: readonly number[];
  /** How likely each is, relative to the most likely one of all: the sum is the caller's to divide by. */
  readonly mass: readonly number[];
}

/** Below this standard deviation every number is listed, beyond it numbers so many standard deviations apart. */
const FEW_DEVIATION = 8;
const STRIDE = 0.8;
/** Masses below this share of the largest one are left out there. */
const FAR = 1e-14;
/** Up to this standard deviation going from one number to the next costs less than a leap. */
const WALKING_DEVIATION = 16;

/**
 * The numbers of current rows of a bin that are not negligibly rare, or evenly spaced ones that stand for all of them:
 * Σ mass·f(current)/Σ mass is the mean of f(current).
 *
 * Where the standard deviation is below 8 all are there, and the mean is exact. Beyond it one in 0.8 standard deviations is,
 * some 20 in all, and f has to be smooth on that scale: under a bell an evenly spaced sum errs by 2·exp(-2·π²/0.8²) = 8e-14 of
 * it. A kink like that of |a - b| is not smooth: use `dealtChange`. Masses come from logarithms of factorials, whose last digit is 3e-7 of a
 * mass where a hundred million rows are dealt, and 4e-6 with a thousand million (measured against `logTableMass`).
 * The caller checks the arguments. Cost: at most 140 steps.
 */
export function likelyDeals(total: number, n: number, m: number): Deals {
  const deviation = Math.sqrt(dealtVariance(total, n, m));
  const least = Math.max(0, total - n);
  const most = Math.min(m, total);
  const mode = Math.min(most, Math.max(least, Math.floor(((total + 1) * (m + 1)) / (n + m + 2))));
  const isFew = deviation < FEW_DEVIATION;
  const stride = isFew ? 1 : Math.floor(STRIDE * deviation);
  const negligible = isFew ? NEGLIGIBLE : FAR;
  const atMode = deviation < WALKING_DEVIATION ? 0 : logWays(mode, n, m, total);
  const [current, masses]: [number[], number[]] = [[], []];
  for (const direction of [1, -1] as const) {
    let mass = 1;
    for (let k = mode; k >= least && k <= most && mass > negligible; k += direction * stride) {
      if (k !== mode || direction === 1) {
        current.push(k);
        masses.push(mass);
      }
      const next = k + direction * stride;
      if (deviation < WALKING_DEVIATION) mass *= walk(k, direction * stride, n, m, total);
      else mass = next < least || next > most ? 0 : Math.exp(logWays(next, n, m, total) - atMode);
    }
  }
  return { current, mass: masses };
}

/** ln P(b = k) but for a constant. */
function logWays(k: number, n: number, m: number, total: number): number {
  return -logGamma(k + 1) - logGamma(total - k + 1) - logGamma(m - k + 1) - logGamma(n - total + k + 1);
}

/** P(b = k + steps)/P(b = k); what lies beyond what is possible is not asked for. */
function walk(k: number, steps: number, n: number, m: number, total: number): number {
  let ratio = 1;
  for (let i = k; i < k + steps; i++) ratio *= stepUp(i, n, m, total);
  for (let i = k; i > k + steps; i--) ratio *= stepDown(i, n, m, total);
  return ratio;
}

/** The variance of the number of current rows in a bin of `total` rows. */
function dealtVariance(total: number, n: number, m: number): number {
  const rows = n + m;
  return ((total * m) / rows) * (1 - total / rows) * (n / Math.max(1, rows - 1));
}

/** The mean and the variance of a share's change in one bin. */
export interface DealtChange {
  /** E|a/n - b/m|. */
  mean: number;
  /** Var |a/n - b/m|. */
  variance: number;
}

/** From this variance on a change is taken as that of a normal variable. */
const MANY_VARIANCE = 4096;

/**
 * The mean and variance of |a/n - b/m|, the change of a bin's share, when a + b = `total` rows are dealt at random.
 *
 * From a variance of b of 4096 on that of a normal variable: the mean √(2/π) deviations, 2e-5 of itself too large at most.
 * Below exact, in closed form: b - E b is summed from ν = ⌊E b⌋ + 1 upwards by telescoping, which leaves
 * E|b - E b| = 2·ν·(n - total + ν)·P(b = ν)/(n + m), the hypergeometric kin of De Moivre's formula; and
 * |a/n - b/m| = |b - E b|·(1/n + 1/m). Both are 0 where nothing is left to chance (total 0 or n + m).
 * The caller checks the arguments. Cost: constant.
 */
export function dealtChange(total: number, n: number, m: number): DealtChange {
  const rows = n + m;
  const expected = (total * m) / rows;
  const next = Math.floor(expected) + 1;
  if (next > Math.min(m, total) || total === rows) return { mean: 0, variance: 0 };
  const scale = 1 / n + 1 / m;
  const dealt = dealtVariance(total, n, m);
  const square = dealt * scale * scale;
  if (dealt >= MANY_VARIANCE) return { mean: Math.sqrt((2 / Math.PI) * square), variance: (1 - 2 / Math.PI) * square };
  const mean = ((2 * next * (n - total + next)) / rows) * Math.exp(logTableMass(next, n, m, total)) * scale;
  return { mean, variance: Math.max(0, square - mean * mean) };
}

/** What is left of a tail when a mass falls below this share of what was added up is beyond its ninth digit. */
const END_OF_TAIL = 1e-13;

/** Σ P(b = k) from `start` outwards, in the direction of the tail. */
function tailFrom(start: number, direction: 1 | -1, n: number, m: number, total: number): number {
  const least = Math.max(0, total - n);
  const most = Math.min(m, total);
  if (start < least || start > most) return 0;
  let mass = 1;
  let sum = 0;
  if (direction === 1) {
    for (let k = start; k <= most && mass > END_OF_TAIL * sum; k++) {
      sum += mass;
      mass *= stepUp(k, n, m, total);
    }
  } else {
    for (let k = start; k >= least && mass > END_OF_TAIL * sum; k--) {
      sum += mass;
      mass *= stepDown(k, n, m, total);
    }
  }
  return sum * Math.exp(logTableMass(start, n, m, total));
}

/**
 * P(b > k) + ½·P(b = k), the mid-p-value of `k` current rows among the `total` of a bin. The caller checks the arguments.
 * Cost: up to a few standard deviations of steps.
 */
export function dealtMidTail(k: number, n: number, m: number, total: number): number {
  const half = Math.exp(logTableMass(k, n, m, total)) / 2;
  const expected = (total * m) / (n + m);
  // From whichever side is shorter, so that no tail is what is left of 1.
  return k > expected ? tailFrom(k + 1, 1, n, m, total) + half : Math.max(0, 1 - tailFrom(k - 1, -1, n, m, total) - half);
}

/**
 * P(|a/n - b/m| >= distance): the probability that a bin of `total` rows changes its share by so much when rows are
 * dealt at random. Exact; changes that equal the distance up to rounding count.
 *
 * Throws a RangeError unless all counts are whole, n and m at least 1. Cost: up to a few standard deviations of steps.
 */
export function dealtChangeSf(distance: number, total: number, n: number, m: number): number {
  requireInteger("total", total, 0);
  requireInteger("n", n, 1);
  requireInteger("m", m, 1);
  const expected = (total * m) / (n + m);
  const reach = distance / (1 / n + 1 / m);
  const rounding = 1e-9 + 1e-12 * (expected + reach);
  const above = Math.ceil(expected + reach - rounding);
  const below = Math.floor(expected - reach + rounding);
  if (above - below <= 1) return 1;
  return Math.min(1, tailFrom(above, 1, n, m, total) + tailFrom(below, -1, n, m, total));
}

/**
 * `dealtChangeSf` of one bin for many distances: the tails are added up once, from their ends. They agree but for 1e-14 in
 * absolute terms: what is negligible beside the likeliest number of rows is 0.
 * The caller checks the arguments. Cost: some tens of standard deviations of steps, then constant for each distance.
 */
export function dealtChangeTails(total: number, n: number, m: number): (distance: number) => number {
  const expected = (total * m) / (n + m);
  const first = Math.min(m, total, Math.floor(expected) + 1);
  const atFirst = Math.exp(logTableMass(first, n, m, total));
  const upwards = tailsFrom(first, 1, n, m, total, atFirst);
  const downwards = tailsFrom(first, -1, n, m, total, atFirst);
  return (distance) => {
    const reach = distance / (1 / n + 1 / m);
    const rounding = 1e-9 + 1e-12 * (expected + reach);
    const above = Math.ceil(expected + reach - rounding);
    const below = Math.floor(expected - reach + rounding);
    if (above - below <= 1) return 1;
    return Math.min(1, (upwards[above - first] ?? 0) + (downwards[first - below] ?? 0));
  };
}

/** P(b = start) and all beyond it, then the same from one further on, and so forth until nothing is left. */
function tailsFrom(start: number, direction: 1 | -1, n: number, m: number, total: number, atStart: number): number[] {
  const least = Math.max(0, total - n);
  const most = Math.min(m, total);
  const tails: number[] = [];
  let largest = atStart;
  let mass = atStart;
  for (let k = start; k >= least && k <= most && mass > NEGLIGIBLE * largest; k += direction) {
    tails.push(mass);
    largest = Math.max(largest, mass);
    mass *= direction === 1 ? stepUp(k, n, m, total) : stepDown(k, n, m, total);
  }
  for (let place = tails.length - 2; place >= 0; place--) tails[place] = tails[place]! + tails[place + 1]!;
  return tails;
}
