import { binCount, type Grid } from "../model/grid.ts";
import type { LabelledGrid } from "../model/outcome-grid.ts";
import { BASELINE_FEATURES } from "./baselines.ts";
import { UNIT, unitsSql } from "./exact-sums.ts";
import { GRID_TABLES } from "./grid-sql.ts";
import { outcomeTerms } from "./outcome-terms.ts";
import type { Store } from "./store.ts";

/** Rows by bin, with sum and sum of squares; the last bin holds rows without a usable value. */
type Means = { readonly rows: number[]; readonly sums: number[]; readonly squares: number[] };

/** Of one feature: what the rows of each bin scored, and how wrong they were, both in units of the outcome grid. */
export type BinEffects = { readonly score: Means; readonly error: Means };

/**
 * Notes, for each bin of every feature of a baseline, what its rows scored and how wrong they were: what a model scores is
 * its score, or its prediction where that is a number; how wrong it is is 0 or 1, or the size of the error.
 */
export async function countBinEffects(
  store: Store,
  rows: { readonly model: string; readonly baseline: string },
  grid: Grid,
  outcomeGrid: LabelledGrid,
  generation: number,
): Promise<void> {
  const terms = outcomeTerms(outcomeGrid);
  const isNumber = outcomeGrid.task === "regression";
  const score = isNumber ? "(assumeNotNull(predicted_number) - {center:Float64}) / {scale:Float64}" : "assumeNotNull(score)";
  const hasScore = isNumber ? "isNotNull(predicted_number)" : "isNotNull(score)";
  const sums = (
    group: string,
  ) => `countIf(has_score) AS scored, sumIf(${unitsSql("s")}, has_score) AS score_sum, sumIf(${unitsSql("s * s")}, has_score) AS score_square,
    countIf(labelled) AS labelled_rows, sumIf(${unitsSql("wrong")}, labelled) AS error_sum, sumIf(${unitsSql("wrong * wrong")}, labelled) AS error_square FROM ${group}`;
  await store.execute(
    `INSERT INTO bin_effects
     WITH
       judged AS (
         SELECT number_names, numbers, category_names, categories, ${terms.row.map(([name, sql]) => `${sql} AS ${name}`).join(", ")},
           ${terms.actual} AS actual, ${terms.predicted} AS predicted, ${hasScore} AS has_score, ${score} AS s,
           ${isNumber ? "abs(e)" : "toFloat64(actual != predicted)"} AS wrong
         FROM (SELECT * EXCEPT (label), isNotNull(label) AS known, ifNull(label, '') AS label FROM ${BASELINE_FEATURES} WHERE model = {model:String} AND baseline = {baseline:String})
         WHERE ${terms.judged}
       ),
       ${GRID_TABLES},
       seen AS (
         SELECT 'feature' AS subject, value.1 AS feature, value.2 AS kind, value.3 AS x, value.4 AS text, has_score, s, labelled, wrong
         FROM judged ARRAY JOIN arrayConcat(
           arrayFilter(value -> NOT isNaN(value.3), arrayMap((name, number) -> tuple(toString(name), 'n', number, ''), number_names, numbers)),
           arrayMap((name, label) -> tuple(toString(name), 'c', toFloat64(0), label), category_names, categories)) AS value
       ),
       placed AS (
         SELECT seen.feature AS feature, if(seen.kind = 'n', edges.bin, known.bin) AS bin, has_score, s, labelled, wrong
         FROM seen
         LEFT JOIN known ON seen.subject = known.subject AND seen.feature = known.feature AND seen.kind = known.kind AND seen.text = known.text
         ASOF LEFT JOIN edges ON seen.subject = edges.subject AND seen.feature = edges.feature AND seen.kind = edges.kind AND seen.x <= edges.edge
         WHERE edges.quantum > 0 OR known.hit = 1
       ),
       effects AS (
         SELECT toNullable(feature) AS feature, toUInt16(bin) AS place, ${sums("placed GROUP BY feature, place")}
         UNION ALL
         SELECT NULL, toUInt16(0), ${sums("judged")}
       )
     SELECT {model:String}, {baseline:String}, {grid:UInt32}, feature, groupArray(place), groupArray(scored), groupArray(score_sum), groupArray(score_square),
       groupArray(labelled_rows), groupArray(error_sum), groupArray(error_square), {generation:UInt64}
     FROM effects GROUP BY feature`,
    { ...terms.params, ...rows, grid: grid.version, generation },
  );
}

type Row = {
  feature: string | null;
  places: number[];
  scored_rows: number[];
  score: number[];
  score_square: number[];
  labelled_rows: number[];
  error: number[];
  error_square: number[];
};

/** The effects of a baseline by name of the feature; empty where none were noted. */
export async function readBinEffects(
  store: Store,
  rows: { readonly model: string; readonly baseline: string },
  grid: Grid,
): Promise<Map<string, BinEffects>> {
  const floats = (column: string) => `arrayMap(units -> toFloat64(units), e.${column})`;
  const found = await store.query<Row>(
    `SELECT e.feature AS feature, e.bins AS places, e.scored AS scored_rows, ${floats("score_sums")} AS score, ${floats("score_squares")} AS score_square,
            e.labelled AS labelled_rows, ${floats("error_sums")} AS error, ${floats("error_squares")} AS error_square
     FROM bin_effects AS e FINAL WHERE e.model = {model:String} AND e.baseline = {baseline:String} AND e.grid = {grid:UInt32}`,
    { ...rows, grid: grid.version },
  );
  const all = found.find(({ feature }) => feature === null);
  if (!all) return new Map();
  const byName = new Map(found.flatMap((row) => (row.feature === null ? [] : [[row.feature, row] as const])));
  return new Map(
    grid.subjects.flatMap(({ key, grid: bins }) => {
      if (key.subject !== "feature") return [];
      const row = byName.get(key.feature);
      const means = (rowsOf: keyof Row, sums: keyof Row, squares: keyof Row): Means => ({
        rows: spread(row?.places, row?.[rowsOf] as number[], all[rowsOf] as number[], binCount(bins), 1),
        sums: spread(row?.places, row?.[sums] as number[], all[sums] as number[], binCount(bins), UNIT),
        squares: spread(row?.places, row?.[squares] as number[], all[squares] as number[], binCount(bins), UNIT),
      });
      return [
        [
          key.feature,
          { score: means("scored_rows", "score", "score_square"), error: means("labelled_rows", "error", "error_square") },
        ] as const,
      ];
    }),
  );
}

/** Values at their bins, and what is left of the whole in one more: rows without a usable value. */
function spread(
  places: readonly number[] = [],
  values: readonly number[] = [],
  all: readonly number[],
  bins: number,
  unit: number,
): number[] {
  const dense = new Array<number>(bins + 1).fill(0);
  places.forEach((place, index) => {
    dense[place] = values[index] ?? 0;
  });
  // In the order of the bins, not of the list: sums of doubles are not the same in any order.
  dense[bins] = Math.max(0, (all[0] ?? 0) - dense.reduce((sum, one) => sum + one, 0));
  return dense.map((one) => one * unit);
}
