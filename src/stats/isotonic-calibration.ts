/** Isotonic rates as a calibration of scores, and how far estimates made with them are off. */

import { isotonicBlocks, type IsotonicBlock } from "./isotonic.ts";
import type { ScoredRows } from "./weighted-rows.ts";

/** A calibration learned from labelled rows. */
export interface Calibration {
  readonly reference: ScoredRows;
  readonly blocks: readonly IsotonicBlock[];
  /** The rate of positives by score bin. */
  readonly rates: readonly number[];
}

const known = new WeakMap<ScoredRows, Calibration | null>();

/**
 * The calibration by `isotonicBlocks`; null without rows. Errors and cost as there, once for the same rows: a reference
 * stands beside window after window.
 */
export function isotonicCalibration(reference: ScoredRows): Calibration | null {
  let found = known.get(reference);
  if (found === undefined) known.set(reference, (found = calibrate(reference)));
  return found;
}

function calibrate(reference: ScoredRows): Calibration | null {
  const blocks = isotonicBlocks(reference);
  if (blocks.length === 0) return null;
  return { reference, blocks, rates: blocks.flatMap(({ from, to, rate }) => new Array<number>(to - from).fill(rate)) };
}

/**
 * What learning the rates c_b from finitely many rows does to an estimate Σ m_b·slope_b·c_b over current rows m_b: a
 * correction to add, and a variance.
 *
 * `slopes` are m_b·slope_b. A reference row of bin b in block B enters the estimate with a_b = Σ_B m·slope/n_B +
 * (m_B/n_B)·(slope_b - mean slope of the block's reference rows). The first part is the block's rate; the second would
 * be 0 were slopes equal within blocks. Pooled rates leave it out, and always to one side: a block is pooled because it
 * ran against the order. So the correction is Σ_B (m_B/n_B)·Σ_b (positives_b - n_b·c_B)·slope_b and the variance Σ
 * n_b·a_b²·c(1 - c), with half a row of either outcome added to c, or a block of one outcome would be thought exact.
 * Simulated with 2000 reference rows, the correction takes the bias of an AUC from 0.45 to 0.06 and of a log loss from
 * 0.57 to 0.06 standard errors.
 *
 * A bin without current rows takes the slope of the nearest below that has some, else of the first. Lists over the
 * calibration's bins; the caller checks them. Zeros without current rows. Cost: linear in bins.
 */
export function calibrationNoise(
  { reference, blocks }: Calibration,
  rows: ArrayLike<number>,
  slopes: ArrayLike<number>,
): { correction: number; variance: number } {
  const perRow = slopesPerRow(rows, slopes);
  let correction = 0;
  let variance = 0;
  for (const block of blocks) {
    let current = 0;
    let slope = 0;
    for (let bin = block.from; bin < block.to; bin += 1) {
      current += rows[bin]!;
      slope += slopes[bin]!;
    }
    const learned = withinBlock(reference, block, perRow);
    const ratio = current / learned.rows;
    const cautious = (block.rate * block.rows + 0.5) / (block.rows + 1);
    correction += ratio * learned.excess;
    variance += cautious * (1 - cautious) * (slope ** 2 / block.rows + ratio ** 2 * learned.squares);
  }
  return { correction, variance };
}

function slopesPerRow(rows: ArrayLike<number>, slopes: ArrayLike<number>): Float64Array {
  const found = new Float64Array(rows.length);
  let first = 0;
  while (first < rows.length && rows[first] === 0) first += 1;
  let latest = first === rows.length ? 0 : slopes[first]! / rows[first]!;
  for (let bin = 0; bin < found.length; bin += 1) {
    if (rows[bin]! > 0) latest = slopes[bin]! / rows[bin]!;
    found[bin] = latest;
  }
  return found;
}

/** Of a block's reference rows: Σw, Σ (positives - w·rate)·slope and Σ w²·(slope - its mean)². */
function withinBlock({ positives, negatives }: ScoredRows, { from, to, rate }: IsotonicBlock, slopes: ArrayLike<number>) {
  const rowsOf = (bin: number) => positives.sums[bin]! + negatives.sums[bin]!;
  let rows = 0;
  let total = 0;
  for (let bin = from; bin < to; bin += 1) {
    rows += rowsOf(bin);
    total += rowsOf(bin) * slopes[bin]!;
  }
  let excess = 0;
  let squares = 0;
  for (let bin = from; bin < to; bin += 1) {
    const apart = slopes[bin]! - total / rows;
    excess += (positives.sums[bin]! - rowsOf(bin) * rate) * apart;
    squares += (positives.squares[bin]! + negatives.squares[bin]!) * apart ** 2;
  }
  return { rows, excess, squares };
}
