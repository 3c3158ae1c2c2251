import type { SegmentGroup } from "./segment.ts";

/**
 * The pinned bins of one subject of one model. Numeric bins are right-closed (`x <= edge` goes left), their outer
 * bins unbounded: edges `[a, b]` make the bins `(-inf, a] (a, b] (b, inf)`.
 */
export type NumericGrid = {
  readonly kind: "numeric";
  readonly edges: readonly number[];
  /** What one unit of the exact sums is worth: a power of two. */
  readonly quantum: number;
  /** No reference was at hand: the first rows made these bins, and every result on them says so. */
  readonly provisional: boolean;
};

/** Bins are the categories in order, then `other` (known but rare), then `unseen`. */
export type CategoricalGrid = {
  readonly kind: "categorical";
  readonly categories: readonly string[];
  /** Categories of the reference beyond the most frequent ones: they fall in `other`. */
  readonly rare: readonly string[];
  readonly provisional: boolean;
};

export type SubjectGrid = NumericGrid | CategoricalGrid;

/** The name of one countable subject of a model: a feature, or its prediction or score. */
export type SubjectKey = { readonly subject: "feature" | "prediction" | "score"; readonly feature: string };
/** What turned out true. It is counted with the outcomes, not on a grid. */
export type LabelKey = { readonly subject: "label"; readonly feature: "" };

export type Grid = {
  readonly model: string;
  readonly version: number;
  readonly subjects: readonly { readonly key: SubjectKey; readonly grid: SubjectGrid }[];
  /** What rows are counted by beside all together. Absent: nothing. */
  readonly segments?: readonly SegmentGroup[];
};

/** How many bins the counts of a grid have. */
export function binCount(grid: SubjectGrid): number {
  return grid.kind === "numeric" ? grid.edges.length + 1 : grid.categories.length + 2;
}

/** The bin a number belongs to: how many edges lie below it. Cost: log2 of the number of edges. */
export function numericBin(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A text for a subject that is unique within a model. */
export function subjectId(key: SubjectKey | LabelKey): string {
  return key.subject === "feature" ? `feature:${key.feature}` : key.subject;
}

/** The largest number below `value`: bins that end there keep `value` itself out. */
export function nextBelow(value: number): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return -Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  view.setBigInt64(0, value > 0 ? bits - 1n : bits + 1n);
  return view.getFloat64(0);
}
