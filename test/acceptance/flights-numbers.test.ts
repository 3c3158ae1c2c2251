import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { addCounts, addOutcomes, binnedRows, sumOf, type Counts, type OutcomeCounts } from "../../src/model/counts.ts";
import { binCount, numericBin, subjectId, type Grid, type NumericGrid, type SubjectGrid } from "../../src/model/grid.ts";
import { subjectName, type Measurement } from "../../src/model/measurement.ts";
import type { Metric } from "../../src/model/metric.ts";
import { DAY, HOUR, type Millis, type Window } from "../../src/model/time.ts";
import { scoredCount, scoredRows } from "../../src/monitor/performance-values.ts";
import { binnedDeviation, tailMeans } from "../../src/monitor/subject-bins.ts";
import { aucFromBins, SCORE_BINS, scoreBin } from "../../src/stats/auc.ts";
import { logLossTerm } from "../../src/stats/log-loss.ts";
import { wassersteinFromBins } from "../../src/stats/wasserstein.ts";
import { readBaselines } from "../../src/store/baselines.ts";
import { readFeatureCounts, type CountedRows } from "../../src/store/feature-counts.ts";
import { readNewestGrid } from "../../src/store/grids.ts";
import { readOutcomeCounts } from "../../src/store/outcome-counts.ts";
import {
  FLIGHT_MODEL,
  flightsAsTheyWere,
  NO_RULES,
  openFlights,
  readFlightLabels,
  readFlightRows,
  REFERENCE_FILES,
  type FlightRow,
} from "../support/flights.ts";

/**
 * Every number about the flights, by UTC month and version, through the whole program and its store, beside the
 * answers of `test/oracle/flights_oracle.py` (NumPy, SciPy and scikit-learn on the raw rows); and the SQL that counts
 * beside the TypeScript that says what is to be counted.
 *
 * The limits are those that are promised. Seen: PSI 9e-16, KS 0.06 of the critical distance (0.00097), AUC 1.4e-4, log
 * loss 7e-14, Wasserstein 0.03 standard deviations; counts and rates to the last bit.
 */

type Both = { readonly reference: number; readonly current: number };
type OracleSubject = {
  readonly kind: "numeric" | "categorical";
  readonly rows: Both;
  readonly missing: Both;
  readonly bins: number;
  readonly psi: number | null;
  readonly jensen_shannon: number | null;
  readonly hellinger: number | null;
  readonly kl: number | null;
  readonly total_variation: number | null;
  readonly l_infinity: number | null;
  readonly chi_square: number | null;
  readonly ks?: number | null;
  readonly critical?: number | null;
  readonly wasserstein?: number | null;
  readonly deviation?: number;
  readonly out_of_range?: number | null;
  readonly unseen?: number;
};
type OraclePerformance = {
  readonly predictions: number;
  readonly labelled: number;
  readonly confusion: {
    readonly tp: number;
    readonly fp: number;
    readonly fn: number;
    readonly tn: number;
  };
} & Readonly<Record<"accuracy" | "precision" | "recall" | "f1" | "roc_auc" | "log_loss", number | null>>;
type OracleItem = {
  readonly month: string;
  readonly version: string;
  readonly subjects: Readonly<Record<string, OracleSubject>>;
  readonly performance: OraclePerformance;
};

const oracle = JSON.parse(readFileSync(new URL("../oracle/flights-oracle.json", import.meta.url), "utf8")) as {
  readonly items: readonly OracleItem[];
};
const FEATURES = [
  "dep_delay",
  "distance",
  "hour",
  "temp",
  "humid",
  "wind_speed",
  "precip",
  "visib",
  "pressure",
  "carrier",
  "dest",
  "weekday",
];
/** April to December, a version or two each, and the last eight flights of New Year's Eve, which are of January in UTC. */
const GROUPS = 13;
const ALWAYS: Window = { from: 0, to: Date.UTC(2100, 0, 1) };
/** Differences of a few units in the last place, where the definition is met exactly. */
const ROUNDING = 1e-12;

