import { binnedRows, type Counts } from "../model/counts.ts";
import type { NumericGrid, SubjectGrid } from "../model/grid.ts";
import type { BinShare } from "../model/measurement.ts";
import type { DriftMetric } from "../model/metric.ts";
import { ksFromBins, ksPValue } from "../stats/ks.ts";
import { populationStabilityIndex } from "../stats/psi.ts";
import { roundNeighbours } from "../stats/round-neighbours.ts";
import { rowsOf } from "../stats/shares.ts";
import { wassersteinPValue } from "../stats/wasserstein-p-value.ts";
import { wassersteinExpected, wassersteinFromBins } from "../stats/wasserstein.ts";
import { BIN_DIVERGENCES, type BinDivergence } from "./bin-divergences.ts";
import { once } from "./once.ts";
import { binnedDeviation, joinBins, psiBins, singletonBins, tailMeans, type JoinedBins } from "./subject-bins.ts";

/**
 * A divergence of one subject, prepared for one reference: how to compute it on counts, what to expect of noise, and
 * the p-value that takes rows as independent.
 */
export type Divergence = {
  readonly metric: DriftMetric;
  /** 1 for squared distances (PSI), 2 for distances: the power in which noise adds. */
  readonly power: 1 | 2;
  value(reference: Counts, current: Counts): number | null;
  /** Times `scale`. */
  noiseFloor(rows: number): number;
  /** How many times the noise floor a value must reach to be significant at 1 %, about. */
  readonly significance: number;
  independentPValue(value: number, reference: Counts, current: Counts): number | null;
  bracket(reference: Counts, current: Counts): readonly [number, number] | null;
  /** What a value is multiplied by to be compared between windows of different sizes. */
  scale(reference: Counts, current: Counts): number;
  /** The bins that contribute most, as shares before and after. */
  topBins(reference: Counts, current: Counts, most: number): BinShare[];
};

const known = new WeakMap<Counts, readonly Divergence[]>();

/**
 * The divergences that suit a subject, given what it is compared with. A reference that stays, that of a file, keeps
 * its own: what is to be expected at each number of rows is then worked out once.
 */
export function divergencesFor(grid: SubjectGrid, reference: Counts): readonly Divergence[] {
  let found = known.get(reference);
  if (!found) known.set(reference, (found = prepare(grid, reference)));
  return found;
}

function prepare(grid: SubjectGrid, reference: Counts): Divergence[] {
  const bins = psiBins(grid, reference);
  const joined = joinedOnce(bins);
  const psi = oncePerWindow((then, now) => populationStabilityIndex(joined(then), joined(now)));
  const topOf =
    (found: FoundOnBins): Divergence["topBins"] =>
    (then, now, most) => {
      // Of a divergence that is no sum over bins, those that contribute most to the PSI.
      const contributions = found(then, now)?.contributions ?? psi(then, now)?.contributions ?? [];
      return topBins(bins.labels, joined(then), joined(now), contributions, most);
    };
  const onBins = BIN_DIVERGENCES.map((one) => {
    const found: FoundOnBins = one.metric === "psi" ? psi : oncePerWindow((then, now) => one.measure(joined(then), joined(now)));
    return binDivergence(one, found, bins, joined, reference, topOf(found));
  });
  if (grid.kind === "categorical") return onBins;
  const shared = { scale: () => 1, topBins: topOf(() => null) };
  return [
    ...onBins,
    { ...ksDivergence(grid, reference), ...shared },
    ...wassersteinDivergence(grid, reference).map((one) => ({ ...one, ...shared })),
  ];
}

/** A window is joined once for all the divergences that are computed of it. */
function joinedOnce(bins: JoinedBins): (counts: Counts) => readonly number[] {
  const done = new WeakMap<Counts, readonly number[]>();
  return (counts) => {
    let found = done.get(counts);
    if (!found) done.set(counts, (found = joinBins(counts.bins, bins)));
    return found;
  };
}

/** What a divergence on bins comes to between two windows. */
type FoundOnBins = (then: Counts, now: Counts) => ReturnType<BinDivergence["measure"]>;

function binDivergence(
  one: BinDivergence,
  found: FoundOnBins,
  bins: JoinedBins,
  joined: (counts: Counts) => readonly number[],
  whole: Counts,
  top: Divergence["topBins"],
): Divergence {
  return {
    metric: one.metric,
    power: one.power,
    value: (then, now) => found(then, now)?.value ?? null,
    noiseFloor: betweenRoundRows((rows) => one.expected(joined(whole), rows) * one.scale(Math.max(1, binnedRows(whole)), rows)),
    significance: one.significance(bins.starts.length),
    independentPValue: (_value, then, now) => one.pValue(joined(then), joined(now)),
    bracket: () => null,
    scale: (then, now) => one.scale(binnedRows(then), binnedRows(now)),
    topBins: top,
  };
}

/** What a divergence on all of a grid's bins says of itself. */
type GridDivergence = Omit<Divergence, "scale" | "topBins">;

