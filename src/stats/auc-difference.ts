/** Two areas under the ROC curve: of two versions' own rows, or of the same rows scored by both. */

import { requireFinite, requireNonNegative, requireOpenProbability } from "./argument-domain.ts";
import { aucFromBins } from "./auc.ts";
import type { EstimatedDifference } from "./confidence-sequence.ts";
import { normalHalfWidth, normalSf } from "./normal.ts";

/** Misplaced rows of the rarer class, about, that either version needs for many looks. */
const LARGE_MISPLACED = 10;

/** The challenger's area less the champion's. */
export interface AucDifference extends EstimatedDifference {
  champion: number;
  challenger: number;
  /** Two-sided; null when the standard error is 0. */
  pValue: number | null;
  /** Two-sided confidence interval of the difference, for one look; null when the standard error is 0. */
  ci: [number, number] | null;
}

/** Rows of one class each, by score bin, in ascending order of the score. */
export interface ClassCounts {
  positives: readonly number[];
  negatives: readonly number[];
}

/** Rows that both versions scored alike: the champion's score or its bin, the challenger's, and how many rows. */
export interface ScoredCell {
  champion: number;
  challenger: number;
  positives: number;
  negatives: number;
}

/** Near 0 and 1 an area rests on the few rows that are out of place: P·(1 - area) of them, or N·(1 - area). */
function isLargeArea(area: number, positives: number, negatives: number): boolean {
  return Math.min(positives, negatives) * Math.min(area, 1 - area) >= LARGE_MISPLACED;
}

function compared(
  champion: number,
  challenger: number,
  variance: number,
  { rows, isLarge }: { rows: number; isLarge: boolean },
  confidence: number,
): AucDifference {
  const difference = challenger - champion;
  const standardError = Math.sqrt(variance);
  if (standardError === 0) return { champion, challenger, difference, standardError, rows, isLarge, pValue: null, ci: null };
  const reach = normalHalfWidth(confidence) * standardError;
  return {
    champion,
    challenger,
    difference,
    standardError,
    rows,
    isLarge,
    pValue: Math.min(1, 2 * normalSf(Math.abs(difference) / standardError)),
    ci: [Math.max(-1, difference - reach), Math.min(1, difference + reach)],
  };
}

/**
 * Compares the areas of two versions on rows of their own (as when traffic is split), from counts by score bin.
 *
 * Each area and DeLong's variance come from `aucFromBins`, ties within a bin counting half; the samples are
 * independent, so the variances add. Two-sided p from the normal distribution. The two may use different bins: an area
 * depends on order alone.
 *
 * Misleads: versions that met different rows differ by those rows too; rows in one bin are tied, which pulls areas to
 * one half by up to `aucFromBins`' errorBound; with few positives (below about 10) or areas near 1 normal intervals are
 * too narrow. If both versions scored the same rows, `pairedAucDifference` is usually much sharper.
 *
 * Returns null with fewer than two positives or two negatives on either side. With both versions separating perfectly,
 * or both constant, the standard error is 0, p and interval null. `rows` counts both sides, for `differenceSequence`
 * (large when the smaller class times area or 1 - area is 10 or more on either side). Throws a RangeError as
 * `aucFromBins`. Cost: four passes over the bins.
 */
