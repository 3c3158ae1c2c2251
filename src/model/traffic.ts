import type { Millis } from "./time.ts";

/** What the rows of a model say as a whole, whatever their features hold. Sums of these are of the same kind. */
export type Traffic = {
  /** Predictions that hold, failed requests included. */
  readonly rows: number;
  /** Rows that do not hold: another one claims their id. */
  readonly superseded: number;
  /** The event time of the last row; null without rows. */
  readonly last: Millis | null;
  /** Rows that carry a feature no reference knows. */
  readonly unknownRows: number;
  /** The features no reference knows, by the rows that carry them. Only the most frequent of each bucket. */
  readonly unknown: ReadonlyMap<string, number>;
};

/** The traffic of several disjoint sets of rows together. */
export function addTraffic(parts: readonly Traffic[]): Traffic {
  let [rows, superseded, unknownRows] = [0, 0, 0];
  let last: Millis | null = null;
  const unknown = new Map<string, number>();
  for (const part of parts) {
    rows += part.rows;
    superseded += part.superseded;
    unknownRows += part.unknownRows;
    if (part.last !== null) last = Math.max(last ?? part.last, part.last);
    for (const [name, count] of part.unknown) unknown.set(name, (unknown.get(name) ?? 0) + count);
  }
  return { rows, superseded, last, unknownRows, unknown };
}
