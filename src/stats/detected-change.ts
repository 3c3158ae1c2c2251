/** What the detectors of this folder, which read a series bucket by bucket, say when they find a change. */

/** A change of level found in a series of buckets. */
export interface DetectedChange {
  /** The position (`at`) of the first bucket after the change, as estimated. */
  since: number;
  /** Whether the level went up or down. */
  direction: "up" | "down";
}

/**
 * Throws a RangeError unless `at` is finite and beyond the last position a detector has seen: a bucket read twice would
 * count twice. Cost: constant.
 */
export function requireLater(last: number | null, at: number): void {
  if (!Number.isFinite(at)) throw new RangeError(`the position of a bucket must be finite, got ${at}`);
  if (last !== null && at <= last) throw new RangeError(`buckets must come in order: ${at} follows ${last}`);
}
