/** The largest whole number that divides both; the other where one is 0. Whole arguments of at least 0, by promise of the caller. Cost: logarithmic. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