let app: App;
let taken: { accepted: number; rejected: number };
let measured: Map<string, Measurement>;
let grid: Grid;
const rows = readFlightRows("predictions.ndjson.gz");
const labels = readFlightLabels();

const months = [...new Set(oracle.items.map(({ month }) => month))];

function windowOf(month: string): Window {
  const [year = 0, one = 0] = month.split("-").map(Number);
  return { from: Date.UTC(year, one - 1, 1), to: Date.UTC(year, one, 1) };
}

function monthOf(time: Millis): string {
  return new Date(time).toISOString().slice(0, 7);
}

beforeAll(async () => {
  const { store, ...counted } = await flightsAsTheyWere();
  taken = counted;
  app = await openFlights(store, NO_RULES);
  measured = new Map();
  for (const month of months) {
    const found = await app.monitor.measure({
      model: FLIGHT_MODEL,
      window: windowOf(month),
      baselines: ["training"],
      families: ["drift", "quality", "performance"],
    });
    for (const one of found) measured.set(JSON.stringify([month, one.version, subjectName(one), one.metric]), one);
  }
  const newest = await readNewestGrid(app.store, FLIGHT_MODEL);
  if (!newest) throw new Error("There is no grid.");
  grid = newest.grid;
}, 600_000);

afterAll(() => app?.stop());

function measurementOf(item: OracleItem, subject: string, metric: Metric): Measurement {
  const found = measured.get(JSON.stringify([item.month, item.version, subject, metric]));
  if (!found) throw new Error(`Nothing measured: ${item.month} ${item.version} ${subject} ${metric}`);
  return found;
}

const subjects = oracle.items.flatMap((item) =>
  Object.entries(item.subjects).map(([name, expected]) => ({
    item,
    name,
    expected,
    at: `${item.month} ${item.version} ${name}`,
  })),
);

/** What is wrong, one line each, and how much was compared. */
function compare(
  cases: Iterable<{
    readonly at: string;
    readonly got: number | null;
    readonly want: number | null;
    readonly within: number;
  }>,
) {
  const wrong: string[] = [];
  let compared = 0;
  for (const { at, got, want, within } of cases) {
    compared += 1;
    if (got === null || want === null) {
      if (got !== want) wrong.push(`${at}: ${got}, not ${want}`);
      continue;
    }
    const distance = Math.abs(got - want);
    if (!(distance <= within)) wrong.push(`${at}: ${got}, not ${want} (${distance} apart, ${within} allowed)`);
  }
  return { wrong, compared };
}

