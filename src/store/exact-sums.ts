/**
 * Sums that are exact in any order: every term is a whole number of units of 2^-40, kept in 128 bits.
 */

const UNIT_BITS = 40;
/** What one unit is worth. */
export const UNIT = 2 ** -UNIT_BITS;
/** Beyond this many units a row counts as this many, so that a billion of them still fit. */
const MOST_UNITS = 1e29;
/** Where no term is below 0, a sum that cut a row short is at least this. */
export const LARGEST_TERM = MOST_UNITS * UNIT;

/** A term in units, in SQL. */
export function unitsSql(sql: string): string {
  return `toInt128(round(greatest(least((${sql}) * pow(2, ${UNIT_BITS}), ${MOST_UNITS}), -${MOST_UNITS})))`;
}
