import type { Counts } from "../model/counts.ts";
import { binnedRows, noCounts } from "../model/counts.ts";
import { binCount, nextBelow, type NumericGrid, type SubjectGrid } from "../model/grid.ts";

/** Bins of a grid joined to fewer ones: `starts[i]` is the first grid bin of the i-th joined bin. */
export type JoinedBins = { readonly starts: readonly number[]; readonly labels: readonly string[] };

/**
 * The bins on which PSI is computed. Numeric: the reference's own deciles (inverted CDF), duplicates merged,
 * right-closed, outer bins unbounded. Every decile of a file baseline is an edge of the grid, so for those this is
 * exact. Categorical: the grid's categories, `other` where the grid has rare ones, and always `unseen`.
 */
export function psiBins(grid: SubjectGrid, reference: Counts): JoinedBins {
  if (grid.kind === "categorical") {
    const hasRare = grid.rare.length > 0;
    const starts = [...grid.categories.keys(), ...(hasRare ? [grid.categories.length] : []), grid.categories.length + 1];
    return { starts, labels: [...grid.categories, ...(hasRare ? ["(other)"] : []), "(unseen)"] };
  }
  const total = binnedRows(reference);
  const starts = [0];
  const cuts: number[] = [];
  let cumulative = 0;
  let decile = 1;
  for (let bin = 0; bin < grid.edges.length && decile <= 9; bin += 1) {
    cumulative += reference.bins[bin] ?? 0;
    if (total === 0 || cumulative < Math.ceil((decile * total) / 10)) continue;
    starts.push(bin + 1);
    cuts.push(grid.edges[bin] as number);
    while (decile <= 9 && cumulative >= Math.ceil((decile * total) / 10)) decile += 1;
  }
  return { starts, labels: intervalLabels(cuts) };
}

/** Counts of a grid's bins summed into joined ones. Bins before a categorical grid's first start do not exist. */
export function joinBins(counts: readonly number[], bins: JoinedBins): number[] {
  const sums = new Array<number>(bins.starts.length).fill(0);
  let joined = 0;
  for (let bin = 0; bin < counts.length; bin += 1) {
    while (joined + 1 < bins.starts.length && bin >= (bins.starts[joined + 1] as number)) joined += 1;
    (sums[joined] as number) += counts[bin] ?? 0;
  }
  return sums;
}

function intervalLabels(cuts: readonly number[]): string[] {
  const text = (value: number) => String(Number(value.toPrecision(6)));
  const labels = cuts.map((cut, index) => (index === 0 ? `≤ ${text(cut)}` : `${text(cuts[index - 1] as number)} … ${text(cut)}`));
  const last = cuts.at(-1);
  return [...labels, last === undefined ? "any" : `> ${text(last)}`];
}

/** What is the same for all counts on a grid: which inner bins hold one value (by place, and those alone), and a value for each. */
type Places = { readonly singles: readonly boolean[]; readonly singlePlaces: readonly number[]; readonly values: readonly number[] };
const places = new WeakMap<NumericGrid, Places>();

function placesOf(grid: NumericGrid): Places {
  let found = places.get(grid);
  if (!found) {
    const singles = [...grid.edges.map((edge, index) => index > 0 && grid.edges[index - 1] === nextBelow(edge)), false];
    const values = grid.edges.slice(1).map((edge, index) => (singles[index + 1] ? edge : (grid.edges[index] as number) / 2 + edge / 2));
    const singlePlaces = singles.flatMap((isSingle, bin) => (isSingle ? [bin] : []));
    places.set(grid, (found = { singles, singlePlaces, values }));
  }
  return found;
}

/** Which bins hold a single value: those that end at an edge and begin just below it. */
export function singletonBins(grid: NumericGrid): readonly boolean[] {
  return placesOf(grid).singles;
}

/** Mean value of the rows in the two outer bins; null for an empty one. Of values so large that their sum is no number, the extreme. */
export function tailMeans(counts: Counts): { low: number | null; high: number | null } {
  const meanOf = (rows: number, sum: number, extreme: number | null) => (rows === 0 ? null : Number.isFinite(sum) ? sum / rows : extreme);
  return {
    low: meanOf(counts.bins[0] ?? 0, counts.lowSum, counts.low),
    high: meanOf(counts.bins.at(-1) ?? 0, counts.highSum, counts.high),
  };
}

