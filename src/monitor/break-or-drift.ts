import { binnedRows, type Counts } from "../model/counts.ts";
import type { CategoricalGrid, NumericGrid, SubjectGrid } from "../model/grid.ts";
import type { Measurement, Verdict } from "../model/measurement.ts";
import { JUDGED_DRIFT_METRICS, type Metric } from "../model/metric.ts";
import { twoProportionTest } from "../stats/proportion.ts";
import { binnedDeviation, binnedQuantile, singleValues } from "./subject-bins.ts";
import { unitChange } from "./unit-change.ts";

/** Up to this p-value a measurement counts for the verdict. */
export const SURE = 0.01;
/** Missing in so many rows, a feature is gone; missing in so many more than before, a part of its feed is. */
const GONE = 0.95;
const PARTLY_GONE = 0.2;
/** A value that hardly was, and that so many rows hold now, stands for something else. */
const HARDLY = 0.005;
const HEAVY = 0.05;
/** Rows in which a category was to be expected, so that its absence is telling. */
const EXPECTED_ROWS = 10;
/** Shares that differ by no more than this, or by three standard errors, are the same share. */
const SAME_SHARE = 0.02;
/** How far the categories that stayed may have moved (total variation) beside a renamed one. */
const REST_MOVED = 0.1;

/** One subject in one window, counted. */
type Compared = { readonly grid: SubjectGrid; readonly reference: Counts; readonly current: Counts };

/**
 * Whether the feed of a feature broke, or the world moved: from what was measured of it in one window, and its counts.
 *
 * Only what a metric is sure of (p at most 0.01) counts. What no change of the world does is a break: values that no longer
 * come, of another type or no finite numbers, one value where there were many, another unit, categories that are gone
 * while new ones hold their share, or one new heavy value where -999 or 0 stands for "none". What is left when
 * values moved is drift; new values, or a few more without one, are unclear. The first that holds is told: a
 * unit that changed on a day on which half of the values are missing shows as the missing half.
 */
export function breakOrDrift(compared: Compared, measurements: readonly Measurement[]): Verdict {
  const { grid, reference, current } = compared;
  const sureOf = (metric: Metric): Measurement | undefined =>
    measurements.find(
      (one) => one.metric === metric && one.status === "ok" && (one.pValue ?? 1) <= SURE && (one.value ?? 0) > (one.expected ?? 0),
    );
  const byMetric = (cause: Verdict["cause"], one: Measurement) =>
    told(cause, one.expected ?? 0, one.value ?? 0, one.detail.only === undefined ? [] : [one.detail.only]);

  const missing = sureOf("missing_rate");
  const [absentBefore, absentNow] = [shareOf(reference.missing, reference.rows), shareOf(current.missing, current.rows)];
  if (missing && absentNow >= GONE && absentBefore <= 1 - GONE / 2) return told("gone", absentBefore, absentNow);
  for (const [metric, cause] of [
    ["type_mismatch_rate", "type"],
    ["non_finite_rate", "not_finite"],
    ["constant", "constant"],
  ] as const) {
    const found = sureOf(metric);
    if (found) return byMetric(cause, found);
  }
  const moved = JUDGED_DRIFT_METRICS.map(sureOf).find((one) => one !== undefined);
  const unit = grid.kind === "numeric" ? unitOf(grid, compared, measurements, moved !== undefined) : null;
  if (unit) return told("unit", unit.before, unit.now, [unit.name]);
  const renamed = grid.kind === "categorical" && sureOf("unseen_rate") ? renamedCategories(grid, reference, current) : null;
  if (renamed) return told("renamed", renamed.lost, renamed.gained, renamed.names);
  const sentinel = sentinelValue(compared);
  if (sentinel) return told("sentinel", sentinel.before, sentinel.now, [sentinel.value]);
  if (missing && absentNow - absentBefore >= PARTLY_GONE) return told("partly_gone", absentBefore, absentNow);

  if (moved) return byMetric("moved", moved);
  const fresh = sureOf("unseen_rate") ?? sureOf("out_of_range_rate");
  if (fresh) return byMetric("new_values", fresh);
  return missing ? byMetric("more_missing", missing) : told("as_usual", 0, 0);
}

const VERDICTS: Readonly<Record<Verdict["cause"], readonly [Verdict["kind"], string]>> = {
  gone: ["break", "The field no longer arrives (it is null or absent)."],
  partly_gone: ["break", "A part of the rows no longer carries the field."],
  type: ["break", "Values are of another type than they were."],
  not_finite: ["break", "Values are numbers that are not finite."],
  constant: ["break", "The value is stuck: it is the same in all rows, and used to vary."],
  unit: ["break", "A known change of unit would explain the window."],
  renamed: ["break", "Categories are gone, and values never seen hold their share: they seem to be renamed."],
  sentinel: ["break", "A value that is often written for “none”, and hardly ever was, is frequent."],
  moved: ["drift", "The values moved in a way that no break explains."],
  new_values: ["unclear", "There are values that were not there before, and the others did not move."],
  more_missing: ["unclear", "A few more rows are without a value than usual."],
  as_usual: ["none", "Nothing of it is unusual."],
};

