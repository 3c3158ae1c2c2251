import type { OutcomeCounts } from "../model/counts.ts";
import type { SubjectKey } from "../model/grid.ts";
import type { Window } from "../model/time.ts";
import { secondsOf } from "./buckets.ts";
import type { CountedRows } from "./feature-counts.ts";
import { OUTCOMES_TOGETHER, outcomesOf, type OutcomesTogether } from "./outcome-counts.ts";
import type { Store } from "./store.ts";

/** Whose counts: of one version or of all, in a stretch of time or in all. */
export type CountedStretch = CountedRows & { readonly version: string | null; readonly window: Window | null };

function conditions({ version, window }: CountedStretch): string {
  return [
    "c.model = {model:String} AND c.baseline = {baseline:String}",
    ...(version === null ? [] : ["c.version = {version:String}"]),
    ...(window === null ? [] : ["c.bucket >= toDateTime({from:UInt32}, 'UTC') AND c.bucket < toDateTime({to:UInt32}, 'UTC')"]),
  ].join(" AND ");
}

const paramsOf = ({ model, baseline, version, window }: CountedStretch) => ({
  model,
  baseline,
  version: version ?? "",
  ...secondsOf(window ?? { from: 0, to: 0 }),
});

/** Outcomes by segment; those of all rows have an empty name. */
export async function readOutcomesBySegment(store: Store, stretch: CountedStretch): Promise<Map<string, OutcomeCounts>> {
  const found = await store.query<OutcomesTogether & { name: string }>(
    `SELECT toString(c.segment) AS name, ${OUTCOMES_TOGETHER}
     FROM outcome_counts AS c FINAL WHERE ${conditions(stretch)} AND c.predictions > 0 GROUP BY name`,
    paramsOf(stretch),
  );
  return new Map(found.map((row) => [row.name, outcomesOf(row)]));
}

/** Rows by bin of one subject, by segment; those of all rows have an empty name. */
export async function readBinsBySegment(
  store: Store,
  stretch: CountedStretch,
  grid: number,
  { subject, feature }: SubjectKey,
  bins: number,
): Promise<Map<string, number[]>> {
  const found = await store.query<{ name: string; cells: [number[], number[]] }>(
    `SELECT toString(c.segment) AS name, sumMap(c.places, c.counts) AS cells
     FROM feature_counts AS c FINAL
     WHERE ${conditions(stretch)} AND c.grid = {grid:UInt32} AND c.subject = {subject:String} AND c.feature = {feature:String} AND c.rows > 0
     GROUP BY name`,
    { ...paramsOf(stretch), grid, subject, feature },
  );
  return new Map(
    found.map(({ name, cells: [places, counts] }) => {
      const dense = new Array<number>(bins).fill(0);
      places.forEach((place, index) => (dense[place] = counts[index] ?? 0));
      return [name, dense];
    }),
  );
}
