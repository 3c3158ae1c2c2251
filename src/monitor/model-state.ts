import { subjectId, type Grid, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import { outcomeGridOf, type OutcomeGrid } from "../model/outcome-grid.ts";
import type { ModelSettings } from "../model/settings.ts";
import type { StoredBaseline } from "../store/baselines.ts";

/** What the monitor holds of one model between ticks. */
export type ModelState = {
  readonly settings: ModelSettings;
  /** The segment whose counts these are; empty for all rows. */
  readonly segment: string;
  readonly baselines: readonly StoredBaseline[];
  readonly grid: Grid;
  readonly grids: ReadonlyMap<string, { readonly key: SubjectKey; readonly grid: SubjectGrid }>;
  /** Null where the outcomes of this model are not counted. */
  readonly outcomeGrid: OutcomeGrid | null;
};

export function modelState(settings: ModelSettings, baselines: readonly StoredBaseline[], grid: Grid): ModelState {
  return {
    settings,
    segment: "",
    baselines,
    grid,
    grids: new Map(grid.subjects.map((subject) => [subjectId(subject.key), subject])),
    outcomeGrid: outcomeGridOf(settings, grid),
  };
}

/** The file baseline that serves a version: its own, else the one for all versions. */
export function fileBaselineFor(state: ModelState, name: string, version: string): StoredBaseline | null {
  const named = state.baselines.filter((baseline) => baseline.name === name);
  return named.find((baseline) => baseline.version === version) ?? named.find((baseline) => baseline.version === "") ?? null;
}

/** The file baseline whose own windows say what is usual for a version beside a trailing stretch. */
export function evidenceBaselineFor(state: ModelState, version: string): StoredBaseline | null {
  for (const { kind, name } of state.settings.baselines) {
    const found = kind === "file" ? fileBaselineFor(state, name, version) : null;
    if (found) return found;
  }
  return null;
}
