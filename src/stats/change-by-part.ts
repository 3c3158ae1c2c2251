import { requireFinite, requireNonNegative } from "./argument-domain.ts";

/** One part of a whole on one side: how many rows, and the sums over them of each quantity. */
export interface PartSums {
  rows: number;
  sums: readonly number[];
}

/** What one part adds to a change. */
export interface PartOfChange {
  /** By being a larger or smaller share of the rows than it was. */
  mix: number;
  /** By having other means than it had. */
  within: number;
  /** Both together. */
  total: number;
}

/** A change of means, taken apart. */
export interface ChangeByPart {
  /** The means over all rows, current less reference, one for each quantity. */
  differences: number[];
  /** What is taken apart: Σ direction·difference. */
  change: number;
  /** In the order of the input; their totals sum to `change`. */
  parts: PartOfChange[];
}

/**
 * Takes the change of the means of a whole apart by its parts, which share out all rows of either side.
 *
 * With a part's share w of the rows and its mean r, the mean of the whole is Σ w·r, and its change between the sides
 * Σ [(w₁ - w₀)·((r₀ + r₁)/2 - m̄) + (w₀ + w₁)/2·(r₁ - r₀)], m̄ the mean of the two whole means: the symmetric
 * decomposition (Kitagawa 1955), its mix centred, so that a part counts by being better or worse than the whole and not
 * by growing alone. It is exact: nothing is left over. A part without rows on one side has no change within; its mean
 * there is taken to be that of the other side. Several quantities (the bins of a distribution: sums are then rows by
 * bin) are taken apart each by itself and added up along `directions`; without them along the sign of each difference,
 * times a half: `change` is then the total variation distance of the two distributions.
 *
 * Misleads: a part that adds much need not have changed more than the others, only be large; where all parts change
 * alike, each adds by its share. Parts that overlap cannot be taken apart together.
 *
 * Returns null when either side has no rows. Throws a RangeError for negative rows, sums that are not finite, and lists
 * of different lengths. Cost: parts times quantities. Example, one quantity: 100 rows with 90 right of A and 100 with 80 of B,
 * then 100 with 90 of A and 100 with 60 of B: change -0.1, within B -0.1, all else 0.
 */
export function changeByPart(
  reference: readonly PartSums[],
  current: readonly PartSums[],
  directions?: readonly number[],
): ChangeByPart | null {
  const quantities = reference[0]?.sums.length ?? 0;
  const [before, after] = [wholeOf(reference, quantities), wholeOf(current, quantities)];
  if (reference.length !== current.length)
    throw new RangeError(`there are ${reference.length} parts of the reference and ${current.length} now`);
  if (before.rows === 0 || after.rows === 0) return null;
  const differences = before.sums.map((sum, index) => after.sums[index]! / after.rows - sum / before.rows);
  const along = directions ?? differences.map((difference) => Math.sign(difference) / 2);
  if (along.length !== quantities) throw new RangeError(`there are ${along.length} directions for ${quantities} quantities`);
  const parts = reference.map((then, index) => {
    const now = current[index] ?? then;
    const [shareThen, shareNow] = [then.rows / before.rows, now.rows / after.rows];
    let mix = 0;
    let within = 0;
    for (const [quantity, direction] of along.entries()) {
      const middle = (before.sums[quantity]! / before.rows + after.sums[quantity]! / after.rows) / 2;
      const [meanThen, meanNow] = meansOf(then, now, quantity);
      mix += direction * (shareNow - shareThen) * ((meanThen + meanNow) / 2 - middle);
      within += direction * ((shareThen + shareNow) / 2) * (meanNow - meanThen);
    }
    return { mix, within, total: mix + within };
  });
  return { differences, change: differences.reduce((sum, difference, index) => sum + difference * along[index]!, 0), parts };
}

function wholeOf(parts: readonly PartSums[], quantities: number): { rows: number; sums: number[] } {
  const sums = new Array<number>(quantities).fill(0);
  let rows = 0;
  for (const part of parts) {
    requireNonNegative("the rows of a part", part.rows);
    if (part.sums.length !== quantities) throw new RangeError(`a part has ${part.sums.length} sums where others have ${quantities}`);
    rows += part.rows;
    for (const [index, sum] of part.sums.entries()) {
      requireFinite("a sum", sum);
      sums[index] = sums[index]! + sum;
    }
  }
  return { rows, sums };
}

/** A part's mean on both sides; where it has no rows, that of the other side. */
function meansOf(then: PartSums, now: PartSums, quantity: number): [number, number] {
  const before = then.rows > 0 ? then.sums[quantity]! / then.rows : null;
  const after = now.rows > 0 ? now.sums[quantity]! / now.rows : null;
  return [before ?? after ?? 0, after ?? before ?? 0];
}
