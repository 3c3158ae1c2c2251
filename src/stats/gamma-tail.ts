import { regularizedGammaUpper } from "./gamma.ts";

/**
 * P(X >= value) for a Pearson type III variable X, a gamma variable moved along the line, of this mean, variance and
 * skewness: Q(k, k + z·√k) with k = 4/skewness², z = (value - mean)/√variance.
 *
 * A skewness of twice √variance/mean, the default, makes it the plain gamma variable that starts at 0. It stands in
 * for null distributions known by their moments. Returns 1 where there is no variance to judge by. mean and
 * skewness are positive by promise of the caller. Cost: as `regularizedGammaUpper`.
 */
export function gammaTail(value: number, mean: number, variance: number, skewness = (2 * Math.sqrt(variance)) / mean): number {
  if (!(variance > 0 && mean > 0)) return 1;
  const shape = 4 / skewness ** 2;
  const place = shape + ((value - mean) / Math.sqrt(variance)) * Math.sqrt(shape);
  // As much as rounding leaves of a difference that is none.
  return place <= 4 * Number.EPSILON * shape ? 1 : regularizedGammaUpper(shape, place);
}
