import { addCounts, addOutcomes, binnedRows, type Counts, type OutcomeCounts } from "../model/counts.ts";
import { subjectId, type Grid, type LabelKey, type NumericGrid, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import { labelCounts, labelGrid } from "../model/label-counts.ts";
import { outcomeGridOf } from "../model/outcome-grid.ts";
import type { BaselineSettings, ModelSettings } from "../model/settings.ts";
import { ALWAYS, DAY, type Window } from "../model/time.ts";
import { readBaselines } from "../store/baselines.ts";
import { readNewestGrid } from "../store/grids.ts";
import { readOutcomeCounts } from "../store/outcome-counts.ts";
import type { Store } from "../store/store.ts";
import { readSubjectCounts } from "../store/subject-counts.ts";

const BINS = 24;
const MOST_CATEGORIES = 16;

type DistributionBar = { readonly label: string; readonly reference: number; readonly current: number };

/** One subject then and now, as shares of the rows that carry a value. */
export type Distribution = {
  readonly kind: SubjectGrid["kind"];
  readonly baseline: string;
  readonly bars: readonly DistributionBar[];
  readonly reference: { readonly rows: number; readonly missing: number; readonly low: number | null; readonly high: number | null };
  readonly current: { readonly rows: number; readonly missing: number; readonly low: number | null; readonly high: number | null };
  readonly provisional: boolean;
};

/** Null when the subject has no bins or the baseline no rows: there is nothing to draw. */
export async function readDistribution(options: {
  store: Store;
  model: ModelSettings;
  key: SubjectKey | LabelKey;
  version: string;
  window: Window;
  baseline: string;
}): Promise<Distribution | null> {
  const { store, model, key, version, window } = options;
  const newest = await readNewestGrid(store, model.name);
  const settings = model.baselines.find((one) => one.name === options.baseline);
  const counted = newest && countedOn(store, model, newest.grid, key);
  if (!counted || !settings) return null;
  const { grid, read } = counted;
  const live = { model: model.name, baseline: "" };
  const current = (await read(live, window)).get(version);
  const reference = await referenceCounts(settings, version, window, store, model, read);
  if (!current || !reference) return null;
  return {
    kind: grid.kind,
    baseline: settings.name,
    bars:
      grid.kind === "numeric"
        ? numericBars(grid, reference, current)
        : categoryBars(grid.categories, grid.rare.length > 0, reference, current),
    reference: sideOf(reference),
    current: sideOf(current),
    provisional: grid.provisional,
  };
}

/** The bins of a subject, and how its counts are read: labels are counted with the outcomes. */
function countedOn(store: Store, model: ModelSettings, bins: Grid, key: SubjectKey | LabelKey): { grid: SubjectGrid; read: Read } | null {
  if (key.subject !== "label") {
    const grid = bins.subjects.find((one) => subjectId(one.key) === subjectId(key))?.grid;
    return grid ? { grid, read: (rows, span) => readSubjectCounts(store, rows, bins.version, key, grid, span) } : null;
  }
  const outcomes = outcomeGridOf(model, bins);
  if (outcomes === null || outcomes.task === "ranking") return null;
  const grid = labelGrid(outcomes, false);
  return {
    grid,
    read: async (rows, span) => {
      const byVersion = new Map<string, OutcomeCounts[]>();
      for (const step of await readOutcomeCounts(store, rows, span ?? ALWAYS, DAY, model.bucket))
        for (const [version, part] of step.byVersion) byVersion.set(version, [...(byVersion.get(version) ?? []), part]);
      return new Map([...byVersion].map(([version, parts]) => [version, labelCounts(addOutcomes(parts), outcomes, grid)]));
    },
  };
}

function sideOf({ rows, missing, low, high }: Counts) {
  return { rows, missing, low, high };
}

type Read = (rows: { model: string; baseline: string }, span: Window | null) => Promise<Map<string, Counts>>;

async function referenceCounts(
  settings: BaselineSettings,
  version: string,
  window: Window,
  store: Store,
  model: ModelSettings,
  read: Read,
): Promise<Counts | null> {
  const live = { model: model.name, baseline: "" };
  switch (settings.kind) {
    case "file": {
      const stored = (await readBaselines(store, model.name))
        .filter((one) => one.name === settings.name)
        .sort((a, b) => b.createdAt - a.createdAt);
      const file = stored.find((one) => one.version === version) ?? stored.find((one) => one.version === "");
      const parts = file ? [...(await read({ model: model.name, baseline: file.key }, null)).values()] : [];
      return parts[0] ? addCounts(parts, parts[0].bins.length) : null;
    }
    case "version":
      return (await read(live, window)).get(settings.version) ?? null;
    case "period":
      return (await read(live, settings)).get(version) ?? null;
    case "trailing": {
      const to = window.from - settings.offset;
      return (await read(live, { from: to - settings.window, to })).get(version) ?? null;
    }
  }
}

function categoryBars(categories: readonly string[], hasRare: boolean, reference: Counts, current: Counts): DistributionBar[] {
  const [then, now] = [binnedRows(reference), binnedRows(current)];
  const labels = [...categories, ...(hasRare ? ["(other)"] : []), "(unseen)"];
  const bins = [...categories.keys(), ...(hasRare ? [categories.length] : []), categories.length + 1];
  const bars = bins.map((bin, index) => ({
    label: labels[index] ?? "",
    reference: share(reference.bins[bin] ?? 0, then),
    current: share(current.bins[bin] ?? 0, now),
  }));
  const drawn = bars
    .filter((bar) => bar.reference + bar.current > 0)
    .sort((a, b) => Math.max(b.reference, b.current) - Math.max(a.reference, a.current));
  if (drawn.length <= MOST_CATEGORIES) return drawn;
  const rest = drawn.slice(MOST_CATEGORIES - 1);
  const total = (side: "reference" | "current") => rest.reduce((all, bar) => all + bar[side], 0);
  return [
    ...drawn.slice(0, MOST_CATEGORIES - 1),
    { label: `${rest.length} more`, reference: total("reference"), current: total("current") },
  ];
}

/**
 * Bars of one width over the range that holds all but a hundredth of either side; the rest is in the outer ones. The
 * rows of a grid's bin are taken as spread evenly over it, which at a thousandth of the reference a bin shows little.
 */
function numericBars(grid: NumericGrid, reference: Counts, current: Counts): DistributionBar[] {
  const pieces = piecesOf(grid, [reference, current]);
  const [low, high] = [
    Math.min(quantile(pieces, reference, 0.005), quantile(pieces, current, 0.005)),
    Math.max(quantile(pieces, reference, 0.995), quantile(pieces, current, 0.995)),
  ];
  if (!(high > low))
    return [
      {
        label: String(Number(low.toPrecision(4))),
        reference: share(binnedRows(reference), binnedRows(reference)),
        current: share(binnedRows(current), binnedRows(current)),
      },
    ];
  const width = (high - low) / BINS;
  const [then, now] = [spread(pieces, reference, low, width), spread(pieces, current, low, width)];
  const text = (value: number) => String(Number(value.toPrecision(3)));
  return then.map((rows, bin) => ({
    label:
      bin === 0
        ? `up to ${text(low + width)}`
        : bin === BINS - 1
          ? `above ${text(high - width)}`
          : `${text(low + bin * width)} to ${text(low + (bin + 1) * width)}`,
    reference: share(rows, binnedRows(reference)),
    current: share(now[bin] ?? 0, binnedRows(current)),
  }));
}

type Piece = { readonly begin: number; readonly end: number };

function piecesOf(grid: NumericGrid, sides: readonly Counts[]): Piece[] {
  const lows = sides.flatMap((side) => (side.low === null ? [] : [side.low]));
  const highs = sides.flatMap((side) => (side.high === null ? [] : [side.high]));
  const first = grid.edges[0] ?? Math.min(0, ...lows);
  const last = grid.edges.at(-1) ?? Math.max(0, ...highs);
  const bounds = [Math.min(first, ...lows), ...grid.edges, Math.max(last, ...highs)];
  return bounds.slice(1).map((end, index) => ({ begin: bounds[index] as number, end }));
}

function quantile(pieces: readonly Piece[], counts: Counts, part: number): number {
  const rank = part * binnedRows(counts);
  let before = 0;
  for (const [bin, rows] of counts.bins.entries()) {
    const piece = pieces[bin] as Piece;
    if (rows > 0 && before + rows >= rank)
      return piece.begin + (piece.end - piece.begin) * Math.max(0, Math.min(1, (rank - before) / rows));
    before += rows;
  }
  return pieces.at(-1)?.end ?? 0;
}

function spread(pieces: readonly Piece[], counts: Counts, low: number, width: number): number[] {
  const bars = new Array<number>(BINS).fill(0);
  const barOf = (value: number) => Math.max(0, Math.min(BINS - 1, Math.floor((value - low) / width)));
  for (const [bin, rows] of counts.bins.entries()) {
    if (rows === 0) continue;
    const mean = outerMean(counts, bin, rows);
    if (mean !== null) {
      // Beyond the grid only the mean is known: spread over the whole bin, its rows would show where none are.
      (bars[barOf(mean)] as number) += rows;
      continue;
    }
    const { begin, end } = pieces[bin] as Piece;
    const [first, last] = [barOf(begin), barOf(end)];
    for (let bar = first; bar <= last; bar += 1) {
      const left = bar === first ? begin : low + bar * width;
      const right = bar === last ? end : low + (bar + 1) * width;
      (bars[bar] as number) += end > begin ? (rows * (right - left)) / (end - begin) : rows / (last - first + 1);
    }
  }
  return bars;
}

function outerMean({ bins, lowSum, highSum }: Counts, bin: number, rows: number): number | null {
  if (bin === 0) return lowSum / rows;
  return bin === bins.length - 1 ? highSum / rows : null;
}

function share(rows: number, of: number): number {
  return of > 0 ? rows / of : 0;
}
