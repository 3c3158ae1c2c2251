import type { Constraint, ConstraintFinding } from "../model/constraint.ts";
import { binnedRows, type Counts } from "../model/counts.ts";
import { nextBelow, subjectId, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Window } from "../model/time.ts";
import { readFeatureRows, type FeatureAsk, type FeatureRows } from "../store/feature-rows.ts";
import type { Store } from "../store/store.ts";
import { excessPValue } from "../stats/excess-p-value.ts";
import { LEAST_ROWS } from "./enough-rows.ts";
import type { ModelState } from "./model-state.ts";
import type { SubjectCounts } from "./count-sums.ts";
import { measurement } from "./subject-window.ts";

/** What a window holds of one feature: as many of `FeatureRows` as its constraints ask for. */
type Held = FeatureRows & { readonly from: ConstraintFinding["from"] };

/** What was found of the constraints on one feature in one window. */
export type CheckedFeature = {
  readonly feature: string;
  readonly rows: number;
  readonly findings: readonly ConstraintFinding[];
  /** Why there are none, or what is odd about it. */
  readonly note: string | null;
  /** There are rows, and what they hold cannot be told. */
  readonly isUnknown: boolean;
};

/** Texts that are named of those there should not be. */
const MOST_NAMED = 5;
const BOOLEANS: readonly string[] = ["true", "false"];

/**
 * Holds the rows of one version in a window against what was said of its features. Counts answer where they do so exactly: always that
 * something is missing or of another type; that texts are not among some where nothing is in the bins that hold several; and that numbers lie
 * beyond a range where no bin with rows holds one of its ends. Else the rows of the window are read again, for those features.
 */
export async function checkConstraints(
  store: Store,
  state: ModelState,
  where: { readonly version: string; readonly window: Window; readonly counts: SubjectCounts | undefined },
  /** Of which features. */
  isOf: (key: SubjectKey) => boolean,
): Promise<CheckedFeature[]> {
  const asked = (state.settings.constraints ?? []).filter(({ feature }) => isOf({ subject: "feature", feature }));
  const rows = Math.max(0, ...[...(where.counts?.values() ?? [])].map((counts) => counts.rows));
  if (rows === 0) return asked.map(({ feature }) => ({ feature, rows, findings: [], note: null, isUnknown: false }));
  const byCounts = asked.map((constraint) => {
    const id = subjectId({ subject: "feature", feature: constraint.feature });
    const [known, counts] = [state.grids.get(id), where.counts?.get(id)];
    return { constraint, isKnown: known !== undefined, held: known && counts ? heldByCounts(constraint, known.grid, counts) : null };
  });
  const left = byCounts.filter(({ held }) => held === null).map(({ constraint }) => askOf(constraint));
  const again = await readFeatureRows(
    store,
    { model: state.settings.name, version: where.version, window: where.window },
    left,
    MOST_NAMED,
  );
  return byCounts.map(({ constraint, isKnown, held: counted }) => {
    const { feature, presence } = constraint;
    const read = again.get(feature);
    const held: Held | null = counted ?? (read ? { ...read, from: "rows" } : null);
    if (held === null) return { feature, rows, findings: [], note: "The rows of this window are not stored any more.", isUnknown: true };
    const isThere = isKnown || held.numbers + held.texts + held.others > 0;
    const note = isThere ? null : "There is no such feature: neither a baseline nor a row of this window has it.";
    // What may be missing altogether is not broken by being so.
    return { feature, rows, findings: isThere || presence === "required" ? findingsOf(constraint, held) : [], note, isUnknown: false };
  });
}

function askOf(constraint: Constraint): FeatureAsk {
  const { feature, range, distinct } = constraint;
  const among = listed(constraint);
  const texts = among === null && distinct === undefined ? null : { among: among ?? [], most: distinct ?? 0 };
  return { feature, min: range?.min ?? null, max: range?.max ?? null, texts };
}

/** All texts there may be; null where any may. */
function listed({ type, values }: Constraint): readonly string[] | null {
  return values?.among ?? (type?.is === "boolean" ? BOOLEANS : null);
}

/** What the bins say of a feature; null where they cannot say exactly what is asked. */
export function heldByCounts(constraint: Constraint, grid: SubjectGrid, counts: Counts): Held | null {
  const { rows, unparsable, low, high } = counts;
  const held = binnedRows(counts);
  const nothing = { below: 0, above: 0, low: null, high: null, strange: 0, values: [], distinct: 0, beyond: 0 };
  if (grid.kind === "numeric") {
    // Whatever is no number is counted as one thing.
    if (constraint.type !== undefined && constraint.type.is !== "number") return null;
    if (constraint.values !== undefined || constraint.distinct !== undefined) return null;
    const range = constraint.range;
    const beyond = range === undefined ? { below: 0, above: 0 } : rowsBeyond(grid.edges, counts, range);
    if (beyond === null) return null;
    return { ...nothing, ...beyond, rows, numbers: held, texts: 0, others: unparsable, low, high, from: "counts" };
  }
  if (constraint.type?.is === "number" || constraint.range !== undefined) return null;
  const texts = { ...nothing, rows, numbers: 0, texts: held, others: unparsable, from: "counts" as const };
  const among = listed(constraint);
  if (among === null && constraint.distinct === undefined) return texts;
  // `other` and `unseen` hold several values each, of which some may be listed.
  const [other = 0, unseen = 0] = counts.bins.slice(grid.categories.length);
  if (other + unseen > 0) return null;
  const filled = grid.categories
    .flatMap((value, bin) => ((counts.bins[bin] ?? 0) > 0 ? [{ value, rows: counts.bins[bin] as number }] : []))
    .sort((a, b) => b.rows - a.rows || (a.value < b.value ? -1 : 1));
  const allowed = among === null ? null : new Set(among);
  const strange = allowed === null ? [] : filled.filter(({ value }) => !allowed.has(value));
  return {
    ...texts,
    strange: sum(strange),
    values: strange.slice(0, MOST_NAMED),
    distinct: filled.length,
    beyond: sum(filled.slice(constraint.distinct ?? 0)),
  };
}

