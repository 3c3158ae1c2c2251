import type { Metric } from "./metric.ts";
import type { Window } from "./time.ts";

/** Asks which segments carry a change: of a mean-like metric of performance, or of what is in a feature, the prediction or the score. */
export type SegmentQuestion = {
  readonly model: string;
  readonly version: string;
  readonly window: Window;
  readonly baseline: string;
  readonly of: { readonly metric: Metric } | { readonly subject: "feature" | "prediction" | "score"; readonly feature: string };
};

/** What one segment adds to a change. */
export type SegmentShare = {
  readonly segment: string;
  readonly rows: { readonly reference: number; readonly current: number };
  /** The metric's value on either side; null without rows, and for a distribution, which has none. */
  readonly value: { readonly reference: number | null; readonly current: number | null };
  /** By being a larger or smaller part of the rows, by having changed itself, and both together. */
  readonly mix: number;
  readonly within: number;
  readonly contribution: number;
  /** That it has not changed itself, as if rows were independent; null where that cannot be said. */
  readonly pValue: number | null;
  /** After Benjamini and Hochberg, over all segments that were looked at. */
  readonly adjustedPValue: number | null;
};

/** The segments of one entry of the configuration, that which adds most in the direction of the change first. Their contributions sum to the change. */
export type SegmentPartition = { readonly group: string; readonly change: number; readonly segments: readonly SegmentShare[] };

export type SegmentAnswer = {
  /** `total_variation` for a distribution. */
  readonly metric: Metric;
  /** Of all rows: current less reference. */
  readonly change: number;
  readonly partitions: readonly SegmentPartition[];
};

/** The name of the rows that a segment by predicate leaves over. */
export const notIn = (segment: string): string => `not ${segment}`;
