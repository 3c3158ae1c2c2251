import type { Grid, SubjectGrid, SubjectKey } from "../model/grid.ts";
import type { ModelSettings } from "../model/settings.ts";
import type { Millis } from "../model/time.ts";
import { answerSql } from "./answer-sql.ts";
import { NUMBERS } from "./predictions.ts";
import { referenceRows, type ReferenceRows } from "./reference-rows.ts";
import { readSegmentGroups } from "./segments.ts";
import type { Store } from "./store.ts";

type GridRow = {
  grid: number;
  subject: SubjectKey["subject"];
  feature: string;
  kind: "numeric" | "categorical";
  edges: number[];
  categories: string[];
  rare: string[];
  quantum: number;
  provisional: number;
};

/** The newest grid of a model, with what it was made from; null before there is one. */
export async function readNewestGrid(store: Store, model: string): Promise<{ grid: Grid; basis: string } | null> {
  const rows = await store.query<GridRow & { basis: string }>(
    `SELECT grid, subject, feature, kind, edges, categories, rare, quantum, provisional, basis FROM grids FINAL
     WHERE model = {model:String} AND grid = (SELECT max(grid) FROM grids WHERE model = {model:String})
     ORDER BY subject, feature`,
    { model },
  );
  const first = rows[0];
  if (!first) return null;
  const segments = await readSegmentGroups(store, model, first.grid);
  return {
    basis: first.basis,
    grid: {
      model,
      version: first.grid,
      ...(segments.length === 0 ? {} : { segments }),
      subjects: rows.map((row) => ({ key: { subject: row.subject, feature: row.feature }, grid: subjectGrid(row) })),
    },
  };
}

function subjectGrid(row: GridRow): SubjectGrid {
  const provisional = row.provisional === 1;
  return row.kind === "numeric"
    ? { kind: "numeric", edges: row.edges, quantum: row.quantum, provisional }
    : { kind: "categorical", categories: row.categories, rare: row.rare, provisional };
}

export async function insertGrid(store: Store, grid: Grid, basis: string, createdAt: Millis): Promise<void> {
  await store.insert(
    "grids",
    grid.subjects.map(({ key, grid: bins }) => ({
      model: grid.model,
      grid: grid.version,
      subject: key.subject,
      feature: key.feature,
      kind: bins.kind,
      edges: bins.kind === "numeric" ? bins.edges : [],
      categories: bins.kind === "categorical" ? bins.categories : [],
      rare: bins.kind === "categorical" ? bins.rare : [],
      quantum: bins.kind === "numeric" ? bins.quantum : 0,
      provisional: bins.provisional ? 1 : 0,
      basis,
      created_at: createdAt,
    })),
  );
}

/** What a numeric grid is made from: sorted order statistics of one baseline's values of one subject. */
export type NumericSummary = {
  readonly subject: SubjectKey["subject"];
  readonly feature: string;
  readonly rows: number;
  /** The 1,023 inner 1,024-quantiles (inverted CDF: each is a value that occurs). */
  readonly quantiles: readonly number[];
  readonly deciles: readonly number[];
  readonly low: number;
  readonly high: number;
};

const VALUES = `arrayConcat(
    arrayFilter(value -> NOT isNaN(value.3), arrayMap((name, x) -> tuple('feature', toString(name), x), number_names, ${NUMBERS})),
    if(isNull(score), [], [tuple('score', '', assumeNotNull(score))]),
    if(isNull(predicted_number), [], [tuple('prediction', '', assumeNotNull(predicted_number))])
  )`;

type RankedRow = {
  subject: SubjectKey["subject"];
  feature: string;
  rows: number;
  low: number;
  high: number;
  ranked: [number, number, number][];
};

/**
 * Order statistics of every numeric subject of one baseline. Inverted-CDF quantiles (NumPy's `inverted_cdf`): the
 * k-th of q parts is the value at rank ceil(k n / q), in whole numbers. The value at rank r therefore serves
 * floor(r q / n) - floor((r - 1) q / n) of them.
 */
export async function readNumericSummaries(store: Store, model: string, rows: ReferenceRows): Promise<NumericSummary[]> {
  const { source, params } = referenceRows(rows);
  const found = await store.query<RankedRow>(
    `SELECT subject, feature, any(n) AS rows, min(x) AS low, max(x) AS high,
            arraySort(groupArrayIf((rank, x, intDiv(rank * 1024, n) - intDiv((rank - 1) * 1024, n)), intDiv(rank * 1024, n) > intDiv((rank - 1) * 1024, n)
              OR intDiv(rank * 10, n) > intDiv((rank - 1) * 10, n))) AS ranked
     FROM (
       SELECT value.1 AS subject, value.2 AS feature, value.3 AS x,
              row_number() OVER (PARTITION BY subject, feature ORDER BY x) AS rank, count() OVER (PARTITION BY subject, feature) AS n
       FROM (SELECT arrayJoin(${VALUES}) AS value FROM ${source})
     )
     GROUP BY subject, feature ORDER BY subject, feature`,
    { model, ...params },
  );
  return found.map(({ subject, feature, rows, low, high, ranked }) => ({
    subject,
    feature,
    rows,
    low,
    high,
    quantiles: ranked.flatMap(([, value, parts]) => new Array<number>(Number(parts)).fill(value)).slice(0, 1023),
    deciles: ranked
      .flatMap(([rank, value]) => (Math.floor((rank * 10) / rows) > Math.floor(((rank - 1) * 10) / rows) ? [value] : []))
      .slice(0, 9),
  }));
}

export type CategorySummary = {
  readonly subject: SubjectKey["subject"];
  readonly feature: string;
  readonly value: string;
  readonly rows: number;
};

/** How often each category of each categorical subject occurs in one baseline, most frequent first; at most `limit` a subject. */
export function readCategorySummaries(
  store: Store,
  { name: model, task }: Pick<ModelSettings, "name" | "task">,
  rows: ReferenceRows,
  limit: number,
): Promise<CategorySummary[]> {
  const { source, params } = referenceRows(rows);
  return store.query<CategorySummary>(
    `SELECT entry.1 AS subject, entry.2 AS feature, entry.3 AS value, count() AS rows
     FROM (
       SELECT arrayJoin(arrayConcat(
         arrayMap((name, text) -> tuple('feature', toString(name), text), category_names, categories),
         arrayMap(answer -> tuple('prediction', '', answer), ${answerSql(task)})
       )) AS entry
       FROM ${source}
     )
     GROUP BY subject, feature, value
     ORDER BY subject, feature, rows DESC, value
     LIMIT {limit:UInt32} BY subject, feature`,
    { model, ...params, limit },
  );
}

/** The labels of a baseline as categories of its predictions, with no rows of their own, by name. */
export function readLabelClasses(store: Store, model: string, baseline: string, limit: number): Promise<CategorySummary[]> {
  return store.query<CategorySummary>(
    `SELECT 'prediction' AS subject, '' AS feature, assumeNotNull(b.label) AS value, 0 AS rows
     FROM baseline_rows AS b FINAL WHERE model = {model:String} AND baseline = {baseline:String} AND isNotNull(b.label)
     GROUP BY value ORDER BY value LIMIT {limit:UInt32}`,
    { model, baseline, limit },
  );
}
