import type { Millis } from "./time.ts";

/** What looks for changes in a model's errors. */
export const DETECTORS = ["adwin", "cusum", "ewma", "rate_change"] as const;
export type DetectorName = (typeof DETECTORS)[number];

/** One change that a detector found. */
export type FoundChange = {
  readonly detector: DetectorName;
  /** The step in which it is thought to have begun. */
  readonly since: Millis;
  /** The end of the step after which it was found. */
  readonly foundAt: Millis;
  /** The end of the last step after which the same was found again, without a return in between. */
  readonly heldUntil: Millis;
  readonly direction: "up" | "down";
  /** The mean error before it and since: shares of wrong predictions, or mean absolute errors. */
  readonly before: number | null;
  readonly after: number;
  readonly rows: number;
};

export type ChangesQuery = { readonly model: string; readonly version: string; readonly step: Millis };

/** What changed in the errors of one version, over all steps whose labels have had their time. */
export type Changes = ChangesQuery & {
  /** What is followed: shares of wrong predictions, or sizes of errors. */
  readonly quantity: "error_rate" | "absolute_error";
  readonly from: Millis | null;
  readonly to: Millis | null;
  readonly steps: number;
  readonly labelled: number;
  /** The baseline's own level; null without one, and then only ADWIN looks, which compares the series with itself. */
  readonly reference: { readonly baseline: string; readonly mean: number; readonly rows: number; readonly between: number } | null;
  readonly found: readonly FoundChange[];
};