describe("the flights by UTC month", () => {
  it("are all taken, and every version of every month is measured", () => {
    expect(taken).toEqual({ accepted: rows.length + labels.size, rejected: 0 });
    expect(rows.length).toBe(78_302);
    expect(labels.size).toBe(77_992);
    expect(oracle.items).toHaveLength(GROUPS);
    const versions = new Set([...measured.values()].map((one) => `${monthOf(one.from)} ${one.version}`));
    expect([...versions].sort()).toEqual(oracle.items.map(({ month, version }) => `${month} ${version}`).sort());
    expect(new Set(subjects.map(({ name }) => name))).toEqual(new Set([...FEATURES, "prediction", "score"]));
  });

  it.each([
    ["psi", "NumPy", 1e-9],
    ["jensen_shannon", "SciPy", 1e-9],
    ["hellinger", "NumPy", 1e-9],
    ["kl", "SciPy", 1e-9],
    ["total_variation", "NumPy", 1e-12],
    ["l_infinity", "NumPy", 1e-12],
    ["chi_square", "SciPy", 1e-6],
  ] as const)("have the %s that %s gives, of every feature, the prediction and the score, to %d", (metric, _library, within) => {
    const { wrong, compared } = compare(
      subjects.map(({ item, name, expected, at }) => ({
        at,
        got: measurementOf(item, name, metric).value,
        want: expected[metric],
        within,
      })),
    );
    expect(wrong).toEqual([]);
    expect(compared).toBe(GROUPS * (FEATURES.length + 2));
  });

  it("count the same rows and missing values on either side", () => {
    const counted = subjects.flatMap(({ item, name, expected, at }) => {
      const drift = measurementOf(item, name, "psi").rows;
      const cases = (["reference", "current"] as const).map((side) => ({
        at: `${at} ${side}`,
        got: drift[side],
        want: expected.rows[side],
        within: 0,
      }));
      if (!FEATURES.includes(name)) return cases;
      const missing = measurementOf(item, name, "missing_rate");
      const absent = (["reference", "current"] as const).map((side) => ({
        at: `${at} ${side} missing`,
        got: missing.rows[side] - drift[side],
        want: expected.missing[side],
        within: 0,
      }));
      return [...cases, ...absent];
    });
    const { wrong, compared } = compare(counted);
    expect(wrong).toEqual([]);
    expect(compared).toBe(GROUPS * 2 * (2 * FEATURES.length + 2));
  });

  it("have the rates of missing, unseen and out-of-range values that the raw rows have", () => {
    const rates = subjects
      .filter(({ item, name }) => FEATURES.includes(name) && item.performance.predictions >= 30)
      .flatMap(({ item, name, expected, at }) => {
        const other = expected.kind === "numeric" ? "out_of_range_rate" : "unseen_rate";
        const total = expected.rows.current + expected.missing.current;
        const beyond = (expected.kind === "numeric" ? expected.out_of_range : expected.unseen) ?? 0;
        return [
          {
            at: `${at} missing`,
            got: measurementOf(item, name, "missing_rate").value,
            want: expected.missing.current / total,
            within: 0,
          },
          {
            at: `${at} ${other}`,
            got: measurementOf(item, name, other).value,
            want: beyond / expected.rows.current,
            within: 0,
          },
        ];
      });
    const { wrong, compared } = compare(rates);
    expect(wrong).toEqual([]);
    expect(compared).toBe((GROUPS - 1) * 2 * FEATURES.length);
  });

  it("have SciPy's KS distance within the bracket, and within a tenth of the critical distance of it", () => {
    const numbers = subjects.filter(({ expected }) => expected.kind === "numeric");
    const outside: string[] = [];
    const { wrong, compared } = compare(
      numbers.map(({ item, name, expected, at }) => {
        const found = measurementOf(item, name, "ks");
        const want = expected.ks ?? null;
        const [lower, upper] = found.detail.bracket ?? [NaN, NaN];
        if (want !== null && !(lower === found.value && lower - ROUNDING <= want && want <= upper + ROUNDING))
          outside.push(`${at}: ${want} is not in [${lower}, ${upper}]`);
        return { at, got: found.value, want, within: 0.1 * (expected.critical ?? 0) };
      }),
    );
    expect(outside).toEqual([]);
    expect(wrong).toEqual([]);
    expect(compared).toBe(GROUPS * 10);
  });

  it("have scikit-learn's counts, accuracy, precision, recall and F1 exactly, its AUC and log loss to 1e-3", () => {
    const exact = ["accuracy", "precision", "recall", "f1"] as const;
    const close = ["roc_auc", "log_loss"] as const;
    const cases = (metrics: readonly (typeof exact | typeof close)[number][], within: number) =>
      oracle.items.flatMap((item) =>
        metrics.map((metric) => ({
          at: `${item.month} ${item.version} ${metric}`,
          got: measurementOf(item, "performance", metric).value,
          want: item.performance[metric],
          within,
        })),
      );
    for (const item of oracle.items) {
      const { rows: counted, labelled, detail } = measurementOf(item, "performance", "accuracy");
      const { predictions, confusion } = item.performance;
      expect({ predictions: counted.current, labelled, confusion: detail.confusion }).toEqual({
        predictions,
        labelled: item.performance.labelled,
        confusion,
      });
    }
    const rates = compare(cases(exact, 0));
    expect(rates.wrong).toEqual([]);
    expect(rates.compared).toBe(GROUPS * 4);
    const binned = compare(cases(close, 1e-3));
    expect(binned.wrong).toEqual([]);
    expect(binned.compared).toBe(GROUPS * 2);
  });
});

