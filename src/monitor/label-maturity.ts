import { confusionOf } from "../model/counts.ts";
import { delayBin, delayOfBin } from "../model/label-delays.ts";
import { isOfOutcomes, type LabelMaturity, type Measurement } from "../model/measurement.ts";
import { isEstimated, type Metric } from "../model/metric.ts";
import type { ModelSettings, Task } from "../model/settings.ts";
import { formatDuration, type Millis, type Window } from "../model/time.ts";
import { maturedShare, type AgedClass } from "../stats/label-bias.ts";
import { expectedCoverage, labelCoverage, type AgedRows } from "../stats/label-delay.ts";
import type { Estimate } from "../stats/weighted-rows.ts";
import type { LabelledBucket } from "../store/label-delays.ts";
import { LEAST_LABELLED } from "./measure-performance.ts";
import { ACTIVE_FOR } from "./history.ts";
import { CONFIDENCE } from "./performance-values.ts";

type Settings = Pick<ModelSettings, "task" | "bucket" | "labelsExpectedWithin">;

/** With less than this share of the labels that will come, what they say of a window is not what it will be. */
const LEAST_RIPE = 0.5;

/**
 * The predictions whose labels say how long labels take: those of the window and before it, as far back as a label may
 * change what is said of a window. So what is said is a function of the stored events, whenever it was measured.
 */
export function maturityStretch({ from, to }: Window, { labelsExpectedWithin }: Pick<Settings, "labelsExpectedWithin">): Window {
  return { from: Math.max(0, from - maturityReach(labelsExpectedWithin)), to };
}

/** How long after its bucket a label matters to windows. */
function maturityReach(labelsExpectedWithin: Millis): Millis {
  return Math.max(ACTIVE_FOR, labelsExpectedWithin);
}

/** What the labels of a window look like by now, by version; those of segments go by that of all rows. */
export type Maturity = {
  readonly byVersion: ReadonlyMap<string, LabelMaturity>;
  /** What a metric would be if labels of one kind did not come sooner than those of the other. */
  corrected(version: string, metric: Metric): Estimate | null;
};

type Aged = LabelledBucket & {
  /** The last age, as a bin of delays, that is over. */
  readonly age: number;
};

/**
 * How ripe the labels of a window are: by how long labels took in its stretch. Null where no prediction is as old yet
 * as labels are expected to take, or too few labels said when they came.
 */
export function labelMaturity(buckets: readonly LabelledBucket[], window: Window, settings: Settings): Maturity | null {
  const stretch = maturityStretch(window, settings);
  const within = buckets.filter(({ from }) => from >= stretch.from && from < stretch.to);
  const asOf = knownUpTo(within, window, settings);
  const rows = within.map((one): Aged => ({ ...one, age: delayBin((asOf - one.from) / settings.bucket) - 1 }));
  const curve = delayCurve(rows);
  const expected = delayBin(Math.max(1, Math.ceil(settings.labelsExpectedWithin / settings.bucket))) - 1;
  const final = curve.findLastIndex((one) => one !== null);
  if (final < expected || rows.reduce((sum, one) => sum + timed(one), 0) < LEAST_LABELLED) return null;
  const ofWindow = new Map<string, Aged[]>();
  for (const one of rows) if (one.from >= window.from) ofWindow.set(one.version, [...(ofWindow.get(one.version) ?? []), one]);
  const times = delayWords(curve, final, settings.bucket);
  const byVersion = new Map(
    [...ofWindow].flatMap(([version, list]) => {
      const aged = list.map(({ age, predictions, labelled }): AgedRows => ({ age, labelled, waiting: predictions - labelled }));
      const found = expectedCoverage(curve, final, aged, CONFIDENCE);
      if (found === null || found.value === 0) return [];
      const all = aged.reduce((sum, { labelled, waiting }) => sum + labelled + waiting, 0);
      const have = aged.reduce((sum, { labelled }) => sum + labelled, 0) / all;
      const due = aged.reduce((sum, { age, labelled, waiting }) => sum + (labelled + waiting) * (curve[age]?.value ?? 0), 0) / all;
      const interval = found.ci === null ? {} : { low: found.ci[0], high: found.ci[1] };
      return [[version, { asOf, due, final: found.value, ...interval, ripe: have / found.value, ...times }] as const];
    }),
  );
  return {
    byVersion,
    corrected: (version, metric) => correctedShare(metric, settings.task, rows, ofWindow.get(version) ?? [], expected),
  };
}

/** Up to when labels have come, as far as they say so themselves: the start of the newest one's bucket, or when they were due. */
function knownUpTo(buckets: readonly LabelledBucket[], { to }: Window, { bucket, labelsExpectedWithin }: Settings): Millis {
  const newest = buckets.reduce(
    (latest, { from, delays, otherDelays }) =>
      Math.max(latest, from + delayOfBin(Math.max(0, ...delays.keys(), ...otherDelays.keys())) * bucket),
    to,
  );
  return Math.min(newest, to + labelsExpectedWithin);
}

/** The share labelled by each bin of delays. What came after an age that is over is as if it were still to come. */
function delayCurve(rows: readonly Aged[]): (Estimate | null)[] {
  const bins = Math.max(0, ...rows.map(({ age }) => age + 1));
  const arrived = new Array<number>(bins).fill(0);
  const waiting = new Array<number>(bins).fill(0);
  for (const { age, predictions, labelled, delays, otherDelays } of rows) {
    let late = 0;
    for (const list of [delays, otherDelays])
      for (const [bin, count] of list)
        if (bin <= age) (arrived[bin] as number) += count;
        else late += count;
    (waiting[age] as number) += predictions - labelled + late;
  }
  return labelCoverage(arrived, waiting, CONFIDENCE);
}

