import { noCounts, type Counts } from "../model/counts.ts";
import { binCount, numericBin, subjectId, type NumericGrid, type SubjectGrid } from "../model/grid.ts";
import type { ExactValue, Measurement } from "../model/measurement.ts";
import type { DriftMetric } from "../model/metric.ts";
import { readRawNumbers, readRawTexts, type RawRows } from "../store/raw-values.ts";
import type { Store } from "../store/store.ts";
import { countByEdges, wassersteinFromSamples } from "../stats/exact.ts";
import { ksFromSamples } from "../stats/ks.ts";
import { wassersteinFromBins } from "../stats/wasserstein.ts";
import { BIN_DIVERGENCES } from "./bin-divergences.ts";
import { fileBaselineFor, type ModelState } from "./model-state.ts";
import { trailingSpans } from "./trailing.ts";
import { binnedDeviation, joinBins, psiBins, tailMeans } from "./subject-bins.ts";

/** What a metric is on the rows themselves, and where the counts promise it to lie; null for a promise they cannot make. */
export type Exact = Pick<ExactValue, "value" | "bracket">;

/**
 * Drift measurements of one window with the same metric computed once more from the rows as they are stored, beside
 * the value from counts. A metric without a value is left as it is. Values of one subject are held at a time.
 */
export async function withExactValues(store: Store, state: ModelState, measurements: readonly Measurement[]): Promise<Measurement[]> {
  const { task } = state.settings;
  const together = new Map<string, Measurement[]>();
  for (const one of measurements) {
    const key = JSON.stringify([one.version, one.segment, one.baseline, one.subject, one.feature]);
    together.set(key, [...(together.get(key) ?? []), one]);
  }
  const done = new Map<Measurement, Measurement>();
  for (const group of together.values()) {
    const measured = group.filter((one) => one.value !== null);
    const [first] = measured;
    const reference = first && referenceRows(state, first);
    const subject =
      first && first.subject !== "performance" && first.subject !== "traffic" && first.subject !== "label"
        ? { subject: first.subject, feature: first.feature ?? "" }
        : null;
    const grid = subject && state.grids.get(subjectId(subject))?.grid;
    if (!first || !reference || !subject || !grid) continue;
    const live: RawRows = { kind: "live", model: first.model, version: first.version, windows: [first] };
    const known =
      grid.kind === "numeric"
        ? exactNumbers(grid, await readRawNumbers(store, reference, subject), await readRawNumbers(store, live, subject))
        : exactTexts(grid, await readRawTexts(store, reference, subject, task), await readRawTexts(store, live, subject, task));
    for (const one of measured) {
      const exact = { ...known.of(one.metric as DriftMetric, one), rows: known.rows };
      done.set(one, { ...one, detail: { ...one.detail, exact } });
    }
  }
  return measurements.map((one) => done.get(one) ?? one);
}

/** The rows a measurement's reference was counted of. */
function referenceRows(state: ModelState, { version, baseline, from, to }: Measurement): RawRows | null {
  const model = state.settings.name;
  const settings = state.settings.baselines.find((one) => one.name === baseline);
  if (!settings) return null;
  if (settings.kind === "file") {
    const stored = fileBaselineFor(state, settings.name, version);
    return stored && { kind: "baseline", model, baseline: stored.key };
  }
  switch (settings.kind) {
    case "period":
      return { kind: "live", model, version: settings.version ?? version, windows: [settings] };
    case "version":
      return { kind: "live", model, version: settings.version, windows: [{ from, to }] };
    case "trailing":
      return { kind: "live", model, version, windows: trailingSpans(settings, { from, to }) };
  }
}

type ExactSubject = {
  readonly rows: ExactValue["rows"];
  of(metric: DriftMetric, measured: Pick<Measurement, "value" | "detail">): Exact;
};

/**
 * Exact metrics of a number. PSI and its kin on the reference's own deciles; Wasserstein in standard deviations of the
 * reference's rows.
 *
 * Promises: KS lies in its bracket. Wasserstein lies within the distances to the middles of the inner bins, where at most
 * one side has rows in an outer one. PSI and its kin are the same number where all deciles are edges, as they are of files.
 */