/** Counts of the live rows, in SQL, by `month version`, then by subject. */
async function countsInSql(of: CountedRows): Promise<Map<string, Map<string, Counts>>> {
  const parts = new Map<string, Map<string, Counts[]>>();
  for (const step of await readFeatureCounts(app.store, of, grid, ALWAYS, of.baseline === "" ? DAY : 365 * DAY)) {
    for (const [version, counts] of step.byVersion) {
      const key = of.baseline === "" ? `${monthOf(step.from)} ${version}` : version;
      const group = parts.get(key) ?? new Map<string, Counts[]>();
      parts.set(key, group);
      for (const [id, one] of counts) group.set(id, [...(group.get(id) ?? []), one]);
    }
  }
  const gridOf = new Map(grid.subjects.map(({ key, grid: bins }) => [subjectId(key), bins]));
  return new Map(
    [...parts].map(([key, group]) => [
      key,
      new Map([...group].map(([id, list]) => [id, addCounts(list, binCount(gridOf.get(id) as SubjectGrid))])),
    ]),
  );
}

function binIn(bins: SubjectGrid, value: number | string): number | null {
  if (bins.kind === "numeric") return typeof value === "number" ? numericBin(bins.edges, value) : null;
  if (typeof value === "number") return null;
  const known = bins.categories.indexOf(value);
  if (known >= 0) return known;
  return bins.rare.includes(value) ? bins.categories.length : bins.categories.length + 1;
}

/** The same from the raw rows. `lowSum` and `highSum` are plain sums here, of values rather than quanta. */
function countsInTypeScript(list: readonly FlightRow[]): Map<string, Counts> {
  return new Map(
    grid.subjects.map(({ key, grid: bins }) => {
      const cells = new Array<number>(binCount(bins)).fill(0);
      let [missing, unparsable, low, high, lowSum, highSum] = [0, 0, Infinity, -Infinity, 0, 0];
      for (const row of list) {
        const value = key.subject === "feature" ? row.features[key.feature] : row[key.subject];
        if (value === null || value === undefined) {
          missing += 1;
          continue;
        }
        const bin = binIn(bins, value);
        if (bin === null) {
          unparsable += 1;
          continue;
        }
        cells[bin] = (cells[bin] ?? 0) + 1;
        if (typeof value === "string") continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
        if (bin === 0) lowSum += value;
        if (bin === cells.length - 1) highSum += value;
      }
      const unseen = bins.kind === "categorical" ? (cells.at(-1) ?? 0) : 0;
      const extremes = {
        low: low === Infinity ? null : low,
        high: high === -Infinity ? null : high,
      };
      return [
        subjectId(key),
        {
          bins: cells,
          rows: list.length,
          missing,
          unparsable,
          nonFinite: 0,
          unseen,
          ...extremes,
          lowSum,
          highSum,
        },
      ];
    }),
  );
}

/** Where the two differ; the sums of outer bins are kept in quanta, so to half of one a row. */
function differences(at: string, inSql: Counts | undefined, inTypeScript: Counts, quantum: number): string[] {
  if (!inSql) return [`${at}: not counted`];
  const { lowSum, highSum, ...counted } = inSql;
  const { lowSum: low, highSum: high, ...expected } = inTypeScript;
  const off = (got: number, want: number, count: number) => Math.abs(got - want) > count * quantum;
  const wrong =
    JSON.stringify(counted) === JSON.stringify(expected) ? [] : [`${at}: ${JSON.stringify(counted)}, not ${JSON.stringify(expected)}`];
  if (off(lowSum, low, expected.bins[0] ?? 0)) wrong.push(`${at}: lowSum ${lowSum}, not ${low}`);
  if (off(highSum, high, expected.bins.at(-1) ?? 0)) wrong.push(`${at}: highSum ${highSum}, not ${high}`);
  return wrong;
}