function timed({ delays, otherDelays }: LabelledBucket): number {
  return [...delays.values(), ...otherDelays.values()].reduce((sum, count) => sum + count, 0);
}

/** Within what time half, and nine tenths, of the labels come that come at all. */
function delayWords(curve: readonly (Estimate | null)[], final: number, bucket: Millis): { half: string; most: string } {
  const within = (share: number) => {
    const bin = curve.findIndex((one) => one !== null && one.value >= share * (curve[final]?.value ?? 1));
    return formatDuration(delayOfBin(bin + 1) * bucket);
  };
  return { half: within(0.5), most: within(0.9) };
}

/**
 * A share of the window's rows as it would be if labels of both kinds came alike: of a binary model positives and
 * negatives, of several classes right ones and wrong ones.
 */
function correctedShare(metric: Metric, task: Task, rows: readonly Aged[], ofWindow: readonly Aged[], expected: number): Estimate | null {
  const counted = countedBy(metric, task);
  const ages = expected + 1;
  const sumBy = (list: readonly Aged[], of: (one: Aged) => number) => {
    const sums = new Array<number>(ages).fill(0);
    for (const one of list) (sums[Math.min(one.age, expected)] as number) += of(one);
    return sums;
  };
  if (counted === null) return null;
  // Delays of predictions so old that their labels have had their time.
  const old = rows.filter(({ age }) => age >= expected);
  const delaysOf = (of: (one: Aged) => ReadonlyMap<number, number>) =>
    Array.from({ length: ages }, (_, bin) => old.reduce((sum, one) => sum + (of(one).get(bin) ?? 0), 0));
  const classes: AgedClass[] = [
    { successes: sumBy(ofWindow, counted.first[0]), failures: sumBy(ofWindow, counted.first[1]), delays: delaysOf((one) => one.delays) },
    {
      successes: sumBy(ofWindow, counted.others[0]),
      failures: sumBy(ofWindow, counted.others[1]),
      delays: delaysOf((one) => one.otherDelays),
    },
  ];
  if (classes.some(({ delays }) => delays.reduce((sum, count) => sum + count, 0) < LEAST_LABELLED)) return null;
  const found = maturedShare(classes, CONFIDENCE);
  if (found === null || found.used < LEAST_LABELLED) return null;
  return metric === "f1" ? carried(found) : found;
}

/** F1 is 2j/(1 + j) of the share j of hits among hits, misses and false claims. */
function carried({ value, standardError, ci }: Estimate): Estimate {
  const f1 = (share: number) => (2 * share) / (1 + share);
  return {
    value: f1(value),
    standardError: standardError === null ? null : (2 * standardError) / (1 + value) ** 2,
    ci: ci && [f1(ci[0]), f1(ci[1])],
  };
}

type Of = (one: LabelledBucket) => number;
type Counted = { readonly first: readonly [successes: Of, failures: Of]; readonly others: readonly [successes: Of, failures: Of] };

const none: Of = () => 0;
const cell =
  (name: "tp" | "fp" | "fn" | "tn"): Of =>
  (one) =>
    confusionOf(one)[name];

const right: Of = ({ cells }) => [...cells].reduce((sum, [actual, row]) => sum + (row.get(actual) ?? 0), 0);

/** What succeeds and fails among the rows of either kind; null for what is no such share. Recall is of one kind alone, which nothing bends. */
function countedBy(metric: Metric, task: Task): Counted | null {
  if (task === "multiclass")
    return metric === "accuracy" ? { first: [right, none], others: [none, (one) => one.labelled - right(one)] } : null;
  if (task !== "binary") return null;
  if (metric === "accuracy") return { first: [cell("tp"), cell("fn")], others: [cell("tn"), cell("fp")] };
  if (metric === "precision") return { first: [cell("tp"), none], others: [none, cell("fp")] };
  return metric === "f1" ? { first: [cell("tp"), cell("fn")], others: [none, cell("fp")] } : null;
}

const UNRIPE = (ripe: number, most: string) =>
  `Of the labels that will come, ${Math.round(100 * ripe)} % have. Nine tenths take up to ${most}: \`labels: {expected_within}\` is too short.`;

/**
 * A measurement of a window with how ripe its labels are. What is measured of fewer than half of the labels that will come
 * is not judged, though the time they were given is over.
 */
export function withMaturity(measurement: Measurement, maturity: Maturity | null): Measurement {
  const { metric, segment, version, status, detail, labelled, rows } = measurement;
  const labels = maturity?.byVersion.get(version);
  if (!labels || !isOfOutcomes(measurement) || isEstimated(metric)) return measurement;
  const ripe = segment === null ? labels.ripe : (labelled ?? 0) / Math.max(1, rows.current) / labels.final;
  const isUnripe = status === "ok" && metric !== "label_coverage" && ripe < LEAST_RIPE;
  // Its cells take every row for one.
  const corrected =
    status === "labels_pending" && segment === null && detail.effectiveRows === undefined ? maturity?.corrected(version, metric) : null;
  return {
    ...measurement,
    ...(isUnripe ? { status: "insufficient" as const } : {}),
    detail: {
      ...detail,
      ...(segment === null ? { labels } : {}),
      ...(corrected
        ? { corrected: { value: corrected.value, ...(corrected.ci ? { low: corrected.ci[0], high: corrected.ci[1] } : {}) } }
        : {}),
      ...(isUnripe ? { note: UNRIPE(ripe, labels.most) } : {}),
    },
  };
}
