import { OUTCOME_HISTOGRAMS, OUTCOME_SUMS, type OutcomeCounts } from "../model/counts.ts";
import { delayBinSql } from "../model/label-delays.ts";
import type { OutcomeGrid } from "../model/outcome-grid.ts";
import type { SegmentGroup } from "../model/segment.ts";
import type { Millis, Window } from "../model/time.ts";
import { BUCKET, bucketParams, bySteps, ROWS_IN_BUCKETS, secondsOf, timeInBuckets, zeroWhatIsGone } from "./buckets.ts";
import type { CountedRows } from "./feature-counts.ts";
import { UNIT, unitsSql } from "./exact-sums.ts";
import { NO_BIN, NO_DELAY, NOWHERE, outcomeTerms } from "./outcome-terms.ts";
import { BINS_A_NAME, hasWeights, weightsOf, weightsRead, weightTerms, type WeightsRow } from "./outcome-weights.ts";
import { BASELINE_FEATURES } from "./baselines.ts";
import { SETTLED_FEATURES, SETTLED_PREDICTIONS } from "./predictions.ts";
import { segmentPlacesSql } from "./segment-sql.ts";
import type { Store } from "./store.ts";

/**
 * Counts the outcomes of some buckets: predictions joined with the labels known so far, each bucket replaced as a
 * whole. `buckets` empty means all (baselines, whose rows carry their labels). What is counted is up to the task
 * (`outcomeTerms`), and each row counts in every segment it is in. Rows are gathered into groups of one class, prediction
 * and bin first, and those into lists.
 */
export async function countOutcomes(
  store: Store,
  rows: CountedRows,
  grid: OutcomeGrid,
  bucketMs: Millis,
  buckets: readonly Millis[],
  generation: number,
  groups: readonly SegmentGroup[] = [],
): Promise<void> {
  const all = buckets.length === 0;
  const terms = outcomeTerms(grid);
  const segments = segmentPlacesSql(groups);
  const params = {
    ...terms.params,
    ...segments.params,
    model: rows.model,
    baseline: rows.baseline,
    ...bucketParams(bucketMs, buckets),
    generation,
  };
  // Without segments no feature is looked at, so none is read.
  const source: OutcomeSource = {
    judged: terms.judged,
    live: groups.length === 0 ? SETTLED_PREDICTIONS : SETTLED_FEATURES,
    baseline: groups.length === 0 ? "(SELECT * FROM baseline_rows FINAL)" : BASELINE_FEATURES,
    segments: `${segments.places} AS in_segments`,
  };
  const actuals = actualsSql(terms.labelBin !== null);
  const hasScores = terms.classScores !== NOWHERE;
  const weights = weightTerms(terms, await hasWeights(store, rows, all, params));
  const joined = rows.baseline === "" ? liveOutcomes(source, all ? "" : `AND ${ROWS_IN_BUCKETS}`) : baselineOutcomes(source);
  await store.execute(
    `INSERT INTO outcome_counts
     WITH
       outcomes AS (
         SELECT version, bucket, in_segments, weight, ${terms.row.map(([name, sql]) => `${sql} AS ${name}`).join(", ")},
           ${terms.actual} AS actual, ${terms.predicted} AS predicted, ${terms.bin} AS bin, ${terms.labelBin ?? "0"} AS label_bin, ${DELAY} AS delay, ${terms.classScores} AS score_places
         FROM (${joined})
       ),
       groups AS (
         SELECT version, bucket, in_segments, labelled, if(labelled, actual, '') AS actual, predicted, bin, count() AS rows, ${actuals.grouped}, groupArrayIf(delay, delay != ${NO_DELAY}) AS took, ${weights.groups}
           ${hasScores ? rowsBy("score_places") : NO_ROWS} AS scored,
           ${terms.sums.map(([, sql], index) => `if(labelled AND bin != ${NO_BIN}, sum(${unitsSql(sql)}), 0) AS sum_${index}`).join(",\n           ")}
         FROM outcomes GROUP BY version, bucket, in_segments, labelled, actual, predicted, bin
       ),
       listed AS (
         SELECT version, bucket, in_segments, labelled, rows, scored, label_places,
           if(labelled AND actual != '', CAST(map(toJSONString((actual, predicted)), rows), 'Map(String, UInt64)'), CAST(map(), 'Map(String, UInt64)')) AS cell,
           ${placesOf(terms.histograms.map(([name, when]) => [OUTCOME_HISTOGRAMS.indexOf(name), when, "bin"]))} AS places,
           arrayMap(place -> rows, places) AS counts,
           if(${terms.first}, took, []) AS delays, if(${terms.first}, [], took) AS other_delays,
           ${placesOf(terms.sums.map(([name, , at]) => [OUTCOME_SUMS.indexOf(name), "labelled", String(at)]))} AS places_of_sums,
           ${weights.listed}
           arrayResize([${terms.sums.map((_, index) => `sum_${index}`).join(", ")}], length(places_of_sums)) AS sums
         FROM groups
       )
     SELECT {model:String}, {baseline:String}, version, ${segments.names}[in_segment + 1], bucket, sum(rows), sumIf(rows, labelled), sumMap(cell),
       tupleElement(${actuals.histograms}, 1), tupleElement(${actuals.histograms}, 2),
       tupleElement(sumMap(places_of_sums, sums), 1), tupleElement(sumMap(places_of_sums, sums), 2), {generation:UInt64},
       ${rowsBy("delays")}, ${rowsBy("other_delays")}, ${hasScores ? "sumMap(scored)" : NO_ROWS}, ${weights.stored}
     FROM listed ARRAY JOIN in_segments AS in_segment GROUP BY version, bucket, in_segment`,
    params,
  );
  if (!all) await zeroWhatIsGone(store, "outcome_counts", params);
}