function byGroup(list: readonly FlightRow[]): Map<string, FlightRow[]> {
  const groups = new Map<string, FlightRow[]>();
  for (const row of list) {
    const key = `${monthOf(Date.parse(row.time))} ${row.version}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

describe("counting in SQL", () => {
  it("puts every row of every month in the bin that TypeScript says", async () => {
    const inSql = await countsInSql({ model: FLIGHT_MODEL, baseline: "" });
    const groups = byGroup(rows);
    expect([...inSql.keys()].sort()).toEqual([...groups.keys()].sort());
    const wrong: string[] = [];
    let compared = 0;
    for (const [group, list] of groups) {
      const expected = countsInTypeScript(list);
      for (const { key, grid: bins } of grid.subjects) {
        const id = subjectId(key);
        wrong.push(
          ...differences(
            `${group} ${id}`,
            inSql.get(group)?.get(id),
            expected.get(id) as Counts,
            bins.kind === "numeric" ? bins.quantum : 0,
          ),
        );
        compared += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBe(GROUPS * (FEATURES.length + 2));
  });

  it("does so for the rows of either baseline", async () => {
    const wrong: string[] = [];
    const baselines = await readBaselines(app.store, FLIGHT_MODEL);
    expect(baselines.map(({ version }) => version).sort()).toEqual(["2013-h1", "2013-q1"]);
    for (const { key: baseline, version } of baselines) {
      const inSql = (await countsInSql({ model: FLIGHT_MODEL, baseline })).get(version);
      const expected = countsInTypeScript(readFlightRows(REFERENCE_FILES[version] ?? ""));
      for (const { key, grid: bins } of grid.subjects) {
        const id = subjectId(key);
        wrong.push(
          ...differences(`${version} ${id}`, inSql?.get(id), expected.get(id) as Counts, bins.kind === "numeric" ? bins.quantum : 0),
        );
      }
    }
    expect(wrong).toEqual([]);
  });

  it("bins scores as `scoreBin` does, and sums log loss as `logLossTerm` does", async () => {
    const steps = await readOutcomeCounts(app.store, { model: FLIGHT_MODEL, baseline: "" }, ALWAYS, HOUR, HOUR);
    const parts = new Map<string, OutcomeCounts[]>();
    for (const step of steps)
      for (const [version, one] of step.byVersion)
        parts.set(`${monthOf(step.from)} ${version}`, [...(parts.get(`${monthOf(step.from)} ${version}`) ?? []), one]);
    const groups = byGroup(rows);
    let moved = 0;
    let worst = 0;
    for (const item of oracle.items) {
      const group = `${item.month} ${item.version}`;
      const inSql = addOutcomes(parts.get(group) ?? []);
      const known = (groups.get(group) ?? []).flatMap((row) =>
        labels.has(row.id) ? [{ score: row.score, late: labels.get(row.id) === "late" }] : [],
      );
      for (const late of [true, false]) {
        const expected = new Map<number, number>();
        for (const one of known) if (one.late === late) expected.set(scoreBin(one.score), (expected.get(scoreBin(one.score)) ?? 0) + 1);
        moved += rowsMoved(inSql.histograms.get(late ? "positives" : "negatives") ?? new Map(), expected);
      }
      const terms = known.map((one) => logLossTerm(one.score, one.late));
      const sum = terms.reduce((total, term) => total + term, 0);
      const squares = terms.reduce((total, term) => total + term * term, 0);
      worst = Math.max(worst, Math.abs(sumOf(inSql, "log_loss") / sum - 1), Math.abs(sumOf(inSql, "log_loss_squared") / squares - 1));
      const { positives, negatives } = scoredRows(inSql);
      expect(scoredCount(inSql)).toBe(known.length);
      const area = aucFromBins(positives.sums, negatives.sums, 0.95);
      expect(Math.abs((area?.value ?? NaN) - (item.performance.roc_auc ?? NaN))).toBeLessThanOrEqual((area?.errorBound ?? NaN) + ROUNDING);
    }
    // Two implementations of ln may put a score within rounding of an edge one bin apart; of these none is.
    expect(moved).toBe(0);
    expect(worst).toBeLessThan(1e-9);
  });

  it("leaves the Wasserstein distance within its stated error of SciPy's", async () => {
    const inSql = await countsInSql({ model: FLIGHT_MODEL, baseline: "" });
    const baselines = await readBaselines(app.store, FLIGHT_MODEL);
    const references = new Map<string, Map<string, Counts>>();
    for (const { key, version } of baselines)
      references.set(version, (await countsInSql({ model: FLIGHT_MODEL, baseline: key })).get(version) ?? new Map());
    const wrong: string[] = [];
    let compared = 0;
    let worst = 0;
    for (const { item, name, expected, at } of subjects) {
      if (expected.kind !== "numeric") continue;
      compared += 1;
      const { value } = measurementOf(item, name, "wasserstein");
      if (expected.wasserstein === null || expected.wasserstein === undefined || value === null) {
        if (value !== expected.wasserstein) wrong.push(`${at}: ${value}, not ${expected.wasserstein}`);
        continue;
      }
      const id = name === "score" ? name : `feature:${name}`;
      const bins = grid.subjects.find(({ key }) => subjectId(key) === id)?.grid as NumericGrid;
      const [reference, current] = [
        references.get(item.version)?.get(id) as Counts,
        inSql.get(`${item.month} ${item.version}`)?.get(id) as Counts,
      ];
      const found = wassersteinFromBins({
        edges: bins.edges,
        reference: reference.bins,
        current: current.bins,
        referenceTails: tailMeans(reference),
        currentTails: tailMeans(current),
      });
      const deviation = binnedDeviation(bins, reference) ?? NaN;
      const [distance, bound] = [found?.value ?? NaN, found?.errorBound ?? NaN];
      // Rows in the outer bins lie beyond every reference row here, so that gathering them at their mean costs nothing.
      const exactDeviation = expected.deviation ?? NaN;
      worst = Math.max(worst, Math.abs(value - expected.wasserstein / exactDeviation));
      if (!(Math.abs(value - distance / deviation) <= ROUNDING)) wrong.push(`${at}: ${value} is not ${distance / deviation}`);
      if (!(Math.abs(distance - expected.wasserstein) <= bound + 1e-9))
        wrong.push(`${at}: ${distance}, not ${expected.wasserstein} (± ${bound})`);
      if (!(Math.abs(deviation - exactDeviation) <= largestMove(bins, reference) + 1e-9))
        wrong.push(`${at}: deviation ${deviation}, not ${exactDeviation}`);
    }
    expect(wrong).toEqual([]);
    expect(compared).toBe(GROUPS * 10);
    // The bound is honest but wide where tails are long; what is shown stays well within the 0.1 that rules fire at.
    expect(worst).toBeLessThan(0.05);
  });
});

/** The root mean square of how far rows of inner bins may lie from the middle: no deviation is further off than that. */
function largestMove(bins: NumericGrid, counts: Counts): number {
  const squares = bins.edges.slice(1).map((edge, index) => (counts.bins[index + 1] ?? 0) * ((edge - (bins.edges[index] ?? edge)) / 2) ** 2);
  return Math.sqrt(squares.reduce((sum, one) => sum + one, 0) / binnedRows(counts));
}

/** Half the sum of differences: rows that lie in another bin. More than one bin off counts for as many rows. */
function rowsMoved(got: ReadonlyMap<number, number>, want: ReadonlyMap<number, number>): number {
  let [balance, moved] = [0, 0];
  for (let bin = 0; bin < SCORE_BINS; bin += 1) {
    balance += (got.get(bin) ?? 0) - (want.get(bin) ?? 0);
    moved += Math.abs(balance);
  }
  return moved;
}
