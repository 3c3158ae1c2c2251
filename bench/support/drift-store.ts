import { binCount, numericBin, type SubjectGrid } from "../../src/model/grid.ts";
import type { ModelSettings } from "../../src/model/settings.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DAY, HOUR, type Millis, type Window } from "../../src/model/time.ts";
import { baselineKey, basisOf } from "../../src/monitor/baselines.ts";
import { buildGrid, KNOWN_CATEGORIES } from "../../src/monitor/build-grid.ts";
import { createMonitor, type Monitor } from "../../src/monitor/monitor.ts";
import { silentLog } from "../../src/log.ts";
import { insertBaseline } from "../../src/store/baselines.ts";
import { insertGrid, type CategorySummary, type NumericSummary } from "../../src/store/grids.ts";
import type { Store } from "../../src/store/store.ts";
import { insertWindowProgress } from "../../src/store/window-progress.ts";
import { drawColumn, isCategory, type State } from "./drift-columns.ts";

/**
 * A store as it is after a baseline and some days of a model were ingested and counted, without the days of ingesting them:
 * bins are made and rows are counted by the program's own functions, and written where the program writes them.
 */

export const FIRST_DAY: Millis = Date.UTC(2026, 2, 2);
const MODEL = "bench";
const DIGEST = "0".repeat(64);
const KEY = baselineKey(MODEL, "training", "", DIGEST);

export const DRIFT_SETTINGS: ModelSettings = {
  name: MODEL,
  task: "binary",
  positive: "yes",
  bucket: HOUR,
  lateness: 0,
  labelsExpectedWithin: DAY,
  baselines: [{ kind: "file", name: "training", file: "training.ndjson", byVersion: new Map() }],
};

/** What is stored: `rows` rows in the baseline and about as many in every day of every version. */
export type Stored = {
  readonly features: number;
  readonly rows: number;
  readonly days: readonly State[];
  readonly versions: number;
  /** Hours of a day that hold rows. */
  readonly hours: number;
};

/** Rows by which a day is shorter than the first: no two days have equally many, so nothing is known beforehand. */
export function fewerRows(day: number): number {
  return 13 * day;
}

/** Fills an empty store. `onColumn` is given every column that was drawn, as long as it exists. */
export async function fillStore(
  store: Store,
  stored: Stored,
  onColumn: (feature: number, of: "reference" | State, values: Float64Array) => void,
): Promise<void> {
  const grids: { feature: number; grid: SubjectGrid }[] = [];
  for (let feature = 0; feature < stored.features; feature++) {
    const reference = drawColumn(feature, stored.rows, 0, "still");
    onColumn(feature, "reference", reference);
    const grid = gridOf(feature, reference);
    grids.push({ feature, grid });
    const bins = binsOf(grid, reference);
    await store.insert("feature_counts", [countsRow(grid, feature, KEY, "v0", FIRST_DAY - DAY, bins, reference, 0, stored.rows)]);
    const rows: Record<string, unknown>[] = [];
    for (const state of new Set(stored.days)) {
      const live = drawColumn(feature, stored.rows, 1, state);
      onColumn(feature, state, live);
      const liveBins = binsOf(grid, live);
      for (const [day, found] of stored.days.entries()) {
        if (found !== state) continue;
        const first = fewerRows(day);
        for (let hour = 0; hour < stored.hours; hour++) {
          const begin = first + Math.floor(((live.length - first) * hour) / stored.hours);
          const end = first + Math.floor(((live.length - first) * (hour + 1)) / stored.hours);
          const bucket = FIRST_DAY + day * DAY + hour * HOUR;
          for (let version = 0; version < stored.versions; version++)
            rows.push(countsRow(grid, feature, "", `v${version}`, bucket, liveBins, live, begin, end));
        }
      }
    }
    for (let start = 0; start < rows.length; start += 1000) await store.insert("feature_counts", rows.slice(start, start + 1000));
  }
  const subjects = grids.map(({ feature, grid }) => ({ key: { subject: "feature", feature: nameOf(feature) } as const, grid }));
  await insertGrid(store, { model: MODEL, version: 1, subjects }, basisOf(DRIFT_SETTINGS, [KEY]), FIRST_DAY);
  await insertBaseline(store, {
    model: MODEL,
    key: KEY,
    name: "training",
    version: "",
    source: "training.ndjson",
    digest: DIGEST,
    rows: stored.rows,
    labelled: 0,
    firstTime: FIRST_DAY - DAY,
    lastTime: FIRST_DAY - HOUR,
    createdAt: FIRST_DAY,
  });
  // When the first row came is asked of the rows themselves.
  await store.insert("predictions", [{ model: MODEL, id: "first", version: "v0", time: FIRST_DAY / 1000 }]);
  await insertWindowProgress(store, MODEL, new Map(["closed", "mature"].map((kind) => [`1d/1d ${kind}`, FIRST_DAY])));
  await store.execute("OPTIMIZE TABLE feature_counts FINAL");
}