/** Numbers that turned out true are listed by their bins: groups by them would be nearly as many as rows. */
function actualsSql(hasAny: boolean): { readonly grouped: string; readonly histograms: string } {
  if (!hasAny) return { grouped: "0 AS label_places", histograms: "sumMap(places, counts)" };
  const first = OUTCOME_HISTOGRAMS.indexOf("actuals") * BINS_A_NAME;
  return {
    grouped: `groupArrayIf(toUInt32(${first} + label_bin), labelled) AS label_places`,
    histograms: "sumMap(arrayConcat(places, label_places), arrayConcat(counts, arrayMap(one -> toUInt64(1), label_places)))",
  };
}

/** Labels that know of no time, and those of baselines, took no time that is known. */
const DELAY = `if(labelled AND isNotNull(known_at), ${delayBinSql(
  "intDiv(greatest(0, toInt64(toUnixTimestamp(assumeNotNull(known_at))) - toInt64(toUnixTimestamp(bucket))), {bucket:UInt32})",
)}, ${NO_DELAY})`;
/** How many rows there are of each number of a list that every row or group of rows has. */
const rowsBy = (list: string) => `CAST(sumMap(${list}, arrayMap(one -> toUInt64(1), ${list})), 'Map(UInt16, UInt64)')`;
const NO_ROWS = "CAST(map(), 'Map(UInt16, UInt64)')";

const PREDICTION = "version, predicted_class, predicted_number, score, scores, weight";

type OutcomeSource = { readonly judged: string; readonly live: string; readonly baseline: string; readonly segments: string };

function liveOutcomes({ judged, live, segments }: OutcomeSource, inBuckets: string): string {
  return `SELECT p.*, l.known = 1 AS known, l.label AS label, l.label_number AS label_number, l.known_at AS known_at
    FROM (
      SELECT id, toStartOfHour(time) AS hour, ${BUCKET} AS bucket, ${PREDICTION}, ${segments}
      FROM ${live} WHERE model = {model:String} AND (${judged}) ${inBuckets}
    ) AS p
    LEFT JOIN (
      SELECT id, toStartOfHour(predicted_at) AS hour, label, label_number, outcomes.time AS known_at, 1 AS known FROM outcomes FINAL
      WHERE model = {model:String} AND ${timeInBuckets("predicted_at")}
    ) AS l ON p.id = l.id AND p.hour = l.hour`;
}

function baselineOutcomes({ judged, baseline, segments }: OutcomeSource): string {
  return `SELECT ${BUCKET} AS bucket, ${PREDICTION}, ${segments}, isNotNull(b.label) AS known, ifNull(b.label, '') AS label, label_number, CAST(NULL, 'Nullable(DateTime64(3))') AS known_at
    FROM ${baseline} AS b
    WHERE model = {model:String} AND baseline = {baseline:String} AND (${judged})`;
}

/** The places a group of rows counts at: none where it has no bin. */
function placesOf(entries: readonly (readonly [name: number, when: string, bin: string])[]): string {
  const one = entries.map(([name, when, bin]) => `if(${when}, [toUInt32(${name * BINS_A_NAME} + ${bin})], [])`);
  return `if(bin = ${NO_BIN}, CAST([], 'Array(UInt32)'), arrayConcat(${one.join(", ")}))`;
}

