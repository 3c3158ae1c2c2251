/**
 * How far values may reach that a sample of `n` has not shown yet: as far beyond its extreme as that lies beyond its outermost decile,
 * 2·extreme - decile, for either end.
 *
 * If the tail falls off as an exponential's does, with the decile known, the next value lies beyond with probability 20/((n + 1)(n + 2)): of the
 * sample's own extreme it is 1/(n + 1). A tail that ends (a share, a rating) goes beyond less often, a heavier one (incomes) more often;
 * a value that is frequent at the end of its range (a visibility of 10 miles) is its own decile, and is let go no further.
 *
 * An extreme that is its decile stays. Cost: constant.
 */
export function rangeReach(extreme: number, decile: number): number {
  return extreme + (extreme - decile);
}
