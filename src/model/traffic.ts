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
  /** Of the rows, those of failed requests. */
  readonly errors: number;
  /** Rows by the bin of their latency, where they say it. */
  readonly latencies: ReadonlyMap<number, number>;
};

/** The latency in the middle of a bin, in milliseconds. Bin b holds those in (1.02^(b-1), 1.02^b] microseconds. */
export function latencyOfBin(bin: number): number {
  return bin === 0 ? 0.001 : (2 * 1.02 ** bin) / (1 + 1.02) / 1_000;
}

/** The traffic of several disjoint sets of rows together. */
export function addTraffic(parts: readonly Traffic[]): Traffic {
  let [rows, superseded, unknownRows, errors] = [0, 0, 0, 0];
  const latencies = new Map<number, number>();
  let last: Millis | null = null;
  const unknown = new Map<string, number>();
  for (const part of parts) {
    rows += part.rows;
    superseded += part.superseded;
    unknownRows += part.unknownRows;
    errors += part.errors;
    for (const [bin, count] of part.latencies) latencies.set(bin, (latencies.get(bin) ?? 0) + count);
    if (part.last !== null) last = Math.max(last ?? part.last, part.last);
    for (const [name, count] of part.unknown) unknown.set(name, (unknown.get(name) ?? 0) + count);
  }
  return { rows, superseded, last, unknownRows, unknown, errors, latencies };
}
