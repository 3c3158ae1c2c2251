import type { Measurement } from "./measurement.ts";
import { subjectName } from "./measurement.ts";

/** Rows of one side that are read again at most: a subject's values are held at once. */
export const MOST_EXACT_ROWS = 1_000_000;
/** Values that are read again at most, of all subjects and both sides together: what bounds the time. */
export const MOST_EXACT_VALUES = 20_000_000;

/** Why these measurements are not computed again from the rows themselves, and what to do; null when they can be. */
export function tooMuchToReadAgain(measurements: readonly Measurement[]): { message: string; hint: string } | null {
  const sides = new Map<string, { name: string; rows: number; most: number }>();
  for (const one of measurements) {
    const { reference, current } = one.rows;
    const key = JSON.stringify([one.version, one.segment, one.subject, one.feature, one.baseline]);
    sides.set(key, { name: subjectName(one), rows: reference + current, most: Math.max(reference, current) });
  }
  const text = (rows: number) => rows.toLocaleString("en-US");
  const tooLong = [...sides.values()].find(({ most }) => most > MOST_EXACT_ROWS);
  if (tooLong)
    return {
      message: `${tooLong.name} has ${text(tooLong.most)} rows on one side; exact values are computed of ${text(MOST_EXACT_ROWS)} at most.`,
      hint: "Choose a shorter window, or a baseline with fewer rows. The values from counts have no such limit.",
    };
  const all = [...sides.values()].reduce((sum, { rows }) => sum + rows, 0);
  if (all > MOST_EXACT_VALUES)
    return {
      message: `${text(all)} values would be read again; exact values are computed of ${text(MOST_EXACT_VALUES)} at most.`,
      hint: "Name one feature, or choose a shorter window.",
    };
  return null;
}
