import { binnedRows, subtractCounts, type Counts } from "../model/counts.ts";
import type { SubjectGrid } from "../model/grid.ts";
import type { Metric } from "../model/metric.ts";
import type { CountedWindow, HeldOutWindow } from "../stats/window-evidence.ts";
import { LEAST_ROWS } from "./enough-rows.ts";
import { rateOf, withoutValue, type RateMetric } from "./feature-rates.ts";
import { divergencesFor, type Divergence } from "./measure-subject.ts";
import { once } from "./once.ts";
import { onlyValue, rowsOutOfRange } from "./subject-bins.ts";

/** What a reference's own windows look like when each is held out. */
export type UsualWindows = {
  divergence(metric: Metric): readonly HeldOutWindow[];
  rate(metric: RateMetric): readonly CountedWindow[];
  /** How many of its windows hold one value alone, and among how many. */
  constant(): { readonly constant: number; readonly windows: number };
};

export const NOTHING_USUAL: UsualWindows = { divergence: () => [], rate: () => [], constant: () => ({ constant: 0, windows: 0 }) };

/**
 * Nulls from a pinned baseline's windows, each held out against the rest of it. `windows` are those that say what is
 * usual, such as all of one hour of the day; `all` is every window there is. Computed when first asked for.
 */
export function usualWindows(grid: SubjectGrid, whole: Counts, windows: readonly Counts[], all = windows): UsualWindows {
  const divergences = new Map<string, readonly HeldOutWindow[]>();
  const rates = new Map<string, readonly CountedWindow[]>();
  return {
    divergence: (metric) =>
      remember(divergences, metric, () => {
        const divergence = divergencesFor(grid, whole).find((one) => one.metric === metric);
        if (!divergence) return [];
        return windows.flatMap((window) => {
          return heldOutDivergence(divergence, subtractCounts(whole, window), window);
        });
      }),
    rate: (metric) => remember(rates, metric, () => windows.map((window) => heldOutRate(metric, grid, whole, all, window))),
    constant: once(() => countConstant(grid, windows)),
  };
}

function heldOutDivergence(divergence: Divergence, rest: Counts, window: Counts): HeldOutWindow[] {
  const value = divergence.value(rest, window);
  return value === null ? [] : [{ value: value * divergence.scale(rest, window), rows: binnedRows(window) }];
}

/**
 * A rate in a window held out from its reference. Nothing of a file lies outside its own range, so out-of-range rows
 * are those beyond the extremes of the other windows; unseen rows those of categories no other window holds.
 */
function heldOutRate(metric: RateMetric, grid: SubjectGrid, whole: Counts, windows: readonly Counts[], window: Counts): CountedWindow {
  switch (metric) {
    case "missing_rate":
    case "type_mismatch_rate":
    case "non_finite_rate":
      return withoutValue(metric, window);
    case "unseen_rate":
      return {
        successes: window.bins.reduce((sum, rows, bin) => (rows > 0 && rows === whole.bins[bin] ? sum + rows : sum), 0),
        rows: binnedRows(window),
      };
    case "out_of_range_rate": {
      const others = windows.filter((other) => other !== window);
      const low = Math.min(...others.map((other) => other.low ?? Infinity));
      const high = Math.max(...others.map((other) => other.high ?? -Infinity));
      return { successes: grid.kind === "numeric" ? rowsOutOfRange(grid, window, low, high) : 0, rows: binnedRows(window) };
    }
  }
}

/** Nulls for a trailing reference: each window of a file baseline against its own trailing stretch in that file. */
export function usualTrailing(grid: SubjectGrid, pairs: readonly { readonly window: Counts; readonly trailing: Counts }[]): UsualWindows {
  const divergences = new Map<string, readonly HeldOutWindow[]>();
  const rates = new Map<string, readonly CountedWindow[]>();
  return {
    divergence: (metric) =>
      remember(divergences, metric, () =>
        pairs.flatMap(({ window, trailing }) => {
          const divergence = divergencesFor(grid, trailing).find((one) => one.metric === metric);
          return divergence ? heldOutDivergence(divergence, trailing, window) : [];
        }),
      ),
    rate: (metric) =>
      remember(rates, metric, () =>
        pairs.flatMap(({ window, trailing }) => {
          const counted = rateOf(metric, grid, trailing, window);
          return counted === null ? [] : [counted];
        }),
      ),
    constant: once(() =>
      countConstant(
        grid,
        pairs.map(({ window }) => window),
      ),
    ),
  };
}

/** Of windows with enough rows: how many hold one value alone. */
function countConstant(grid: SubjectGrid, windows: readonly Counts[]): { constant: number; windows: number } {
  const large = windows.filter((window) => binnedRows(window) >= LEAST_ROWS);
  return { constant: large.filter((window) => onlyValue(grid, window) !== null).length, windows: large.length };
}

function remember<T>(known: Map<string, T>, key: string, compute: () => T): T {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = compute()));
  return value;
}
