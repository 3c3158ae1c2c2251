import { binnedRows, type Counts } from "../model/counts.ts";
import type { SubjectGrid } from "../model/grid.ts";
import type { QualityMetric } from "../model/metric.ts";
import type { CountedWindow } from "../stats/window-evidence.ts";
import { rowsOutOfRange } from "./subject-bins.ts";

/** A trailing reference with fewer rows than this has no range to speak of. */
const LEAST_TRAILING_ROWS = 200;

/** Quality metrics of a feature that are shares of rows. */
export type RateMetric = Extract<
  QualityMetric,
  "missing_rate" | "type_mismatch_rate" | "non_finite_rate" | "unseen_rate" | "out_of_range_rate"
>;

type RateOfAllRows = Extract<RateMetric, "missing_rate" | "type_mismatch_rate" | "non_finite_rate">;

export function isOfAllRows(metric: RateMetric): metric is RateOfAllRows {
  return metric === "missing_rate" || metric === "type_mismatch_rate" || metric === "non_finite_rate";
}

/** Rows without a usable value, among all; or among those that hold anything, the ones of another type, or not finite. */
export function withoutValue(metric: RateOfAllRows, { rows, missing, unparsable, nonFinite }: Counts): CountedWindow {
  // A value of another type, or one that is no number, is of no more use than none.
  if (metric === "missing_rate") return { successes: missing + unparsable, rows };
  return { successes: metric === "non_finite_rate" ? nonFinite : unparsable - nonFinite, rows: rows - missing };
}

/** Rows of `current` that count for the rate; null where the reference cannot tell. */
export function rateOf(metric: RateMetric, grid: SubjectGrid, reference: Counts, current: Counts): CountedWindow | null {
  switch (metric) {
    case "missing_rate":
    case "type_mismatch_rate":
    case "non_finite_rate":
      return withoutValue(metric, current);
    case "unseen_rate":
      return {
        successes: current.bins.reduce((sum, rows, bin) => ((reference.bins[bin] ?? 0) === 0 ? sum + rows : sum), 0),
        rows: binnedRows(current),
      };
    case "out_of_range_rate": {
      const { low, high } = reference;
      if (grid.kind !== "numeric" || low === null || high === null || low === high || binnedRows(reference) < LEAST_TRAILING_ROWS)
        return null;
      return { successes: rowsOutOfRange(grid, current, low, high), rows: binnedRows(current) };
    }
  }
}
