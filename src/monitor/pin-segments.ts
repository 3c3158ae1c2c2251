import type { Grid } from "../model/grid.ts";
import {
  featuresOf,
  restName,
  segmentGroupName,
  segmentName,
  type PinnedSegment,
  type SegmentCell,
  type SegmentColumn,
  type SegmentGroup,
  type SegmentSettings,
} from "../model/segment.ts";
import { countMatching, readCellCounts, type CellCount } from "../store/segments.ts";
import type { Store } from "../store/store.ts";

/** Different values of a `by` that are told apart when the most frequent are looked for. */
const KNOWN_CELLS = 10_000;

type By = Extract<SegmentSettings, { kind: "by" }>;

/** The segments of a model as its references have them: `references` are keys of baselines, null for live rows. */
export async function pinSegments(
  store: Store,
  grid: Grid,
  settings: readonly SegmentSettings[],
  references: readonly (string | null)[],
): Promise<SegmentGroup[]> {
  const groups: SegmentGroup[] = [];
  for (const one of settings) {
    const problem = problemOf(one, grid);
    if (one.kind === "where") {
      let rows = 0;
      for (const reference of references) rows += await countMatching(store, grid.model, reference, one);
      groups.push({ name: one.name, settings: one, segments: [{ name: one.name, cells: null, rows }], gathered: 0, problem });
      continue;
    }
    const counts: CellCount[] = [];
    if (problem === null)
      for (const reference of references) counts.push(...(await readCellCounts(store, grid.model, reference, one, KNOWN_CELLS)));
    groups.push(problem === null ? pinBy(one, counts) : { name: segmentGroupName(one), settings: one, segments: [], gathered: 0, problem });
  }
  return groups;
}

/** What stands in the way of an entry, as far as the references show it. */
function problemOf(settings: SegmentSettings, grid: Grid): string | null {
  const kinds = new Map(grid.subjects.flatMap(({ key, grid: bins }) => (key.subject === "feature" ? [[key.feature, bins.kind]] : [])));
  const unknown = (feature: string) => `no row of the reference has a feature named ${feature}`;
  if (settings.kind === "where") {
    const missing = featuresOf(settings.predicate).find((feature) => !kinds.has(feature));
    return missing === undefined ? null : `${unknown(missing)}: look whether it is written as events have it`;
  }
  const problems = settings.columns.flatMap((column) => columnProblem(column, kinds.get(column.feature), unknown));
  return problems[0] ?? null;
}

function columnProblem({ feature, bins }: SegmentColumn, kind: string | undefined, unknown: (feature: string) => string): string[] {
  if (kind === undefined) return [`${unknown(feature)}: look whether it is written as events have it`];
  if (kind === "numeric" && bins === null)
    return [
      `${feature} holds numbers: say where to cut them, as in {by: ${feature}, bins: [10, 20]}, or use a predicate, as in {where: "${feature} > 10", name: large}`,
    ];
  return kind === "categorical" && bins !== null ? [`${feature} holds texts, which cannot be cut into bins: remove its bins`] : [];
}

/**
 * The segments of a `by`: its most frequent values over all references, and the rest. A missing value is
 * one like any other; a single column always has a segment for it.
 */
export function pinBy(settings: By, counts: readonly CellCount[]): SegmentGroup {
  const single = settings.columns.length === 1 ? settings.columns[0] : undefined;
  const rows = new Map<string, { cells: readonly SegmentCell[]; rows: number }>();
  for (const one of counts) {
    const key = JSON.stringify(one.cells);
    rows.set(key, { cells: one.cells, rows: (rows.get(key)?.rows ?? 0) + one.rows });
  }
  const missing = rows.get("[null]")?.rows ?? 0;
  const ordered = [...rows]
    .sort(([a, one], [b, two]) => two.rows - one.rows || (a < b ? -1 : 1))
    .map(([, one]) => one)
    .filter(({ cells }) => !(single && cells[0] === null));
  const pinned = ({ cells, rows: count }: CellCount): PinnedSegment => ({ name: segmentName(settings.columns, cells), cells, rows: count });
  const top: PinnedSegment[] = [];
  const names = new Set<string>();
  for (const one of ordered.slice(0, settings.top).map(pinned)) {
    // Long values are cut, and names made to meet are told apart by nobody: the second joins the rest.
    if (!names.has(one.name)) top.push(one);
    names.add(one.name);
  }
  const rest = ordered.reduce((sum, one) => sum + one.rows, 0) - top.reduce((sum, one) => sum + one.rows, 0);
  return {
    name: segmentGroupName(settings),
    settings,
    segments: [
      ...top,
      ...(single ? [pinned({ cells: [null], rows: missing })] : []),
      { name: restName(settings), cells: null, rows: rest },
    ],
    gathered: ordered.length - top.length,
    problem: null,
  };
}