function told(cause: Verdict["cause"], before: number, now: number, values: readonly string[] = []): Verdict {
  const [kind, reason] = VERDICTS[cause];
  return { kind, cause, reason, before, now, ...(values.length > 0 ? { values } : {}) };
}

/** The change of unit that a measurement claims, or else would explain a window that moved; with the medians. */
function unitOf(
  grid: NumericGrid,
  { reference, current }: Compared,
  measurements: readonly Measurement[],
  hasMoved: boolean,
): { name: string; before: number; now: number } | null {
  const deviation = hasMoved ? binnedDeviation(grid, reference) : null;
  const claimed = measurements.find(({ detail }) => detail.scale?.unit)?.detail.scale?.unit;
  const name = claimed ?? (deviation === null ? null : unitChange(grid, reference, current, deviation)?.name);
  const median = (counts: Counts) => binnedQuantile(grid, counts, 0.5) ?? 0;
  return name ? { name, before: median(reference), now: median(current) } : null;
}

function shareOf(count: number, rows: number): number {
  return rows > 0 ? count / rows : 0;
}

/** Categories that are gone while ones never seen hold their share, and the others stayed as they were. */
function renamedCategories(
  grid: CategoricalGrid,
  reference: Counts,
  current: Counts,
): { lost: number; gained: number; names: string[] } | null {
  const [then, now] = [binnedRows(reference), binnedRows(current)];
  const share = (counts: Counts, bin: number, rows: number) => shareOf(counts.bins[bin] ?? 0, rows);
  const gone = grid.categories.flatMap((name, bin) =>
    (current.bins[bin] ?? 0) === 0 && share(reference, bin, then) * now >= EXPECTED_ROWS ? [{ name, bin }] : [],
  );
  const lost = gone.reduce((sum, { bin }) => sum + share(reference, bin, then), 0);
  const unseen = grid.categories.length + 1;
  const gained = share(current, unseen, now) - share(reference, unseen, then);
  const error = Math.sqrt(lost * (1 - lost) * (1 / then + 1 / now));
  if (gone.length === 0 || Math.abs(gained - lost) > Math.max(SAME_SHARE, 3 * error)) return null;
  const names = new Set(gone.map(({ bin }) => bin));
  const rest = current.bins.reduce(
    (sum, _count, bin) => (names.has(bin) || bin === unseen ? sum : sum + Math.abs(share(current, bin, now) - share(reference, bin, then))),
    0,
  );
  return rest / 2 > Math.max(REST_MOVED, 3 * error) ? null : { lost, gained, names: gone.slice(0, 5).map(({ name }) => name) };
}

/** Values that programs write where they have none; the last ones are the ends of their integers. */
const CONVENTIONAL = /^(?:0|-1|-9+(?:\.9+)?|99+(?:\.9+)?|-?32768|32767|65535|-?2147483648|2147483647|4294967295)$/;
/** How far beyond what was it must lie, in units of its range; a value just beyond may be one of its own. */
const BEYOND = 0.15;

/**
 * A value that is often written for "none", hardly ever was, and is frequent now: beyond what was, with a gap; or negative
 * where nothing was. Rows that share a cause (the weather of an hour) share values too, so being frequent is not enough.
 */
function sentinelValue({ grid, reference, current }: Compared): { value: string; before: number; now: number } | null {
  if (grid.kind !== "numeric") return null;
  const { low, high } = reference;
  const [total, rows] = [binnedRows(reference), binnedRows(current)];
  if (low === null || high === null || total === 0 || rows === 0) return null;
  const found = singleValues(grid, current).flatMap(({ value, bin }) => {
    const [hitsThen, hitsNow] = [reference.bins[bin] ?? 0, current.bins[bin] ?? 0];
    const gap = BEYOND * (high - low);
    const isApart = value < low - gap || value > high + gap || (value < 0 && low >= 0);
    if (hitsThen / total > HARDLY || hitsNow / rows < HEAVY || !isApart || !CONVENTIONAL.test(String(value))) return [];
    const test = twoProportionTest(hitsThen, total, hitsNow, rows);
    // Each bin could have been the one.
    return (test?.pValueIncrease ?? 1) * current.bins.length <= SURE
      ? [{ value: String(value), before: hitsThen / total, now: hitsNow / rows }]
      : [];
  });
  return found.sort((a, b) => b.now - a.now)[0] ?? null;
}