export function aucDifference(champion: ClassCounts, challenger: ClassCounts, confidence: number): AucDifference | null {
  const first = aucFromBins(champion.positives, champion.negatives, confidence);
  const second = aucFromBins(challenger.positives, challenger.negatives, confidence);
  if (first?.standardError == null || second?.standardError == null) return null;
  const [p1, n1, p2, n2] = [total(champion.positives), total(champion.negatives), total(challenger.positives), total(challenger.negatives)];
  const size = { rows: p1 + n1 + p2 + n2, isLarge: isLargeArea(first.value, p1, n1) && isLargeArea(second.value, p2, n2) };
  return compared(first.value, second.value, first.standardError ** 2 + second.standardError ** 2, size, confidence);
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

interface Placements {
  area: number;
  /** By cell: the share of negatives its positives outscore, and of positives that outscore its negatives. */
  ofPositives: Float64Array;
  ofNegatives: Float64Array;
}

function placementsBy(score: (cell: ScoredCell) => number, cells: readonly ScoredCell[], positives: number, negatives: number): Placements {
  const scores = Float64Array.from(cells, score);
  const order = Uint32Array.from(cells.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const ofPositives = new Float64Array(cells.length);
  const ofNegatives = new Float64Array(cells.length);
  let area = 0;
  let negativesBelow = 0;
  let positivesBelow = 0;
  for (let from = 0; from < order.length;) {
    const value = scores[order[from]!]!;
    let to = from;
    let positivesHere = 0;
    let negativesHere = 0;
    for (; to < order.length && scores[order[to]!] === value; to++) {
      const cell = cells[order[to]!]!;
      positivesHere += cell.positives;
      negativesHere += cell.negatives;
    }
    const outscored = (negativesBelow + negativesHere / 2) / negatives;
    const outscoring = (positives - positivesBelow - positivesHere / 2) / positives;
    for (; from < to; from++) {
      ofPositives[order[from]!] = outscored;
      ofNegatives[order[from]!] = outscoring;
    }
    area += (positivesHere / positives) * outscored;
    positivesBelow += positivesHere;
    negativesBelow += negativesHere;
  }
  return { area, ofPositives, ofNegatives };
}

/**
 * Compares the areas of two versions that scored the same rows (a shadow deployment): DeLong, DeLong and Clarke-Pearson
 * (1988).
 *
 * A positive's placement in a version is the share of negatives it outscores there, ties half; the variance of the
 * difference of areas is S₁/P + S₀/N, with S₁ and S₀ the sample variances (over P - 1 and N - 1) of the difference
 * between a row's two placements among positives and among negatives. Two-sided p from the normal distribution.
 *
 * What counts are needed: the joint table, rows of each class by (champion's bin, challenger's bin). Each version's own
 * counts by bin do not do, since they do not say whether the two err on the same rows. The table is sparse: pass its
 * occupied cells, in any order, or raw pairs of scores, each a cell with one row; cells with equal scores add up. At
 * most as many cells as rows. Scores and bins may be any finite numbers that grow with the score; the two versions need
 * not share a scale.
 *
 * Misleads: as `aucDifference`, but for different rows. Returns null with fewer than two positives or two negatives.
 * Versions that rank all rows alike have difference 0 and standard error 0, p and interval null: there is nothing to
 * test. `rows` counts each pair once; large as there. Throws a RangeError for scores that are not finite, negative or
 * non-finite counts, and unless 0 < confidence < 1. Cost: two sorts of the cells.
 */
export function pairedAucDifference(cells: readonly ScoredCell[], confidence: number): AucDifference | null {
  requireOpenProbability("confidence", confidence);
  let positives = 0;
  let negatives = 0;
  for (const cell of cells) {
    requireFinite("a champion's score", cell.champion);
    requireFinite("a challenger's score", cell.challenger);
    requireNonNegative("a positive count", cell.positives);
    requireNonNegative("a negative count", cell.negatives);
    positives += cell.positives;
    negatives += cell.negatives;
  }
  if (positives < 2 || negatives < 2) return null;
  const first = placementsBy((cell) => cell.champion, cells, positives, negatives);
  const second = placementsBy((cell) => cell.challenger, cells, positives, negatives);
  const difference = second.area - first.area;
  let ofPositives = 0;
  let ofNegatives = 0;
  for (const [index, cell] of cells.entries()) {
    ofPositives += cell.positives * (second.ofPositives[index]! - first.ofPositives[index]! - difference) ** 2;
    ofNegatives += cell.negatives * (second.ofNegatives[index]! - first.ofNegatives[index]! - difference) ** 2;
  }
  const variance = ofPositives / (positives - 1) / positives + ofNegatives / (negatives - 1) / negatives;
  const isLarge = isLargeArea(first.area, positives, negatives) && isLargeArea(second.area, positives, negatives);
  return compared(first.area, second.area, variance, { rows: positives + negatives, isLarge }, confidence);
}
