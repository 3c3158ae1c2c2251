import type { Window } from "../model/time.ts";
import { noCounts, type OutcomeCounts } from "../model/counts.ts";
import { binCount, subjectId } from "../model/grid.ts";
import type { MeasurementDetail } from "../model/measurement.ts";
import { isCutoffMetric, type CutoffMetric, type Metric, type RealisedMetric } from "../model/metric.ts";
import { notIn, type SegmentAnswer, type SegmentPartition, type SegmentQuestion, type SegmentShare } from "../model/segment-search.ts";
import type { SegmentGroup } from "../model/segment.ts";
import { benjaminiHochberg } from "../stats/benjamini-hochberg.ts";
import { changeByPart, type PartSums } from "../stats/change-by-part.ts";
import { chiSquareContingency } from "../stats/chi-square-test.ts";
import { normalSf } from "../stats/normal.ts";
import { twoProportionTest } from "../stats/proportion.ts";
import { readBinsBySegment, readOutcomesBySegment, type CountedStretch } from "../store/segment-counts.ts";
import type { Store } from "../store/store.ts";
import { fileBaselineFor, type ModelState } from "./model-state.ts";
import { trailingSpans } from "./trailing.ts";
import { rankedWeight, valueOf, type Evaluation } from "./performance-values.ts";
import { joinBins, psiBins } from "./subject-bins.ts";

/** Metrics that are means over rows: only these are the sum of what segments add to them. */
export const MEAN_METRICS = [
  "accuracy",
  "precision",
  "recall",
  "mean_value",
  "log_loss",
  "brier",
  "mae",
  "bias",
] as const satisfies readonly RealisedMetric[];
type MeanMetric = (typeof MEAN_METRICS)[number] | CutoffMetric;

export function isMeanMetric(metric: Metric): metric is MeanMetric {
  return (MEAN_METRICS as readonly Metric[]).includes(metric) || isCutoffMetric(metric);
}

/** One segment's side of a change: its rows and sums, its value where it has one, and what a test of it needs. */
type Side = PartSums & { readonly value: number | null; readonly variance: number | null };
type Both = { readonly reference: Side; readonly current: Side };

/**
 * Which segments carry a change between a baseline and a window. Every entry of the configuration shares out all rows (a
 * predicate, with what it leaves over), so each is taken apart by itself and sums to the change of the whole. Null where
 * either side holds nothing, or the model has no segments.
 */
export async function explainSegments(store: Store, state: ModelState, question: SegmentQuestion): Promise<SegmentAnswer | null> {
  const stretches = stretchesOf(state, question);
  const groups = (state.grid.segments ?? []).filter(({ segments }) => segments.length > 0);
  if (stretches === null || groups.length === 0) return null;
  if ("metric" in question.of) {
    const { metric } = question.of;
    if (state.outcomeGrid === null || !isMeanMetric(metric)) return null;
    const evaluation = { grid: state.outcomeGrid, value: state.settings.value ?? null };
    const [then, now] = [await readOutcomesBySegment(store, stretches.reference), await readOutcomesBySegment(store, stretches.current)];
    const side = (counts: OutcomeCounts | undefined) => meanSide(metric, counts, evaluation);
    return answer(metric, groups, (name) => ({ reference: side(then.get(name)), current: side(now.get(name)) }), [1], meanPValue);
  }
  const { subject, feature } = question.of;
  const known = state.grids.get(subjectId({ subject, feature }));
  if (!known) return null;
  const bins = binCount(known.grid);
  const read = (stretch: CountedStretch) => readBinsBySegment(store, stretch, state.grid.version, known.key, bins);
  const [then, now] = [await read(stretches.reference), await read(stretches.current)];
  const empty = noCounts(bins);
  const whole = then.get("") ?? empty.bins;
  const joined = psiBins(known.grid, { ...empty, bins: whole, rows: whole.reduce((sum, rows) => sum + rows, 0) });
  const side = (counts: readonly number[] = empty.bins): Side => {
    const sums = joinBins(counts, joined);
    return { rows: sums.reduce((sum, rows) => sum + rows, 0), sums, value: null, variance: null };
  };
  const sidesOf = (name: string) => ({ reference: side(then.get(name)), current: side(now.get(name)) });
  return answer("total_variation", groups, sidesOf, undefined, ({ reference, current }) =>
    reference.rows === 0 || current.rows === 0 ? null : (chiSquareContingency(reference.sums, current.sums)?.pValue ?? null),
  );
}