export function nameOf(feature: number): string {
  return `feature_${feature}`;
}

function gridOf(feature: number, reference: Float64Array): SubjectGrid {
  const key = { subject: "feature", feature: nameOf(feature) } as const;
  const summary: { numbers: NumericSummary[]; categories: CategorySummary[] } = { numbers: [], categories: [] };
  if (isCategory(feature)) {
    const seen = new Map<number, number>();
    for (const value of reference) seen.set(value, (seen.get(value) ?? 0) + 1);
    for (const [value, rows] of [...seen].sort((a, b) => b[1] - a[1]).slice(0, KNOWN_CATEGORIES))
      summary.categories.push({ ...key, value: String(value), rows });
  } else {
    const sorted = reference.filter((value) => !Number.isNaN(value)).sort();
    const at = (rank: number) => sorted[rank - 1] ?? Number.NaN;
    const parts = (count: number) => Array.from({ length: count - 1 }, (_, k) => at(Math.ceil(((k + 1) * sorted.length) / count)));
    summary.numbers.push({
      ...key,
      rows: sorted.length,
      quantiles: parts(1024),
      deciles: parts(10),
      low: at(1),
      high: at(sorted.length),
    });
  }
  const [subject] = buildGrid(MODEL, 1, [summary]).subjects;
  if (!subject) throw new Error("A column made no bins.");
  return subject.grid;
}

/** The bin of every row; one beyond the last for a missing value. */
function binsOf(grid: SubjectGrid, values: Float64Array): Uint16Array {
  const missing = binCount(grid);
  if (grid.kind === "numeric") return Uint16Array.from(values, (value) => (Number.isNaN(value) ? missing : numericBin(grid.edges, value)));
  const places = new Map(grid.categories.map((category, place) => [Number(category), place]));
  return Uint16Array.from(values, (value) => places.get(value) ?? grid.categories.length + 1);
}

function countsRow(
  grid: SubjectGrid,
  feature: number,
  baseline: string,
  version: string,
  bucket: Millis,
  bins: Uint16Array,
  values: Float64Array,
  begin: number,
  end: number,
): Record<string, unknown> {
  const cells = new Float64Array(binCount(grid) + 1);
  let [low, high, lowSum, highSum] = [Infinity, -Infinity, 0, 0];
  const last = binCount(grid) - 1;
  for (let row = begin; row < end; row++) {
    const bin = bins[row] ?? 0;
    const value = values[row] ?? Number.NaN;
    cells[bin] = (cells[bin] ?? 0) + 1;
    if (bin > last) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (bin === 0) lowSum += value;
    if (bin === last) highSum += value;
  }
  const occupied = [...cells.subarray(0, last + 1).keys()].filter((bin) => (cells[bin] ?? 0) > 0);
  const listed = cells.subarray(0, (occupied.at(-1) ?? -1) + 1);
  const isFull = 2 * occupied.length >= listed.length;
  const isNumeric = grid.kind === "numeric";
  const units = (sum: number) => (isNumeric ? BigInt(Math.round(sum / grid.quantum)).toString() : "0");
  return {
    model: MODEL,
    baseline,
    version,
    subject: "feature",
    feature: nameOf(feature),
    grid: 1,
    bucket: bucket / 1000,
    rows: end - begin,
    missing: cells[last + 1],
    bins: isFull ? [] : occupied,
    counts: isFull ? [...listed] : occupied.map((bin) => cells[bin]),
    low: isNumeric && low <= high ? low : null,
    high: isNumeric && low <= high ? high : null,
    low_sum: units(lowSum),
    high_sum: units(highSum),
    generation: 1,
  };
}

/** The program's monitor over such a store; `setNow` says up to when events are complete. */
export async function openMonitor(store: Store): Promise<{ monitor: Monitor; setNow: (time: Millis) => void }> {
  let now = FIRST_DAY;
  let sequence = 2;
  const monitor = createMonitor({
    store,
    models: new Map([[MODEL, DRIFT_SETTINGS]]),
    rules: [],
    openBaseline: async () => ({
      source: "training.ndjson",
      digest: DIGEST,
      rows: () => {
        throw new Error("The baseline is stored already.");
      },
    }),
    precedence: () => "",
    watermark: () => now,
    nextSequence: () => sequence++,
    onMeasured: async () => {},
    settlePatience: 1,
    isStopping: () => false,
    clock: () => now,
    log: silentLog,
  });
  await monitor.start();
  return { monitor, setNow: (time) => (now = time) };
}

/** The drift of all features in a window, computed and not stored. */
export function driftOf(monitor: Monitor, window: Window): Promise<Measurement[]> {
  return monitor.measure({ model: MODEL, window, baselines: ["training"], families: ["drift"], only: { subject: "feature" } });
}
