import type { ConstraintFinding } from "./constraint.ts";
import type { DriftMetric, JudgedFamily, Metric, MetricFamily } from "./metric.ts";
import type { SegmentsAsked } from "./segment.ts";
import type { Millis } from "./time.ts";

/** What is measured: one feature, the prediction, the score, the label; or of the model as a whole, its performance, and its rows as such. */
export const SUBJECTS = ["feature", "prediction", "score", "label", "performance", "traffic"] as const;
export type Subject = (typeof SUBJECTS)[number];
/** Subjects that are no bins of values: nothing is drawn of them. */
export const WHOLE_MODEL: readonly Subject[] = ["performance", "traffic"];

/**
 * - `ok`: a value with its evidence
 * - `insufficient`: too few rows (or labels), so neither "drift" nor "no drift" can be said
 * - `no_data`: no row on one of the two sides
 * - `labels_pending`: labels of this window are still expected
 * - `error`: it could not be computed; `note` says why
 */
export type MeasurementStatus = "ok" | "insufficient" | "no_data" | "labels_pending" | "error";

/** Where the p-value comes from: the baseline's own windows, or a calculation that takes rows as independent. */
export type Evidence = "baseline_windows" | "independent_rows";

/** One bin or category, as shares of the rows that have a value. */
export type BinShare = { readonly bin: string; readonly reference: number; readonly current: number; readonly contribution: number };

export type ClassShare = {
  readonly class: string;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly rows: number;
};

/** What the move of one feature could do to a mean, by itself, with its standard error; `unknown` is the share of rows it knows nothing of. */
export type Explained = { readonly change: number; readonly standardError: number; readonly unknown: number };
/** Whether it is more than noise: three standard errors, since some dozens of features are looked at. */
export function isTelling({ change, standardError }: Explained): boolean {
  return Math.abs(change) > 3 * standardError;
}

export type Cause = Explained & { readonly feature: string };

/** Whether the feed of a feature broke, or the world moved. Present where something of it is more than chance. */
export type Verdict = {
  readonly kind: "break" | "drift" | "unclear" | "none";
  readonly cause:
    | "gone"
    | "partly_gone"
    | "type"
    | "not_finite"
    | "constant"
    | "unit"
    | "renamed"
    | "sentinel"
    | "moved"
    | "new_values"
    | "more_missing"
    | "as_usual";
  /** A sentence. What stands in events stands in `values` only. */
  readonly reason: string;
  /** What the cause is about, before and now: a share of rows, the median (unit), or the metric (moved). */
  readonly before: number;
  readonly now: number;
  /** The value that is stuck or new, the categories that are gone, or the unit. */
  readonly values?: readonly string[];
};

/** How ripe the labels of a window are, by how long labels took in it and before it. */
export type LabelMaturity = {
  /** Up to when labels had come. */
  readonly asOf: Millis;
  /** The share of predictions that should have their label by then, and the share that will in the end. */
  readonly due: number;
  readonly final: number;
  readonly low?: number;
  readonly high?: number;
  /** Of the labels that will come, the share that has. */
  readonly ripe: number;
  /** Durations in which half, and nine tenths, of the labels come that come at all. */
  readonly half: string;
  readonly most: string;
};

