import type { SubjectKey } from "../model/grid.ts";
import type { Window } from "../model/time.ts";
import { secondsOf } from "./buckets.ts";
import type { Store } from "./store.ts";

/** How well the bins of one subject fit: the share of rows beyond the outermost edges, or in `other` and `unseen`. */
export type SubjectFit = {
  readonly subject: SubjectKey["subject"];
  readonly feature: string;
  readonly kind: "numeric" | "categorical";
  readonly provisional: boolean;
  /** Live rows of the window that have a bin. */
  readonly rows: number;
  readonly outside: number | null;
  /** The same of the file baselines; null without them. */
  readonly outsideBaselines: number | null;
};

type Row = Omit<SubjectFit, "provisional" | "outside" | "outsideBaselines"> & {
  provisional: number;
  beyond: number;
  pinned: number;
  pinned_beyond: number;
};

/** How well a grid fits the live rows of a window. Versions are taken together. Cost: the counts of the window, and of all baselines. */
export async function readGridFit(store: Store, model: string, grid: number, window: Window): Promise<SubjectFit[]> {
  const rows = await store.query<Row>(
    `WITH
       bins AS (
         SELECT subject, feature, kind, provisional, if(kind = 'numeric', length(edges), length(categories)) AS last
         FROM grids FINAL WHERE model = {model:String} AND grid = {grid:UInt32}
       ),
       counted AS (
         SELECT c.subject AS subject, c.feature AS feature, c.baseline = '' AS live, c.rows - c.missing - c.unparsable AS binned,
           arraySum(arrayMap((bin, n) -> if(bin >= g.last OR (g.kind = 'numeric' AND bin = 0), n, 0), c.places, c.counts)) AS past
         FROM feature_counts AS c FINAL
         INNER JOIN bins AS g ON c.subject = g.subject AND c.feature = g.feature
         WHERE c.model = {model:String} AND c.grid = {grid:UInt32} AND c.segment = '' AND c.rows > 0
           AND (c.baseline != '' OR (c.bucket >= toDateTime({from:UInt32}, 'UTC') AND c.bucket < toDateTime({to:UInt32}, 'UTC')))
       ),
       sums AS (
         SELECT subject, feature, sumIf(binned, live) AS rows, sumIf(past, live) AS beyond,
           sumIf(binned, NOT live) AS pinned, sumIf(past, NOT live) AS pinned_beyond
         FROM counted GROUP BY subject, feature
       )
     SELECT b.subject AS subject, b.feature AS feature, b.kind AS kind, b.provisional AS provisional,
       s.rows AS rows, s.beyond AS beyond, s.pinned AS pinned, s.pinned_beyond AS pinned_beyond
     FROM bins AS b LEFT JOIN sums AS s ON b.subject = s.subject AND b.feature = s.feature
     ORDER BY subject, feature`,
    { model, grid, ...secondsOf(window) },
  );
  return rows.map(({ provisional, beyond, pinned, pinned_beyond: pinnedBeyond, rows: live, ...key }) => ({
    ...key,
    provisional: provisional === 1,
    rows: Number(live),
    outside: Number(live) > 0 ? Number(beyond) / Number(live) : null,
    outsideBaselines: Number(pinned) > 0 ? Number(pinnedBeyond) / Number(pinned) : null,
  }));
}
