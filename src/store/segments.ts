import type { SegmentCell, SegmentGroup, SegmentSettings } from "../model/segment.ts";
import type { Millis } from "../model/time.ts";
import { referenceRows } from "./reference-rows.ts";
import { cellOf, cellTextsSql, createSegmentParams, predicateSql } from "./segment-sql.ts";
import type { Store } from "./store.ts";

type GroupRow = {
  name: string;
  settings: string;
  names: string[];
  cells: string[];
  rows: number[];
  gathered: number;
  problem: string;
};

/** The segments pinned with one grid, in the order of the configuration. */
export async function readSegmentGroups(store: Store, model: string, grid: number): Promise<SegmentGroup[]> {
  const found = await store.query<GroupRow>(
    `SELECT name, settings, names, cells, rows, gathered, problem FROM segments FINAL
     WHERE model = {model:String} AND grid = {grid:UInt32} ORDER BY place`,
    { model, grid },
  );
  return found.map((row) => ({
    name: row.name,
    settings: JSON.parse(row.settings) as SegmentSettings,
    segments: row.names.map((name, index) => ({
      name,
      cells: JSON.parse(row.cells[index] ?? "null") as readonly SegmentCell[] | null,
      rows: Number(row.rows[index] ?? 0),
    })),
    gathered: Number(row.gathered),
    problem: row.problem || null,
  }));
}

export async function insertSegmentGroups(
  store: Store,
  model: string,
  grid: number,
  groups: readonly SegmentGroup[],
  createdAt: Millis,
): Promise<void> {
  await store.insert(
    "segments",
    groups.map(({ name, settings, segments, gathered, problem }, place) => ({
      model,
      grid,
      place,
      name,
      settings: JSON.stringify(settings),
      names: segments.map((segment) => segment.name),
      cells: segments.map(({ cells }) => JSON.stringify(cells)),
      rows: segments.map(({ rows }) => rows),
      gathered,
      problem: problem ?? "",
      created_at: createdAt,
    })),
  );
}

/** Rows of one reference by what they hold in the columns of a `by`, most first. */
export type CellCount = { readonly cells: readonly SegmentCell[]; readonly rows: number };

/** What the rows of a baseline (live ones for null) hold in some columns, at most `limit` different. */
export async function readCellCounts(
  store: Store,
  model: string,
  baseline: string | null,
  settings: Extract<SegmentSettings, { kind: "by" }>,
  limit: number,
): Promise<CellCount[]> {
  const params = createSegmentParams();
  const found = await store.query<{ cells: string[]; row_count: number }>(
    `SELECT [${cellTextsSql(settings.columns, params).join(", ")}] AS cells, count() AS row_count
     FROM ${referenceRows(baseline === null ? { live: null } : { baseline }).source} GROUP BY cells ORDER BY row_count DESC, cells LIMIT {limit:UInt32}`,
    { model, baseline: baseline ?? "", limit, ...params.values },
  );
  return found.map((row) => ({ cells: row.cells.map(cellOf), rows: Number(row.row_count) }));
}

/** How many rows of a baseline (live ones for null) a predicate holds for. */
export async function countMatching(
  store: Store,
  model: string,
  baseline: string | null,
  { predicate }: Extract<SegmentSettings, { kind: "where" }>,
): Promise<number> {
  const params = createSegmentParams();
  const matches = predicateSql(predicate, params);
  const [row] = await store.query<{ matching: number }>(
    `SELECT countIf(${matches}) AS matching FROM ${referenceRows(baseline === null ? { live: null } : { baseline }).source}`,
    {
      model,
      baseline: baseline ?? "",
      ...params.values,
    },
  );
  return Number(row?.matching ?? 0);
}