/** Mean of the Kolmogorov distribution, in units of √(1/n + 1/m). */
const KOLMOGOROV_MEAN = 0.8687;

function ksDivergence(grid: NumericGrid, whole: Counts): GridDivergence {
  const singles = singletonBins(grid);
  const total = binnedRows(whole);
  const bracketOf = oncePerWindow((then, now) => ksFromBins(then.bins, now.bins, singles));
  return {
    metric: "ks",
    power: 2,
    value: (then, now) => bracketOf(then, now)?.lower ?? null,
    noiseFloor: (rows) => KOLMOGOROV_MEAN * Math.sqrt(1 / rows + 1 / Math.max(1, total)),
    significance: 1.87,
    independentPValue: (value, then, now) => ksPValue(value, binnedRows(then), binnedRows(now)).pValue,
    bracket: (then, now) => {
      const found = bracketOf(then, now);
      return found ? [found.lower, found.upper] : null;
    },
  };
}

/** Wasserstein distance in standard deviations of the reference; none for a reference that is constant. */
function wassersteinDivergence(grid: NumericGrid, whole: Counts): GridDivergence[] {
  const deviation = binnedDeviation(grid, whole);
  if (deviation === null || deviation === 0) return [];
  const pairOf = (then: Counts, now: Counts) => ({
    edges: grid.edges,
    reference: then.bins,
    current: now.bins,
    referenceTails: tailMeans(then),
    currentTails: tailMeans(now),
  });
  const distanceOf = oncePerWindow((then, now) => wassersteinFromBins(pairOf(then, now)));
  const total = binnedRows(whole);
  // What is to be expected depends on the rows by √(1/n + 1/m) alone.
  const ofOneRow = once(() => (wassersteinExpected(grid.edges, whole.bins, 1, 1, tailMeans(whole)) ?? 0) / Math.SQRT2 / deviation);
  return [
    {
      metric: "wasserstein",
      power: 2,
      value: (then, now) => {
        const found = distanceOf(then, now);
        return found === null ? null : found.value / deviation;
      },
      noiseFloor: (rows) => ofOneRow() * Math.sqrt(1 / total + 1 / rows),
      significance: 2.1,
      independentPValue: (_value, then, now) => wassersteinPValue(pairOf(then, now), distanceOf(then, now)),
      bracket: () => null,
    },
  ];
}

/** A window is asked about several times in turn. */
function oncePerWindow<Answer>(ask: (then: Counts, now: Counts) => Answer): (then: Counts, now: Counts) => Answer {
  const answers = new WeakMap<Counts, { readonly reference: Counts; readonly answer: Answer }>();
  return (then, now) => {
    let found = answers.get(now);
    if (found?.reference !== then) answers.set(now, (found = { reference: then, answer: ask(then, now) }));
    return found.answer;
  };
}

function cached(compute: (rows: number) => number): (rows: number) => number {
  const known = new Map<number, number>();
  return (rows) => {
    let value = known.get(rows);
    if (value === undefined) known.set(rows, (value = compute(rows)));
    return value;
  };
}

/** With fewer rows than this single ones matter: what chance makes of a bin moves in steps. */
const MANY_ROWS = 1000;

/**
 * From 1,000 rows on worked out at numbers of two leading digits only, and read off the straight line between the nearest two.
 * What noise makes of a distance falls with 1/m or its root, which bends upwards: the line lies above it, by 0.23 % at most.
 */
function betweenRoundRows(compute: (rows: number) => number): (rows: number) => number {
  const at = cached(compute);
  return (rows) => {
    const { below, above, part } = roundNeighbours(rows);
    return part === 0 || rows < MANY_ROWS ? at(rows) : at(below) + (at(above) - at(below)) * part;
  };
}

/** The bins that contribute most, of those that hold anything. */
function topBins(
  labels: readonly string[],
  then: readonly number[],
  now: readonly number[],
  contributions: readonly number[],
  most: number,
): BinShare[] {
  const share = (counts: readonly number[], total: number, bin: number) => (total > 0 ? (counts[bin] ?? 0) / total : 0);
  const [before, after] = [rowsOf(then), rowsOf(now)];
  // A bin that is empty on both sides differs by what is added to every bin alone: it comes last.
  const ranked = contributions.map((contribution, bin) => ((then[bin] ?? 0) + (now[bin] ?? 0) > 0 ? contribution : -Infinity));
  return largestPlaces(ranked, most).map((bin) => ({
    bin: labels[bin] ?? "",
    reference: share(then, before, bin),
    current: share(now, after, bin),
    contribution: contributions[bin] ?? 0,
  }));
}

/** The places of the largest values, largest first, of equal ones the first. */
function largestPlaces(values: readonly number[], most: number): number[] {
  const places: number[] = [];
  while (places.length < Math.min(most, values.length)) {
    let largest: number | null = null;
    for (let place = 0; place < values.length; place += 1)
      if ((largest === null || (values[place] as number) > (values[largest] as number)) && !places.includes(place)) largest = place;
    if (largest === null) break;
    places.push(largest);
  }
  return places;
}
