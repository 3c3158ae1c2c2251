import { requireInteger } from "./argument-domain.ts";

/**
 * How many different values there are at least, of which a sample has shown some: Chao's (1984) estimate in its bias-corrected form,
 * S + f₁(f₁ - 1)/(2(f₂ + 1)), for S values that were seen, f₁ of them once and f₂ twice.
 *
 * A lower bound on average, close to the truth where rare values are about equally rare. Values of which each is another (identifiers) have no
 * number; the estimate then is of the order of n²/2, which says as much. Rows stored twice hide values that were seen once.
 *
 * No values: 0. Throws a RangeError unless all are whole and f₁ + f₂ <= S. Cost: constant. Example: chaoRichness(10, 4, 1) = 13.
 */
export function chaoRichness(seen: number, once: number, twice: number): number {
  requireInteger("the values", seen, 0);
  requireInteger("the values seen once", once, 0);
  requireInteger("the values seen twice", twice, 0);
  if (once + twice > seen) throw new RangeError(`of ${seen} values ${once} are seen once and ${twice} twice`);
  return seen + (once * (once - 1)) / (2 * (twice + 1));
}
