import { requireProbability } from "./argument-domain.ts";

/**
 * Benjamini and Hochberg's (1995) adjusted p-values, in the order of the input.
 *
 * With p-values sorted upwards, p₍ᵢ₎ becomes min over j >= i of p₍ⱼ₎·k/j, at most 1. Rejecting where the adjusted value is
 * at most α keeps the expected share of false rejections among all rejections at or below α, for independent or
 * positively dependent tests. Equal p-values get equal adjusted values; the order of p-values is kept.
 *
 * Misleads: it controls the share of false alarms within one family (one run), not their number over many runs. A
 * p-value that could not be computed must be left out by the caller, not passed as 1: that would make k too large.
 *
 * An empty list gives an empty list; a single p-value is returned as it is. Throws a RangeError for anything outside
 * [0, 1]. Cost: one sort. Example: benjaminiHochberg([0.01, 0.04, 0.03]) = [0.03, 0.04, 0.04].
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  for (const pValue of pValues) requireProbability("a p-value", pValue);
  const descending = pValues.map((_, index) => index).sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Array<number>(pValues.length);
  let smallest = 1;
  for (const [position, index] of descending.entries()) {
    const rank = pValues.length - position;
    // The factor is at least 1 after rounding too, so no adjusted value falls below its p-value.
    smallest = Math.min(smallest, pValues[index]! * (pValues.length / rank));
    adjusted[index] = smallest;
  }
  return adjusted;
}
