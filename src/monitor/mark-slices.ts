import type { TouchedBucket } from "../store/touched-buckets.ts";

/** Buckets looked at by one statement, so that neither side holds a year at once. */
const BUCKETS_AT_ONCE = 744;

/** The marks, in their order, as many at a time as one statement looks at. */
export function* markSlices(marks: readonly TouchedBucket[]): Iterable<readonly TouchedBucket[]> {
  for (let start = 0; start < marks.length; start += BUCKETS_AT_ONCE) yield marks.slice(start, start + BUCKETS_AT_ONCE);
}