/** The rows that are compared; null where the baseline holds none for this version. */
function stretchesOf(
  state: ModelState,
  { model, version, window, baseline }: SegmentQuestion,
): { reference: CountedStretch; current: CountedStretch } | null {
  const current = { model, baseline: "", version, window };
  const settings = state.settings.baselines.find(({ name }) => name === baseline);
  if (!settings) return null;
  if (settings.kind === "file") {
    const stored = fileBaselineFor(state, baseline, version);
    return stored && { current, reference: { model, baseline: stored.key, version: null, window: null } };
  }
  const live = (of: string, stretch: Window) => ({ current, reference: { model, baseline: "", version: of, window: stretch } });
  if (settings.kind === "version") return live(settings.version, window);
  if (settings.kind === "period") return live(settings.version ?? version, { from: settings.from, to: settings.to });
  // The counts of several stretches are not taken apart together.
  const [span, ...more] = trailingSpans(settings, window);
  return span && more.length === 0 ? live(version, span) : null;
}

function meanSide(metric: MeanMetric, counts: OutcomeCounts | undefined, evaluation: Evaluation): Side {
  // Parts are of rows, which add up, whatever they weigh.
  const found = counts === undefined ? null : valueOf(metric, { ...counts, weights: null }, evaluation);
  if (counts === undefined || found === null) return { rows: 0, sums: [0], value: null, variance: null };
  if (found.share) return { rows: found.share.trials, sums: [found.share.successes], value: found.value, variance: null };
  const isOfScores = metric === "log_loss" || metric === "brier";
  const rows = isOfScores
    ? rowsWithScores(counts)
    : isCutoffMetric(metric)
      ? rankedWeight({ ...counts, weights: null }).sum
      : counts.labelled;
  return { rows, sums: [found.value * rows], value: found.value, variance: found.variance };
}

function rowsWithScores(counts: OutcomeCounts): number {
  let sum = 0;
  for (const name of ["positives", "negatives", "right", "wrong"] as const)
    for (const rows of counts.histograms.get(name)?.values() ?? []) sum += rows;
  return sum;
}

/** Two-sided: that a segment's own mean has not changed. Shares as shares, other means by their variances. */
function meanPValue({ reference, current }: Both): number | null {
  if (reference.value === null || current.value === null) return null;
  if (reference.variance === null || current.variance === null) {
    const [before = 0, after = 0] = [reference.sums[0], current.sums[0]];
    return Number.isInteger(before) && Number.isInteger(after)
      ? (twoProportionTest(before, reference.rows, after, current.rows)?.pValue ?? null)
      : null;
  }
  const variance = reference.variance + current.variance;
  return variance === 0 ? null : Math.min(1, 2 * normalSf(Math.abs(current.value - reference.value) / Math.sqrt(variance)));
}

