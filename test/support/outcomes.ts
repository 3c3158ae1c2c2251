import type { OutcomeCounts, OutcomeHistogram, OutcomeSum } from "../../src/model/counts.ts";
import { OUTCOME_HISTOGRAMS, OUTCOME_SUMS } from "../../src/model/counts.ts";

export type Cells = readonly [tp: number, fp: number, fn: number, tn: number];

/** Outcomes of a binary model that answered so often each way. */
export function binaryOutcomes([tp, fp, fn, tn]: Cells, unlabelled = 0): OutcomeCounts {
  const labelled = tp + fp + fn + tn;
  const cells = new Map([
    [
      "1",
      new Map([
        ["1", tp],
        ["0", fn],
      ]),
    ],
    [
      "0",
      new Map([
        ["1", fp],
        ["0", tn],
      ]),
    ],
  ]);
  return {
    predictions: labelled + unlabelled,
    labelled,
    cells,
    histograms: new Map(),
    sums: new Map(),
    classScores: new Map(),
    weights: null,
  };
}

/** The same with histograms and sums, by bin. */
export function withBins(
  outcomes: OutcomeCounts,
  histograms: Partial<Record<OutcomeHistogram, Readonly<Record<number, number>>>>,
  sums: Partial<Record<OutcomeSum, Readonly<Record<number, number>>>> = {},
): OutcomeCounts {
  const maps = <Name extends string>(bins: Partial<Record<Name, Readonly<Record<number, number>>>>) =>
    new Map(
      Object.entries(bins).map(([name, byBin]) => [
        name as Name,
        new Map(Object.entries(byBin as Readonly<Record<number, number>>).map(([bin, count]) => [Number(bin), count])),
      ]),
    );
  return { ...outcomes, histograms: maps(histograms), sums: maps(sums) };
}

/** How outcomes stand in a row of `outcome_counts`. */
export function outcomeRow(
  of: { model: string; version: string; bucket: number; baseline?: string; generation?: number },
  outcomes: OutcomeCounts,
) {
  const places = <Name>(names: readonly Name[], maps: ReadonlyMap<Name, ReadonlyMap<number, number>>) =>
    [...maps].flatMap(([name, bins]) => [...bins].map(([bin, value]) => ({ place: names.indexOf(name) * 4_096 + bin, value })));
  const histograms = places(OUTCOME_HISTOGRAMS, outcomes.histograms);
  const sums = places(OUTCOME_SUMS, outcomes.sums);
  return {
    baseline: "",
    generation: 1,
    ...of,
    segment: "",
    predictions: outcomes.predictions,
    labelled: outcomes.labelled,
    cells: Object.fromEntries(
      [...outcomes.cells].flatMap(([actual, row]) => [...row].map(([predicted, rows]) => [JSON.stringify([actual, predicted]), rows])),
    ),
    histogram_places: histograms.map(({ place }) => place),
    histogram_counts: histograms.map(({ value }) => value),
    sum_places: sums.map(({ place }) => place),
    sum_units: sums.map(({ value }) => String(Math.round(value * 2 ** 40))),
  };
}