/** Rows on either side of a range; null where a bin with rows on both sides of an end would have to be cut. */
function rowsBeyond(
  edges: readonly number[],
  { bins, low, high }: Counts,
  { min, max }: NonNullable<Constraint["range"]>,
): { below: number; above: number } | null {
  const sides = { below: 0, above: 0 };
  const isBelow = min !== null && low !== null && low < min;
  const isAbove = max !== null && high !== null && high > max;
  for (let bin = 0; bin < bins.length && (isBelow || isAbove); bin += 1) {
    const rows = bins[bin] ?? 0;
    if (rows === 0) continue;
    // A bin holds what lies above the edge before it, up to its own; nothing lies beyond the extremes.
    const from = Math.max(edges[bin - 1] ?? -Infinity, low ?? -Infinity);
    const to = Math.min(edges[bin] ?? Infinity, high ?? Infinity);
    const isOpen = bin > 0 && from === edges[bin - 1];
    if (isBelow) {
      if (to < min) sides.below += rows;
      else if (from < min && !(isOpen && from >= nextBelow(min))) return null;
    }
    if (isAbove) {
      if (from > max || (isOpen && from === max)) sides.above += rows;
      else if (to > max) return null;
    }
  }
  return sides;
}

const sum = (list: readonly { readonly rows: number }[]): number => list.reduce((total, { rows }) => total + rows, 0);

/** What the constraints on a feature make of what is held of it. */
export function findingsOf(constraint: Constraint, held: Held): ConstraintFinding[] {
  const { presence, missing, type, range, values, distinct } = constraint;
  const present = held.numbers + held.texts + held.others;
  const finding = (
    kind: ConstraintFinding["constraint"],
    broken: number,
    rows: number,
    limit: number,
    more: Partial<ConstraintFinding> = {},
  ): ConstraintFinding[] => {
    const pValue = excessPValue(broken, rows, limit);
    return pValue === null ? [] : [{ constraint: kind, broken, rows, limit, pValue, from: held.from, ...more }];
  };
  const strangers = held.values.length === 0 ? {} : { values: held.values };
  const anotherType = {
    number: held.texts + held.others,
    text: held.numbers + held.others,
    boolean: held.numbers + held.others + held.strange,
  };
  return [
    // A share that may be missing says more than whether anything is there.
    ...(presence === "required" && missing === undefined ? finding("presence", present === 0 ? held.rows : 0, held.rows, 0) : []),
    ...(missing === undefined ? [] : finding("missing", held.rows - present, held.rows, missing)),
    ...(type === undefined ? [] : finding("type", anotherType[type.is], present, type.atMost, type.is === "boolean" ? strangers : {})),
    ...(range === undefined
      ? []
      : finding("range", held.below + held.above, held.numbers, range.atMost, {
          ...(range.min === null ? {} : { min: range.min }),
          ...(range.max === null ? {} : { max: range.max }),
          below: held.below,
          above: held.above,
          ...(held.low === null || held.high === null ? {} : { low: held.low, high: held.high }),
        })),
    ...(values === undefined ? [] : finding("values", held.strange, held.texts, values.atMost, strangers)),
    ...(distinct === undefined ? [] : finding("distinct", held.beyond, held.texts, 0, { distinct: held.distinct, atMost: distinct })),
  ];
}

/** The finding that says most against a feature first: the least likely, then what exceeds its limit by most. */
export function worstFirst(findings: readonly ConstraintFinding[]): ConstraintFinding[] {
  const excess = ({ broken, rows, limit }: ConstraintFinding) => broken / rows - limit;
  return findings.toSorted((a, b) => a.pValue - b.pValue || excess(b) - excess(a));
}

/**
 * One measurement of a feature: the share of rows that break the constraint that is broken worst, and as `expected` the share that may. The
 * p-value is that of this constraint times the number of them. With fewer rows than anything is said of, only what no row may break
 * is found broken: one row is enough for that, and none that breaks it is not.
 */
export function constraintMeasurement(
  subject: Pick<Measurement, "model" | "version" | "baseline"> & { readonly baseline: string; readonly window: Window },
  { feature, rows, findings, note, isUnknown }: CheckedFeature,
  reference: number,
): Measurement {
  const of = { ...subject, segment: null, key: { subject: "feature" as const, feature } };
  const counted = { reference, current: rows };
  const constraints = worstFirst(findings);
  const [worst] = constraints;
  const detail = { ...(constraints.length === 0 ? {} : { constraints }), ...(note === null ? {} : { note }) };
  const answer = (status: Measurement["status"], more: Parameters<typeof measurement>[4] = {}) =>
    measurement(of, "constraint_violations", counted, status, { detail, ...more });
  if (worst === undefined) return answer(isUnknown ? "error" : "no_data");
  if (rows < LEAST_ROWS && worst.pValue > 0) return answer("insufficient");
  return answer("ok", {
    value: worst.broken / worst.rows,
    expected: worst.limit,
    pValue: Math.min(1, worst.pValue * constraints.length),
    evidence: "independent_rows",
    detail: { hits: worst.broken, ...detail },
  });
}