export type MeasurementDetail = {
  /** The bins that contribute most, largest first: to the value, to its square (Jensen-Shannon, Hellinger), or to the PSI (KS, Wasserstein, chi-square). */
  readonly bins?: readonly BinShare[];
  /** Bounds on a KS distance or AUC that was computed from binned values. */
  readonly bracket?: readonly [number, number];
  /** How many disjoint baseline windows stand behind the p-value. */
  readonly nullWindows?: number;
  /** The smallest effect (value less expected) that sampling noise at these sizes would let show. */
  readonly detectable?: number;
  /** The statistic as a proportion: rows that count, among `rows.current`. */
  readonly hits?: number;
  /** A baseline's own value of a performance metric. */
  readonly reference?: number;
  /** How many labelled rows of one weight those of a window are worth, where some have a weight of their own. */
  readonly effectiveRows?: number;
  /** The share of a window's predictions whose label is known. */
  readonly labelCoverage?: number;
  readonly labels?: LabelMaturity;
  /** Of a window that waits for labels: the value if those of one kind of outcome did not come sooner than those of another. */
  readonly corrected?: { readonly value: number; readonly low?: number; readonly high?: number };
  /** Of a metric at a threshold: where it lies, as the nearest edge of the bins that scores are counted in. */
  readonly threshold?: number;
  readonly confusion?: { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number };
  /** Of several classes, each against the rest; those with most labels first. */
  readonly classes?: readonly ClassShare[];
  /** What was promised, and what was kept, by groups of neighbouring scores. */
  readonly reliability?: readonly {
    readonly score: number;
    readonly rate: number;
    readonly low: number;
    readonly high: number;
    readonly rows: number;
  }[];
  /** Of a ranking: labelled rows whose label names no relevant item. They have no value, and are left out. */
  readonly nothingRelevant?: number;
  /** Of an estimate: the share of rows whose like the reference holds no label of. */
  readonly borrowed?: number;
  /** Of an estimate whose labels have come: what the labelled rows were estimated at, what was realised on them, and whether the two agree. */
  readonly realised?: {
    readonly value: number;
    readonly estimated: number;
    readonly pValue: number;
    readonly verdict: "agree" | "realised_lower" | "realised_higher";
    readonly rows: number;
  };
  /**
   * Medians on both sides; `ratio` is that of the medians, or where a change of unit would explain the window, that of
   * the largest values (`unit` names it, `from` is the first window it holds in).
   */
  readonly scale?: {
    readonly reference: number;
    readonly current: number;
    readonly ratio: number;
    readonly unit: string | null;
    readonly from?: Millis;
  };
  /** The range of values (or the values) seen in the baseline, and what lies beyond it now. */
  readonly range?: { readonly low: number; readonly high: number; readonly currentLow: number; readonly currentHigh: number };
  /** Rows without a usable value, by what they hold instead; only those that occur. */
  readonly without?: { readonly nothing?: number; readonly anotherType?: number; readonly notFinite?: number };
  /** What each constraint on a feature makes of the window, the worst first. */
  readonly constraints?: readonly ConstraintFinding[];
  /** The one value of a window, where that is known. */
  readonly only?: string;
  /** Features that no reference knows, most frequent first. */
  readonly unknown?: readonly { readonly feature: string; readonly rows: number }[];
  /** How the features of the window differ from the baseline's: names, at most twenty each. */
  readonly schema?: { readonly gone: readonly string[]; readonly added: readonly string[]; readonly retyped: readonly string[] };
  /** What is usual for a window like this one (rows, or seconds without any), by how many of them. */
  readonly usual?: { readonly level: number; readonly windows: number; readonly like: "weekday and hour" | "hour" | "weekday" | "length" };
  /** The event time of the last row. */
  readonly last?: Millis;
  /** Categories in the window that the baseline never held, most frequent first. */
  readonly unseen?: readonly { readonly value: string; readonly rows: number }[];
  /** The same metric on the rows as they are stored, where that was asked for. */
  readonly exact?: ExactValue;
  /** Of a feature: what its move alone would do to the mean score, and to the share of errors (or their mean size). */
  readonly explains?: { readonly score: Explained | null; readonly error: Explained | null };
  /** Of scores, predictions and performance: the features whose moves could do most to the mean score, or to errors. They overlap. None: all were looked at, and none could do anything to errors. */
  readonly causes?: readonly Cause[];
  readonly verdict?: Verdict;
  /** The segments that add more to the change against the baseline than their part of the rows, by how much, and have changed themselves beyond chance. */
  readonly segments?: readonly {
    readonly segment: string;
    readonly contribution: number;
    /** Of the whole change. */
    readonly share: number;
    /** Of the window's rows; what was stored earlier lacks it. */
    readonly rowShare?: number;
    readonly reference: number | null;
    readonly current: number | null;
    readonly pValue: number | null;
  }[];
  /** Of a rule on all features together: by weight how many fire, which, and of how many. */
  readonly share?: { readonly value: number; readonly features: readonly string[]; readonly tested: number };
  /** The bins it was counted on; counts of others are never added to theirs. */
  readonly grid?: number;
  /** No reference was at hand when the bins were made: the first rows made them. */
  readonly provisional?: boolean;
  /** Why there is no value, in a sentence. */
  readonly note?: string;
};

/** A metric computed from raw rows, to audit what counts say. */
export type ExactValue = {
  readonly value: number | null;
  /** Where the counts promise it to lie, ends included; null where they promise nothing. */
  readonly bracket: readonly [number, number] | null;
  /** Rows with a value that were found on either side: fewer than were counted, where rows are gone. */
  readonly rows: { readonly reference: number; readonly current: number };
};

export type Measurement = {
  readonly model: string;
  readonly version: string;
  readonly segment: string | null;
  readonly subject: Subject;
  /** Set when the subject is a feature. */
  readonly feature: string | null;
  readonly baseline: string | null;
  readonly metric: Metric;
  readonly from: Millis;
  readonly to: Millis;
  readonly value: number | null;
  /** The value to be expected from no drift at these sizes: the noise floor. */
  readonly expected: number | null;
  readonly pValue: number | null;
  readonly ci: readonly [number, number] | null;
  readonly rows: { readonly reference: number; readonly current: number };
  readonly labelled: number | null;
  readonly status: MeasurementStatus;
  readonly evidence: Evidence | null;
  /** Grows each time late events or labels change the answer. */
  readonly revision: number;
  readonly detail: MeasurementDetail;
};

/** Whether it is known by labels: performance, and drift of the labels. */
export function isOfOutcomes({ subject }: Pick<Measurement, "subject">): boolean {
  return subject === "performance" || subject === "label";
}

/** The words for a subject in tables and messages: the feature's name, or what else it is. */
export function subjectName(measurement: Pick<Measurement, "subject" | "feature">): string {
  return measurement.feature ?? measurement.subject;
}

/** Everything measured about one window of one model (all versions): what alert rules are judged on, oldest window first. */
export type MeasuredWindow = {
  readonly model: string;
  readonly window: { readonly from: Millis; readonly to: Millis };
  /** What was measured: rules on another family have not come to this window yet. */
  readonly families: readonly JudgedFamily[];
  readonly measurements: readonly Measurement[];
  /** Of a window that was measured again: up to where windows like it have been judged. */
  readonly judgedTo?: Millis;
  /** The versions that are live: with rows in it, or shortly before. Absent: not known. */
  readonly versions?: readonly string[];
  /** The entry of the configuration that each segment comes from. Absent: there are none. */
  readonly segmentGroups?: ReadonlyMap<string, string>;
};

/** Asks for any window of whole buckets, to be measured on the spot. */
export type MeasureQuery = {
  readonly model: string;
  readonly window: { readonly from: Millis; readonly to: Millis };
  readonly baselines: readonly string[];
  readonly families: readonly MetricFamily[];
  /** The drift metrics that are wanted; absent: all. */
  readonly metrics?: readonly DriftMetric[];
  /** Each of these segments. Absent: all rows together. */
  readonly segments?: SegmentsAsked;
  /** Of this alone, where it is known that nothing else is wanted. */
  readonly only?: { readonly subject?: Subject | undefined; readonly feature?: string | undefined };
};
