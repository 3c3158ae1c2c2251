import { addCounts, type Counts, type OutcomeCounts } from "../model/counts.ts";
import { binCount, type SubjectGrid } from "../model/grid.ts";
import type { BaselineSettings } from "../model/settings.ts";
import { ceilTo, type Millis, type Window } from "../model/time.ts";
import type { BaselineOutcomes } from "./pinned-rows.ts";
import { trailingSpans } from "./trailing.ts";
import type { Pinned } from "./references.ts";
import { phaseOf, windowsOfSeason } from "./season.ts";
import { emptyCounts } from "./subject-bins.ts";
import { NOTHING_USUAL, usualTrailing, usualWindows, type UsualWindows } from "./usual-windows.ts";

/** Rows that stand still as the counts of one subject: as a whole, and by windows, absent where there are none. */
export type StandingCounts = {
  readonly whole: Counts;
  readonly windows: readonly { readonly from: Millis; readonly own: Counts | undefined }[];
};

/** What is usual of one subject, by the rows that stand still; made once for windows of one length and season. */
export function usualOf(
  {
    settings,
    pinned: { kept, rows },
    window,
    id,
    grid,
  }: {
    readonly settings: BaselineSettings;
    readonly pinned: Pinned;
    readonly window: Window;
    readonly id: string;
    readonly grid: SubjectGrid;
  },
  read: () => StandingCounts | null,
): UsualWindows {
  const length = window.to - window.from;
  const season = seasonOf(settings);
  const phase = settings.kind === "trailing" ? 0 : phaseOf(window.from, season);
  return kept.usual(JSON.stringify([settings.name, rows.key, length, id, phase]), () => {
    const found = read();
    if (found === null) return NOTHING_USUAL;
    if (settings.kind === "trailing") {
      const all = found.windows.map(({ from, own }) => ({ from, own: own ?? emptyCounts(grid) }));
      return usualTrailing(grid, trailingPairs(settings, length, grid, all));
    }
    const windows = found.windows.flatMap(({ from, own }) => (own ? [{ from, own }] : []));
    return usualWindows(
      grid,
      found.whole,
      windowsOfSeason(windows, window.from, season).map(({ own }) => own),
      windows.map(({ own }) => own),
    );
  });
}

/** The outcomes of the windows that say what is usual at a time. */
export function usualOutcomes(settings: BaselineSettings, { windows }: BaselineOutcomes, { from }: Window): OutcomeCounts[] {
  return windowsOfSeason(windows, from, seasonOf(settings)).map(({ outcomes }) => outcomes);
}

function seasonOf(settings: BaselineSettings) {
  return settings.kind === "version" ? undefined : settings.season;
}

/** Windows of a file baseline, each with the trailing stretch before it, where that is whole. */
function trailingPairs(
  settings: Extract<BaselineSettings, { kind: "trailing" }>,
  length: Millis,
  grid: SubjectGrid,
  windows: readonly { readonly from: Millis; readonly own: Counts }[],
) {
  const byStart = new Map(windows.map(({ from, own }) => [from, own]));
  return [...byStart].flatMap(([from, window]) => {
    const parts = trailingSpans(settings, { from, to: from + length }).flatMap((span) => {
      const first = from - ceilTo(from - span.from, length);
      return Array.from({ length: Math.ceil((span.to - first) / length) }, (_, index) => byStart.get(first + index * length));
    });
    const whole = parts.flatMap((part) => part ?? []);
    return whole.length > 0 && whole.length === parts.length ? [{ window, trailing: addCounts(whole, binCount(grid)) }] : [];
  });
}
