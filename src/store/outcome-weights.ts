import { OUTCOME_HISTOGRAMS, OUTCOME_SUMS, type OutcomeWeights } from "../model/counts.ts";
import { timeInBuckets } from "./buckets.ts";
import type { CountedRows } from "./feature-counts.ts";
import { UNIT, unitsSql } from "./exact-sums.ts";
import { NO_BIN, type OutcomeTerms } from "./outcome-terms.ts";
import type { QueryParams, Store } from "./store.ts";

/** The columns that weights stand in, in the order of the table. */
const COLUMNS = {
  cell_weights: "String",
  cell_squares: "String",
  bin_weights: "UInt32",
  bin_squares: "UInt32",
  sum_weights: "UInt32",
  class_score_weights: "UInt16",
  class_score_squares: "UInt16",
} as const;
const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/** Whether any row to be counted has a weight of its own: most never have, and cost nothing then. */
export async function hasWeights(store: Store, { baseline }: CountedRows, all: boolean, params: QueryParams): Promise<boolean> {
  const where = `model = {model:String} AND weight != 1 ${baseline === "" ? "" : "AND baseline = {baseline:String}"} ${all ? "" : `AND ${timeInBuckets("time")}`}`;
  const found = await store.query(
    `SELECT 1 AS one FROM ${baseline === "" ? "predictions" : "baseline_rows"} WHERE ${where} LIMIT 1`,
    params,
  );
  return found.length > 0;
}

/** What weights add, at each step of `countOutcomes`: to groups of rows, to lists of them, and to what is stored. */
export type WeightTerms = { readonly groups: string; readonly listed: string; readonly stored: string };

export function weightTerms({ sums }: OutcomeTerms, hasAny: boolean): WeightTerms {
  if (!hasAny) return { groups: "", listed: "", stored: NAMES.map((name) => `CAST(map(), 'Map(${COLUMNS[name]}, Int128)')`).join(", ") };
  const excess = unitsSql("weight - 1");
  const squares = unitsSql("weight * weight - 1");
  const byClass = (units: string) => `CAST(sumMap(score_places, arrayMap(place -> ${units}, score_places)), 'Map(UInt16, Int128)')`;
  return {
    groups: `sum(${excess}) AS excess, sum(${squares}) AS excess_squares,
           ${byClass(excess)} AS class_score_weights, ${byClass(squares)} AS class_score_squares,
           ${sums.map(([, sql], index) => `if(labelled AND bin != ${NO_BIN}, sum(${unitsSql(`(weight - 1) * (${sql})`)}), 0) AS excess_${index}`).join(",\n           ")},`,
    listed: `mapApply((pair, one) -> (pair, excess), cell) AS cell_weights, mapApply((pair, one) -> (pair, excess_squares), cell) AS cell_squares,
           mapFromArrays(places, arrayMap(place -> excess, places)) AS bin_weights,
           mapFromArrays(places, arrayMap(place -> excess_squares, places)) AS bin_squares,
           mapFromArrays(places_of_sums, arrayResize([${sums.map((_, index) => `excess_${index}`).join(", ")}], length(places_of_sums))) AS sum_weights,
           class_score_weights, class_score_squares,`,
    stored: NAMES.map((name) => `sumMap(${name})`).join(", "),
  };
}

/** The weights of rows of `outcome_counts AS c`, as `weightsOf` reads them: each column as `read` has it. */
export function weightsRead(read: (column: string) => string): string {
  return `(${NAMES.map((name) => `mapApply((place, units) -> (place, toFloat64(units)), ${read(`c.${name}`)})`).join(", ")})`;
}

export type WeightsRow = Readonly<Record<string, number>>[];

/** Null where every weight is 1. */
export function weightsOf(columns: WeightsRow): OutcomeWeights | null {
  if (columns.every((column) => Object.keys(column).length === 0)) return null;
  const [cells = {}, cellSquares = {}, bins = {}, binSquares = {}, sums = {}, scores = {}, scoreSquares = {}] = columns;
  return {
    cells: { sums: byKey(cells, String), squares: byKey(cellSquares, String) },
    histograms: { sums: byKey(bins, namedPlace(OUTCOME_HISTOGRAMS)), squares: byKey(binSquares, namedPlace(OUTCOME_HISTOGRAMS)) },
    sums: byKey(sums, namedPlace(OUTCOME_SUMS)),
    classScores: { sums: byKey(scores, String), squares: byKey(scoreSquares, String) },
  };
}

function byKey(column: Readonly<Record<string, number>>, keyOf: (key: string) => string): Map<string, number> {
  return new Map(Object.entries(column).map(([key, units]) => [keyOf(key), units * UNIT]));
}

/** Places are that of the name times this, plus the bin. */
export const BINS_A_NAME = 4_096;

const namedPlace = (names: readonly string[]) => (place: string) =>
  `${names[Math.floor(Number(place) / BINS_A_NAME)] ?? ""} ${Number(place) % BINS_A_NAME}`;
