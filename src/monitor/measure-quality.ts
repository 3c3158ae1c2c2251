import { binnedRows, type Counts } from "../model/counts.ts";
import type { Measurement, MeasurementDetail } from "../model/measurement.ts";
import { allAlikeChance } from "../stats/all-alike-chance.ts";
import { increasePValue } from "../stats/proportion.ts";
import { LEAST_WINDOWS, rateEvidence } from "../stats/window-evidence.ts";
import { statusOf } from "./enough-rows.ts";
import { isOfAllRows, rateOf, withoutValue, type RateMetric } from "./feature-rates.ts";
import { scaleDetail } from "./scale-detail.ts";
import { isInOneBin, onlyValue } from "./subject-bins.ts";
import { measurement, type SubjectWindow } from "./subject-window.ts";

/** What is wrong with the values of one feature: rates, as tests of proportions, and whether it is one value alone. */
export function measureQuality(subject: SubjectWindow): Measurement[] {
  const metrics: RateMetric[] =
    subject.grid.kind === "numeric"
      ? ["missing_rate", "type_mismatch_rate", "non_finite_rate", "out_of_range_rate"]
      : ["missing_rate", "type_mismatch_rate", "unseen_rate"];
  return [...metrics.map((metric) => measureRate(subject, metric)), measureConstant(subject)];
}

function measureRate(subject: SubjectWindow, metric: RateMetric): Measurement {
  const { grid, reference, current } = subject;
  const then = isOfAllRows(metric) ? withoutValue(metric, reference) : { successes: 0, rows: binnedRows(reference) };
  const rows = { reference: then.rows, current: isOfAllRows(metric) ? withoutValue(metric, current).rows : binnedRows(current) };
  const status = statusOf(rows, subject.complete);
  const counted = rateOf(metric, grid, reference, current);
  if (status !== "ok") return measurement(subject, metric, rows, status, {});
  if (counted === null) {
    return measurement(subject, metric, rows, "insufficient", {
      detail: { note: "The reference holds a single value or too few rows: it has no range." },
    });
  }
  const windows = subject.usual.rate(metric);
  // Types do not come and go with the days: where no window holds another one, how windows vary has nothing to say.
  const isNew = metric !== "missing_rate" && isOfAllRows(metric) && windows.every(({ successes }) => successes === 0);
  const usual = isNew ? [] : windows;
  const evidence = rateEvidence(counted.successes, counted.rows, usual);
  const pValue = evidence?.pValue ?? increasePValue(then.successes, rows.reference, counted.successes, counted.rows);
  return measurement(subject, metric, rows, "ok", {
    value: counted.successes / counted.rows,
    expected: evidence?.expected ?? then.successes / rows.reference,
    pValue,
    evidence: evidence ? "baseline_windows" : "independent_rows",
    detail: {
      hits: counted.successes,
      ...(evidence ? { nullWindows: evidence.windows } : {}),
      ...(metric === "missing_rate" && counted.successes > 0 ? { without: partsWithout(current) } : {}),
      ...(metric === "out_of_range_rate" ? rangeDetail(reference, current) : {}),
      ...(metric === "out_of_range_rate" ? scaleDetail(subject, pValue) : {}),
    },
  });
}

function partsWithout({ missing, unparsable, nonFinite }: Counts): NonNullable<MeasurementDetail["without"]> {
  const anotherType = unparsable - nonFinite;
  return {
    ...(missing > 0 ? { nothing: missing } : {}),
    ...(anotherType > 0 ? { anotherType } : {}),
    ...(nonFinite > 0 ? { notFinite: nonFinite } : {}),
  };
}

function rangeDetail(reference: Counts, current: Counts): Pick<MeasurementDetail, "range"> {
  if (reference.low === null || reference.high === null || current.low === null || current.high === null) return {};
  return { range: { low: reference.low, high: reference.high, currentLow: current.low, currentHigh: current.high } };
}

/**
 * Whether a feature that varied in the reference is one value alone: 1 or 0. `expected` is the share of the baseline's own
 * windows that are so. Where any is, the p-value is that share, this window counted with them ((c + 1)/(k + 1)); where none
 * is, or there are fewer than eight, the chance that independent rows of the reference are all alike.
 */
function measureConstant(subject: SubjectWindow): Measurement {
  const { grid, reference, current } = subject;
  const rows = { reference: binnedRows(reference), current: binnedRows(current) };
  const status = statusOf(rows, subject.complete);
  if (status !== "ok") return measurement(subject, "constant", rows, status, {});
  const varied = grid.kind === "numeric" ? reference.low !== reference.high : reference.bins.filter((count) => count > 0).length > 1;
  const only = onlyValue(grid, current);
  const isUntold = only === null && isInOneBin(grid, current);
  if (!varied || isUntold) {
    const note = varied
      ? "All values are new to the bins, which cannot tell whether they are one and the same."
      : "The reference holds a single value: it never varied.";
    return measurement(subject, "constant", rows, "insufficient", { detail: { note } });
  }
  const usual = subject.usual.constant();
  const byWindows = usual.windows >= LEAST_WINDOWS && usual.constant > 0;
  const chance = byWindows ? (usual.constant + 1) / (usual.windows + 1) : allAlikeChance(reference.bins, rows.current);
  return measurement(subject, "constant", rows, "ok", {
    value: only === null ? 0 : 1,
    expected: usual.windows >= LEAST_WINDOWS ? usual.constant / usual.windows : chance,
    pValue: only === null ? 1 : chance,
    evidence: byWindows ? "baseline_windows" : "independent_rows",
    detail: { ...(byWindows ? { nullWindows: usual.windows } : {}), ...(only === null ? {} : { only }) },
  });
}
