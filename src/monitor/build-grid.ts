import { nextBelow, subjectId, type Grid, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import type { CategorySummary, NumericSummary } from "../store/grids.ts";

/** Categories of a subject that have a bin of their own; the next ones share `other`. */
const TOP_CATEGORIES = 1_000;
export const KNOWN_CATEGORIES = 10_000;

/** What one reference holds, summed up. */
export type ReferenceSummary = { readonly numbers: readonly NumericSummary[]; readonly categories: readonly CategorySummary[] };

/**
 * The grid of a model from its references. Each adds its own quantiles, so that every baseline is seen equally
 * sharply and its deciles are always edges. A subject that carries both numbers and categories is what most of its
 * values are.
 */
export function buildGrid(model: string, version: number, references: readonly ReferenceSummary[], provisional = false): Grid {
  const numeric = new Map<string, NumericSummary[]>();
  const categorical = new Map<string, CategorySummary[]>();
  for (const reference of references) {
    for (const summary of reference.numbers) push(numeric, subjectId(summary), summary);
    for (const summary of reference.categories) push(categorical, subjectId(summary), summary);
  }
  const ids = [...new Set([...numeric.keys(), ...categorical.keys()])].sort();
  const subjects = ids.map((id) => {
    const numbers = numeric.get(id) ?? [];
    const categories = categorical.get(id) ?? [];
    // Categories may be known by labels alone, without a row.
    const isNumeric = numbers.length > 0 && sumRows(numbers) >= sumRows(categories);
    const first = (isNumeric ? numbers[0] : categories[0]) as SubjectKey;
    return {
      key: { subject: first.subject, feature: first.feature },
      grid: isNumeric ? numericGrid(numbers, provisional) : categoricalGrid(categories, provisional),
    };
  });
  return { model, version, subjects };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function sumRows(summaries: readonly { readonly rows: number }[]): number {
  return summaries.reduce((sum, summary) => sum + summary.rows, 0);
}

/**
 * Edges: the 1,024-quantiles, deciles, maximum and (just below the) minimum of every summary; and both sides of each
 * heavy value (one that is two quantiles or more at once), so that it has a bin to itself. With the quantiles of one
 * summary only, another that lies elsewhere (a summer beside a winter) would be seen through a few wide bins.
 */
export function numericGrid(summaries: readonly NumericSummary[], provisional: boolean): SubjectGrid {
  const edges = new Set<number>();
  let low = Infinity;
  let high = -Infinity;
  for (const summary of summaries) {
    summary.quantiles.forEach((value, position) => {
      edges.add(value);
      if (value === summary.quantiles[position - 1]) edges.add(nextBelow(value));
    });
    for (const decile of summary.deciles) edges.add(decile);
    edges.add(nextBelow(summary.low));
    edges.add(summary.high);
    low = Math.min(low, summary.low);
    high = Math.max(high, summary.high);
  }
  const scale = Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE);
  const sorted = [...edges].map((edge) => (edge === 0 ? 0 : edge)).sort((a, b) => a - b);
  return {
    kind: "numeric",
    // Below the least of all numbers there is none: bins that begin there begin with it.
    edges: sorted.filter((edge, index) => edge !== sorted[index - 1] && edge !== -Infinity),
    quantum: quantumFor(scale),
    provisional,
  };
}

/** A power of two that gives values of this scale 40 bits; never so small that it is subnormal. */
function quantumFor(scale: number): number {
  return 2 ** Math.max(Math.ceil(Math.log2(scale)) - 40, -1000);
}

function categoricalGrid(summaries: readonly CategorySummary[], provisional: boolean): SubjectGrid {
  const rows = new Map<string, number>();
  for (const summary of summaries) rows.set(summary.value, (rows.get(summary.value) ?? 0) + summary.rows);
  const ordered = [...rows].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([value]) => value);
  return {
    kind: "categorical",
    categories: ordered.slice(0, TOP_CATEGORIES),
    rare: ordered.slice(TOP_CATEGORIES, KNOWN_CATEGORIES),
    provisional,
  };
}
