/** Wasserstein distances of rows that chance alone has dealt to two sides. */
import { rowsOf } from "./shares.ts";

/** A stretch of the line between two neighbouring places of mass. */
export interface Gap {
  width: number;
  /** Rows of both sides to the left of it. */
  below: number;
}

/** Stretches that matter less than this share of all are taken together. */
const SMALLEST_SHARE = 1 / 128;

/** How far chance moves the part of the distance that lies in a gap, up to a factor common to all gaps. */
export function gapReach(gap: Gap, rows: number): number {
  return gap.width * Math.sqrt((gap.below / rows) * (1 - gap.below / rows));
}

/** So many gaps stay as they are, so that distances of few places keep their ties. */
const MANY_GAPS = 256;

/**
 * At most some 256 gaps in place of more: runs of those that matter least become one, as wide as they are together, with
 * the rows below their middle. A far row keeps its own gap. It changes a distance between dealt rows by about 1%, its
 * moments by less. The caller promises what `dealtDistances` asks. Cost: linear.
 */
export function gatheredGaps(gaps: readonly Gap[], rows: number): readonly Gap[] {
  if (gaps.length <= MANY_GAPS) return gaps;
  const reaches = gaps.map((gap) => gapReach(gap, rows));
  const limit = rowsOf(reaches) * SMALLEST_SHARE;
  const kept: Gap[] = [];
  for (let first = 0; first < gaps.length;) {
    let [width, reach, end] = [0, 0, first];
    do {
      width += gaps[end]!.width;
      reach += reaches[end]!;
      end++;
    } while (end < gaps.length && reach + reaches[end]! <= limit);
    kept.push({ width, below: gaps[first + Math.floor((end - first) / 2)]!.below });
    first = end;
  }
  return kept;
}

/**
 * Σ width·|F - G| over the gaps for `draws` random deals of all rows to two sides of n and m rows, ascending.
 *
 * F and G are the shares of each side's rows to the left of a gap. Deals are without replacement, as those of
 * `permutationPValue`.
 *
 * Shapes: gaps in ascending order, their `below` from 1 to n + m - 1 and strictly ascending; n and m at least 1; `random`
 * returns numbers in [0, 1). All by promise of the caller. No gap: zeros. Cost: memory for n + m rows; each draw takes
 * min(n, m) steps and one for each gap.
 */
export function dealtDistances(gaps: readonly Gap[], n: number, m: number, draws: number, random: () => number): Float64Array {
  const rows = n + m;
  const dealtRows = Math.min(n, m);
  const stretchOf = new Uint16Array(rows);
  for (const [place, { below }] of gaps.entries()) stretchOf.fill(place + 1, below, gaps[place + 1]?.below);
  const widths = Float64Array.from(gaps, ({ width }) => width * (1 / n + 1 / m));
  const expected = Float64Array.from(gaps, ({ below }) => (below * dealtRows) / rows);
  const dealt = new Int32Array(gaps.length + 1);
  return Float64Array.from({ length: draws }, () => {
    dealCounts(stretchOf, dealtRows, dealt, random);
    let left = 0;
    let distance = 0;
    for (let place = 0; place < widths.length; place++) {
      left += dealt[place]!;
      distance += widths[place]! * Math.abs(left - expected[place]!);
    }
    return distance;
  }).sort();
}

/** Shuffles `count` rows to the front and counts them by stretch. The order left behind is as good a start as any. */
function dealCounts(stretchOf: Uint16Array, count: number, dealt: Int32Array, random: () => number): void {
  dealt.fill(0);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (stretchOf.length - i));
    const stretch = stretchOf[j]!;
    stretchOf[j] = stretchOf[i]!;
    stretchOf[i] = stretch;
    dealt[stretch] = dealt[stretch]! + 1;
  }
}