export function exactNumbers(grid: NumericGrid, reference: readonly number[], current: readonly number[]): ExactSubject {
  const [then, now] = [countsOf(grid, reference), countsOf(grid, current)];
  const deciles = decilesOf(reference);
  const [thenShares, nowShares] = [countByEdges(reference, deciles), countByEdges(current, deciles)];
  const areEdges = deciles.every((decile) => grid.edges.includes(decile));
  const ofMetric = (metric: DriftMetric, { value, detail }: Pick<Measurement, "value" | "detail">): Exact => {
    if (metric === "ks") return { value: ksFromSamples(reference, current)?.distance ?? null, bracket: detail.bracket ?? null };
    if (metric === "wasserstein") return exactWasserstein(value);
    const exact = BIN_DIVERGENCES.find((one) => one.metric === metric)?.measure(thenShares, nowShares)?.value ?? null;
    return { value: exact, bracket: areEdges && value !== null ? [value, value] : null };
  };
  const exactWasserstein = (value: number | null): Exact => {
    const deviation = deviationOf(reference);
    const distance = wassersteinFromSamples(reference, current);
    const binned = binnedDeviation(grid, then);
    if (distance === null || deviation === 0 || binned === null) return { value: null, bracket: null };
    const bound = wassersteinFromBins({
      edges: grid.edges,
      reference: then.bins,
      current: now.bins,
      referenceTails: tailMeans(then),
      currentTails: tailMeans(now),
    })?.errorBound;
    const sharesOuterBin = [0, grid.edges.length].some((bin) => (then.bins[bin] ?? 0) > 0 && (now.bins[bin] ?? 0) > 0);
    const isPromised = value !== null && bound !== undefined && !sharesOuterBin;
    return {
      value: distance / deviation,
      bracket: isPromised ? [Math.max(0, value * binned - bound) / deviation, (value * binned + bound) / deviation] : null,
    };
  };
  return { rows: { reference: reference.length, current: current.length }, of: ofMetric };
}

/** Exact metrics of a text: the categories counted again, so what the counts say is what the rows must. */
export function exactTexts(
  grid: Extract<SubjectGrid, { kind: "categorical" }>,
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
): ExactSubject {
  const places = new Map([...grid.categories, ...grid.rare].map((text, place) => [text, Math.min(place, grid.categories.length)]));
  const countsIn = (texts: ReadonlyMap<string, number>): Counts => {
    const bins = new Array<number>(binCount(grid)).fill(0);
    for (const [text, rows] of texts) (bins[places.get(text) ?? grid.categories.length + 1] as number) += rows;
    return { ...noCounts(0), bins, rows: bins.reduce((sum, count) => sum + count, 0) };
  };
  const [then, now] = [countsIn(reference), countsIn(current)];
  const joined = psiBins(grid, then);
  const [thenBins, nowBins] = [joinBins(then.bins, joined), joinBins(now.bins, joined)];
  return {
    rows: { reference: then.rows, current: now.rows },
    of: (metric, { value }) => ({
      value: BIN_DIVERGENCES.find((one) => one.metric === metric)?.measure(thenBins, nowBins)?.value ?? null,
      bracket: value === null ? null : [value, value],
    }),
  };
}

function countsOf(grid: NumericGrid, values: readonly number[]): Counts {
  const bins = new Array<number>(binCount(grid)).fill(0);
  let [lowSum, highSum] = [0, 0];
  for (const value of values) {
    const bin = numericBin(grid.edges, value);
    (bins[bin] as number) += 1;
    if (bin === 0) lowSum += value;
    if (bin === grid.edges.length) highSum += value;
  }
  return { ...noCounts(0), bins, rows: values.length, lowSum, highSum };
}

/** The inverted-CDF deciles, without repeats. */
function decilesOf(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  const deciles = Array.from({ length: 9 }, (_, k) => sorted[Math.ceil(((k + 1) * sorted.length) / 10) - 1] ?? 0);
  return deciles.filter((decile, place) => decile !== deciles[place - 1]);
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