export type StepOutcomes = { readonly from: Millis; readonly byVersion: ReadonlyMap<string, OutcomeCounts> };

/** Those of one row of `outcome_counts AS c`. */
const OUTCOMES_ALONE = `c.predictions AS predictions, c.labelled AS labelled, c.cells AS cells, (c.histogram_places, c.histogram_counts) AS histograms,
            (c.sum_places, arrayMap(units -> toFloat64(units), c.sum_units)) AS sums, c.class_scores AS scored, ${weightsRead((column) => column)} AS weights`;

/** Outcomes of rows of `outcome_counts AS c` together, as `outcomesOf` reads them. */
export const OUTCOMES_TOGETHER = `sum(c.predictions) AS predictions, sum(c.labelled) AS labelled, sumMap(c.cells) AS cells,
            sumMap(c.histogram_places, c.histogram_counts) AS histograms,
            (tupleElement(sumMap(c.sum_places, c.sum_units), 1), arrayMap(units -> toFloat64(units), tupleElement(sumMap(c.sum_places, c.sum_units), 2))) AS sums,
            sumMap(c.class_scores) AS scored, ${weightsRead((column) => `sumMap(${column})`)} AS weights`;

export type OutcomesTogether = {
  predictions: number;
  labelled: number;
  cells: Record<string, number>;
  histograms: [number[], number[]];
  sums: [number[], number[]];
  scored: Record<string, number>;
  weights: WeightsRow;
};

/**
 * Outcome counts within a window, summed by steps of time, of all rows or of one segment. Steps without predictions are
 * absent. Oldest first. A bucket that is a step by itself is read as it stands: adding lists by their places is most of the cost.
 */
export async function readOutcomeCounts(
  store: Store,
  rows: CountedRows,
  window: Window,
  stepMs: Millis,
  bucketMs: Millis,
  segment = "",
): Promise<StepOutcomes[]> {
  const isAlone = stepMs === bucketMs;
  const found = await store.query<OutcomesTogether & { step: number; version: string }>(
    `SELECT intDiv(toUnixTimestamp(c.bucket), {step:UInt32}) * {step:UInt32} AS step, c.version AS version, ${isAlone ? OUTCOMES_ALONE : OUTCOMES_TOGETHER}
     FROM outcome_counts AS c FINAL
     WHERE c.model = {model:String} AND c.baseline = {baseline:String} AND c.segment = {segment:String}
       AND c.bucket >= toDateTime({from:UInt32}, 'UTC') AND c.bucket < toDateTime({to:UInt32}, 'UTC') AND c.predictions > 0
     ${isAlone ? "" : "GROUP BY step, version"} ORDER BY step`,
    { ...rows, segment, step: stepMs / 1000, ...secondsOf(window) },
  );
  return bySteps(found, (byVersion: Map<string, OutcomeCounts>, row) => byVersion.set(row.version, outcomesOf(row)));
}

export function outcomesOf({ predictions, labelled, cells, histograms, sums, scored, weights }: OutcomesTogether): OutcomeCounts {
  return {
    predictions,
    labelled,
    cells: byClasses(cells),
    histograms: byName(OUTCOME_HISTOGRAMS, histograms, 1),
    sums: byName(OUTCOME_SUMS, sums, UNIT),
    classScores: byPlace(scored),
    weights: weightsOf(weights),
  };
}

/** Rows by a number that the store keeps as a key of a map. */
export function byPlace(counts: Readonly<Record<string, number>>): Map<number, number> {
  return new Map(Object.entries(counts).map(([place, rows]) => [Number(place), Number(rows)]));
}

export function byClasses(cells: Readonly<Record<string, number>>): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const [pair, rows] of Object.entries(cells)) {
    const [actual, predicted] = JSON.parse(pair) as [string, string];
    const row = found.get(actual) ?? new Map<string, number>();
    found.set(actual, row.set(predicted, Number(rows)));
  }
  return found;
}

function byName<Name>(
  names: readonly Name[],
  [places, values]: readonly [readonly number[], readonly number[]],
  unit: number,
): Map<Name, Map<number, number>> {
  const found = new Map<Name, Map<number, number>>();
  places.forEach((place, index) => {
    const name = names[Math.floor(place / BINS_A_NAME)] as Name;
    const bins = found.get(name) ?? new Map<number, number>();
    found.set(name, bins.set(place % BINS_A_NAME, (values[index] ?? 0) * unit));
  });
  return found;
}
