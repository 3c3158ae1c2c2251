import { gammaTail } from "./gamma-tail.ts";

/** Fewer simulated values than this at or above the observed one are too few to count. */
const FEWEST = 20;
/** Up to so many times the usual skewness, that of the draws is taken for chance; from the second number on at its word. */
const USUAL_UP_TO = 1.2;
const BELIEVED_FROM = 1.4;

function momentsOf(values: Float64Array): { mean: number; variance: number; skewness: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const third = values.reduce((sum, value) => sum + (value - mean) ** 3, 0) / values.length;
  return { mean, variance, skewness: variance > 0 ? third / variance ** 1.5 : 0 };
}

function firstNotBelow(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The usual skewness, that of the draws, or one in between. */
function believedSkewness(found: number, usual: number): number {
  const belief = (found / usual - USUAL_UP_TO) / (BELIEVED_FROM - USUAL_UP_TO);
  return usual + Math.min(1, Math.max(0, belief)) * (found - usual);
}

/**
 * P(X >= value), given `simulated` draws of X in ascending order: (1 + #{draws >= value})/(draws + 1) while 20 draws reach
 * the value, and beyond the 20th largest its share of draws times a gamma tail's further fall.
 *
 * The gamma variable has the draws' mean and variance, moved along the line as `gammaTail` says, so that a p-value far below
 * 1/draws still means something for a correction over many tests. Its skewness is `usual` times √variance/mean, what serves
 * the kind of X in general, unless the draws are clearly more skewed than that: theirs from 1.4 times as much on, a blend from
 * 1.2. Draws within a relative 1e-12 below the value count as equal to it.
 *
 * Misleads: beyond the draws it is an extrapolation, made for sums of many small parts. A null that jumps there, as one
 * far row makes it, needs a bound of its own. The standard error of what is counted is √(p·(1 - p)/draws).
 *
 * There are more than 20 draws, positive ones, and `usual` is positive, by promise of the caller. Draws that are all equal
 * give 1 up to their value and 21/(draws + 1) beyond it, for want of a tail. Cost: linear in the draws.
 */
export function simulatedTail(value: number, simulated: Float64Array, usual: number): number {
  const draws = simulated.length;
  const reached = draws - firstNotBelow(simulated, value - 1e-12 * Math.abs(value));
  if (reached >= FEWEST) return (1 + reached) / (draws + 1);
  const { mean, variance, skewness } = momentsOf(simulated);
  const believed = believedSkewness(skewness, (usual * Math.sqrt(variance)) / mean);
  const tail = (at: number): number => gammaTail(at, mean, variance, believed);
  return ((1 + FEWEST) / (draws + 1)) * (tail(value) / tail(simulated[draws - FEWEST]!));
}