function answer(
  metric: Metric,
  groups: readonly SegmentGroup[],
  sidesOf: (segment: string) => Both,
  directions: readonly number[] | undefined,
  test: (both: Both) => number | null,
): SegmentAnswer | null {
  const whole = sidesOf("");
  const total = changeByPart([whole.reference], [whole.current], directions);
  if (total === null) return null;
  // The direction of every bin is that of the whole, also where an entry does not share out quite all of the rows.
  const along = directions ?? total.differences.map((difference) => Math.sign(difference) / 2);
  const partitions = groups.flatMap((group) => {
    const parts = partsOf(group, whole, sidesOf);
    const found = changeByPart(
      parts.map(({ both }) => both.reference),
      parts.map(({ both }) => both.current),
      along,
    );
    return found === null
      ? []
      : [
          {
            group: group.name,
            change: found.change,
            parts: parts.map((part, index) => ({ ...part, share: found.parts[index], pValue: test(part.both) })),
          },
        ];
  });
  const tested = partitions.flatMap(({ parts }) => parts.filter(({ pValue }) => pValue !== null));
  const adjusted = benjaminiHochberg(tested.map(({ pValue }) => pValue ?? 1));
  const adjustedOf = new Map(tested.map((part, index) => [part, adjusted[index] ?? null]));
  const sign = Math.sign(total.change) || 1;
  return {
    metric,
    change: total.change,
    partitions: partitions.map(({ group, change, parts }): SegmentPartition => ({
      group,
      change,
      segments: parts
        .map((part): SegmentShare => ({
          segment: part.name,
          rows: { reference: part.both.reference.rows, current: part.both.current.rows },
          value: { reference: part.both.reference.value, current: part.both.current.value },
          mix: part.share?.mix ?? 0,
          within: part.share?.within ?? 0,
          contribution: part.share?.total ?? 0,
          pValue: part.pValue,
          adjustedPValue: adjustedOf.get(part) ?? null,
        }))
        .filter(({ rows }) => rows.reference + rows.current > 0)
        .sort((a, b) => sign * (b.contribution - a.contribution)),
    })),
  };
}

/** The segments of one entry; beside a predicate stands what it leaves over. */
function partsOf(group: SegmentGroup, whole: Both, sidesOf: (segment: string) => Both): { name: string; both: Both }[] {
  const parts = group.segments.map(({ name }) => ({ name, both: sidesOf(name) }));
  const [only] = parts;
  if (group.settings.kind === "by" || !only) return parts;
  const rest = { reference: without(whole.reference, only.both.reference), current: without(whole.current, only.both.current) };
  return [...parts, { name: notIn(group.name), both: rest }];
}

/** The rows of the whole that are not in a part. The variance of the rest follows from the two: rows add their squared errors. */
function without(whole: Side, part: Side): Side {
  const rows = whole.rows - part.rows;
  const sums = whole.sums.map((sum, index) => sum - (part.sums[index] ?? 0));
  const isMean = whole.value !== null && rows > 0;
  const value = isMean ? (sums[0] ?? 0) / rows : null;
  return { rows, sums, value, variance: value === null ? null : restVariance(whole, part, rows, value) };
}

function restVariance(whole: Side, part: Side, rows: number, value: number): number | null {
  if (whole.variance === null || whole.value === null) return null;
  const squares = (side: Side) =>
    side.variance === null || side.value === null ? 0 : side.rows * (side.variance * side.rows + side.value ** 2);
  return Math.max(0, (squares(whole) - squares(part)) / rows - value ** 2) / rows;
}

/** Beyond this p-value (corrected) a segment's own change may be chance. */
const SURE = 0.01;
const MOST_NAMED = 5;

/**
 * The segments of all entries together that add more to a change than they are of the rows, by how much more, as far as they
 * have changed themselves beyond chance. Where everything changed alike, each adds by its part of the rows, and tells nothing.
 */
export function largestShares({ change, partitions }: SegmentAnswer): NonNullable<MeasurementDetail["segments"]> {
  if (change === 0) return [];
  return partitions
    .flatMap(({ segments }) => {
      const rows = segments.reduce((sum, one) => sum + one.rows.current, 0);
      return segments.map((one) => ({ ...one, share: one.contribution / change, rowShare: rows === 0 ? 0 : one.rows.current / rows }));
    })
    .filter(({ share, rowShare, adjustedPValue }) => share > rowShare && (adjustedPValue ?? 1) <= SURE)
    .sort((a, b) => b.share - b.rowShare - (a.share - a.rowShare) || (a.segment < b.segment ? -1 : 1))
    .slice(0, MOST_NAMED)
    .map(({ segment, contribution, share, rowShare, value, adjustedPValue }) => ({
      segment,
      contribution,
      share,
      rowShare,
      ...value,
      pValue: adjustedPValue,
    }));
}
