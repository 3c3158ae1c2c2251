import type { DriftMetric } from "../model/metric.ts";
import { chiSquareContingency } from "../stats/chi-square-test.ts";
import { hellinger, hellingerExpected, hellingerPValue } from "../stats/hellinger.ts";
import { jensenShannon, jensenShannonExpected, jensenShannonPValue } from "../stats/jensen-shannon.ts";
import { kullbackLeibler, kullbackLeiblerExpected, kullbackLeiblerPValue } from "../stats/kullback-leibler.ts";
import { largestChange, largestChangeExpected } from "../stats/largest-change.ts";
import { populationStabilityIndex, psiPValue } from "../stats/psi.ts";
import { orRareChange } from "../stats/rare-change.ts";
import { totalVariation, totalVariationExpected, totalVariationPValue } from "../stats/total-variation.ts";
import { psiNoiseFloor } from "../stats/window-evidence.ts";
import { significantChi, significantChiSquare } from "./detectable.ts";

type Bins = readonly number[];

/** A divergence of two histograms over the same few bins, in the form in which it is reported. */
export type BinDivergence = {
  readonly metric: DriftMetric;
  /** 1 where noise adds in the value itself, 2 where it does in its square. */
  readonly power: 1 | 2;
  /** Null where there is nothing to compare; `contributions` is what each bin adds, null where the value is no sum over bins. */
  measure(reference: Bins, current: Bins): { readonly value: number; readonly contributions: Bins | null } | null;
  expected(reference: Bins, rows: number): number;
  /** Taking rows as independent. */
  pValue(reference: Bins, current: Bins): number | null;
  /** How many times the expected value is significant at 1 %, about, by the number of bins. */
  significance(bins: number): number;
  /** What a value is multiplied by to be compared between windows of different sizes. */
  scale(referenceRows: number, rows: number): number;
};

const comparable = () => 1;

/** The divergences on a subject's few bins; chi-square is the one whose value grows with the rows. */
export const BIN_DIVERGENCES: readonly BinDivergence[] = [
  {
    metric: "psi",
    power: 1,
    measure: populationStabilityIndex,
    expected: psiNoiseFloor,
    pValue: (then, now) => orRareChange(psiPValue(then, now), then, now),
    significance: significantChiSquare,
    scale: comparable,
  },
  {
    metric: "jensen_shannon",
    power: 2,
    measure: (then, now) => {
      const found = jensenShannon(then, now);
      // In bits, so that they add up to the square of the distance.
      return found && { value: found.distance, contributions: found.contributions.map((nats) => nats / Math.LN2) };
    },
    expected: (reference, rows) => jensenShannonExpected(reference, rows)?.distance ?? 0,
    pValue: (then, now) => orRareChange(jensenShannonPValue(then, now), then, now),
    significance: significantChi,
    scale: comparable,
  },
  {
    metric: "hellinger",
    power: 2,
    measure: hellinger,
    expected: (reference, rows) => hellingerExpected(reference, rows) ?? 0,
    pValue: (then, now) => orRareChange(hellingerPValue(then, now), then, now),
    significance: significantChi,
    scale: comparable,
  },
  {
    metric: "kl",
    power: 1,
    measure: kullbackLeibler,
    expected: (reference, rows) => kullbackLeiblerExpected(reference, rows) ?? 0,
    pValue: (then, now) => orRareChange(kullbackLeiblerPValue(then, now), then, now),
    significance: significantChiSquare,
    scale: comparable,
  },
  {
    metric: "total_variation",
    power: 2,
    measure: totalVariation,
    expected: (reference, rows) => totalVariationExpected(reference, rows) ?? 0,
    pValue: (then, now) => orRareChange(totalVariationPValue(then, now), then, now),
    significance: significantChi,
    scale: comparable,
  },
  {
    metric: "l_infinity",
    power: 2,
    measure: (then, now) => {
      const found = largestChange(then, now);
      return found && { value: found.value, contributions: found.changes };
    },
    expected: (reference, rows) => largestChangeExpected(reference, rows) ?? 0,
    // It joins no bins itself.
    pValue: (then, now) => orRareChange(null, then, now),
    significance: significantChi,
    scale: comparable,
  },
  {
    metric: "chi_square",
    power: 1,
    measure: (then, now) => {
      const found = chiSquareContingency(then, now);
      return found && { value: found.statistic, contributions: null };
    },
    expected: degreesExpected,
    pValue: (then, now) => orRareChange(chiSquareContingency(then, now)?.pValue ?? null, then, now),
    significance: significantChiSquare,
    scale: (referenceRows, rows) => 1 / referenceRows + 1 / rows,
  },
];

/** The mean of chi-square: its degrees of freedom, for as many cells as such a reference and window leave after pooling. */
function degreesExpected(reference: Bins, rows: number): number {
  const total = reference.reduce((sum, count) => sum + count, 0);
  return chiSquareContingency(reference, total === 0 ? reference : reference.map((count) => (count / total) * rows))?.df ?? 0;
}
