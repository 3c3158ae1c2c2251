import type { OutcomeCounts } from "../model/counts.ts";
import type { Measurement } from "../model/measurement.ts";

/** Drift of labels waits for them, as performance does. */
export function awaitingLabels(measured: Measurement, { predictions, labelled }: OutcomeCounts, pending: boolean): Measurement {
  return {
    ...measured,
    labelled,
    ...(pending && predictions > 0 ? { status: "labels_pending" as const } : {}),
    detail: { ...measured.detail, ...(predictions > 0 ? { labelCoverage: labelled / predictions } : {}) },
  };
}