/**
 * A value for each bin: the middle of an inner bin (a singleton's own value), the mean of the rows in an outer one.
 * Outer bins without rows take their edge.
 */
export function binValues(grid: NumericGrid, counts: Counts): number[] {
  const { edges } = grid;
  const tails = tailMeans(counts);
  const first = edges[0] ?? 0;
  const last = edges.at(-1) ?? 0;
  return [tails.low ?? first, ...placesOf(grid).values, tails.high ?? last];
}

/** Standard deviation (divisor n) of binned values; null without rows, and of values so large that their squares are no numbers. Cost: number of bins. */
export function binnedDeviation(grid: NumericGrid, counts: Counts): number | null {
  const total = binnedRows(counts);
  if (total === 0) return null;
  const values = binValues(grid, counts);
  const mean = values.reduce((sum, value, bin) => sum + value * (counts.bins[bin] ?? 0), 0) / total;
  const variance = values.reduce((sum, value, bin) => sum + (value - mean) ** 2 * (counts.bins[bin] ?? 0), 0) / total;
  return Number.isFinite(variance) ? Math.sqrt(variance) : null;
}

/** The value at a share of the rows (inverted CDF on bins); null without rows. */
export function binnedQuantile(grid: NumericGrid, counts: Counts, share: number): number | null {
  const total = binnedRows(counts);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(share * total));
  let cumulative = 0;
  let bin = 0;
  for (; bin < grid.edges.length; bin += 1) {
    cumulative += counts.bins[bin] ?? 0;
    if (cumulative >= rank) break;
  }
  if (bin > 0 && bin < grid.edges.length) return placesOf(grid).values[bin - 1] ?? null;
  const tails = tailMeans(counts);
  return bin === 0 ? (tails.low ?? grid.edges[0] ?? tails.high) : (tails.high ?? grid.edges.at(-1) ?? null);
}

/**
 * Rows whose value lies beyond [low, high]. Counted on the grid: a bin counts when all of it lies beyond, so rows in
 * the bin that holds the extreme are in range. Exact for file baselines, whose extremes are edges.
 */
export function rowsOutOfRange(grid: NumericGrid, counts: Counts, low: number, high: number): number {
  return counts.bins.reduce((sum, rows, bin) => {
    const begin = bin === 0 ? -Infinity : (grid.edges[bin - 1] as number);
    const end = grid.edges[bin] ?? Infinity;
    return begin >= high || end < low ? sum + rows : sum;
  }, 0);
}

/**
 * Bins of which it is known that all their rows hold one value, and that value: those made for one; and an outer bin whose
 * sum is its extreme times its rows (up to what the sums are rounded to).
 */
export function singleValues(grid: NumericGrid, counts: Counts): { bin: number; value: number }[] {
  const last = grid.edges.length;
  const outer = (bin: number, value: number | null, sum: number) => {
    const rows = counts.bins[bin] ?? 0;
    return rows > 0 && value !== null && Math.abs(sum - rows * value) <= rows * grid.quantum ? [{ bin, value }] : [];
  };
  const inner = placesOf(grid).singlePlaces.flatMap((bin) =>
    (counts.bins[bin] ?? 0) > 0 ? [{ bin, value: grid.edges[bin] as number }] : [],
  );
  return [...outer(0, counts.low, counts.lowSum), ...inner, ...(last > 0 ? outer(last, counts.high, counts.highSum) : [])];
}

/** The one value that all rows hold, as text; null when there are several, none, or the bins cannot tell. */
export function onlyValue(grid: SubjectGrid, counts: Counts): string | null {
  if (grid.kind === "numeric") return counts.low !== null && counts.low === counts.high ? String(counts.low) : null;
  const filled = counts.bins.flatMap((count, bin) => (count > 0 ? [bin] : []));
  return filled.length === 1 ? (grid.categories[filled[0] ?? -1] ?? null) : null;
}

/** Whether all rows are in one bin of a category that holds many: rare values, or ones never seen. */
export function isInOneBin(grid: SubjectGrid, counts: Counts): boolean {
  return grid.kind === "categorical" && counts.bins.filter((count) => count > 0).length === 1;
}

/** No rows of a subject: what stands in for counts that are not there. */
export function emptyCounts(grid: SubjectGrid): Counts {
  return noCounts(binCount(grid));
}
