import { binnedRows, type Counts } from "../model/counts.ts";
import type { NumericGrid, SubjectGrid } from "../model/grid.ts";
import type { BinShare, DriftMetric } from "../model/measurement.ts";
import { chiSquareQuantileFactor } from "./detectable.ts";
import { ksFromBins, ksPValue } from "../stats/ks.ts";
import { populationStabilityIndex, psiPValue } from "../stats/psi.ts";
import { wassersteinExpected, wassersteinFromBins } from "../stats/wasserstein.ts";
import { psiNoiseFloor } from "../stats/window-evidence.ts";
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
  noiseFloor(rows: number): number;
  /** How many times the noise floor a value must reach to be significant at 1 %, about. */
  readonly significance: number;
  independentPValue(value: number, reference: Counts, current: Counts): number | null;
  bracket(reference: Counts, current: Counts): readonly [number, number] | null;
};

/** The divergences that suit a subject, given what it is compared with. */
export function divergencesFor(grid: SubjectGrid, reference: Counts): Divergence[] {
  const bins = psiBins(grid, reference);
  const stability = psiDivergence(bins, reference);
  return grid.kind === "categorical" ? [stability] : [stability, ksDivergence(grid, reference), ...wassersteinDivergence(grid, reference)];
}

function psiDivergence(bins: JoinedBins, whole: Counts): Divergence {
  const reference = joinBins(whole.bins, bins);
  return {
    metric: "psi",
    power: 1,
    value: (then, now) => populationStabilityIndex(joinBins(then.bins, bins), joinBins(now.bins, bins))?.value ?? null,
    noiseFloor: cached((rows) => psiNoiseFloor(reference, rows)),
    significance: chiSquareQuantileFactor(bins.starts.length - 1),
    independentPValue: (value, then, now) => psiPValue(value, bins.starts.length, binnedRows(then), binnedRows(now)),
    bracket: () => null,
  };
}

/** Mean of the Kolmogorov distribution, in units of √(1/n + 1/m). */
const KOLMOGOROV_MEAN = 0.8687;

function ksDivergence(grid: NumericGrid, whole: Counts): Divergence {
  const singles = singletonBins(grid);
  const total = binnedRows(whole);
  const bracketOf = (then: Counts, now: Counts) => ksFromBins(then.bins, now.bins, singles);
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
function wassersteinDivergence(grid: NumericGrid, whole: Counts): Divergence[] {
  const deviation = binnedDeviation(grid, whole);
  if (deviation === null || deviation === 0) return [];
  const distance = (then: Counts, now: Counts) =>
    wassersteinFromBins({
      edges: grid.edges,
      reference: then.bins,
      current: now.bins,
      referenceTails: tailMeans(then),
      currentTails: tailMeans(now),
    });
  const total = binnedRows(whole);
  const singles = singletonBins(grid);
  return [
    {
      metric: "wasserstein",
      power: 2,
      value: (then, now) => {
        const found = distance(then, now);
        return found === null ? null : found.value / deviation;
      },
      noiseFloor: cached((rows) => (wassersteinExpected(grid.edges, whole.bins, total, rows, tailMeans(whole)) ?? 0) / deviation),
      significance: 2.1,
      // No closed form exists; the KS test asks the same question of the same counts.
      independentPValue: (_value, then, now) => {
        const found = ksFromBins(then.bins, now.bins, singles);
        return found === null ? null : ksPValue(found.lower, binnedRows(then), binnedRows(now)).pValue;
      },
      bracket: () => null,
    },
  ];
}

function cached(compute: (rows: number) => number): (rows: number) => number {
  const known = new Map<number, number>();
  return (rows) => {
    let value = known.get(rows);
    if (value === undefined) known.set(rows, (value = compute(rows)));
    return value;
  };
}

/** The PSI bins that contribute most, as shares before and after. */
export function topBins(grid: SubjectGrid, reference: Counts, current: Counts, most = 5): BinShare[] {
  const bins = psiBins(grid, reference);
  const then = joinBins(reference.bins, bins);
  const now = joinBins(current.bins, bins);
  const stability = populationStabilityIndex(then, now);
  if (stability === null) return [];
  const share = (counts: readonly number[], total: number, bin: number) => (total > 0 ? (counts[bin] ?? 0) / total : 0);
  return bins.labels
    .map((label, bin) => ({
      bin: label,
      reference: share(then, binnedRows(reference), bin),
      current: share(now, binnedRows(current), bin),
      contribution: stability.contributions[bin] ?? 0,
    }))
    .sort((a, b) => b.contribution - a.contribution)
    .slice(0, most);
}
