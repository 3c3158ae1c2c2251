import type { Counts } from "../model/counts.ts";
import { binCount, type SubjectGrid, type SubjectKey } from "../model/grid.ts";
import type { Window } from "../model/time.ts";
import type { CountedRows } from "./feature-counts.ts";
import type { Store } from "./store.ts";

type Row = {
  version: string;
  total: number;
  absent: number;
  unread: number;
  infinite: number;
  novel: number;
  cells: [number[], number[]];
  least: number | null;
  most: number | null;
  low_units: string;
  high_units: string;
};

/** The counts of one subject, summed, by version; a window of null is all time. */
export async function readSubjectCounts(
  store: Store,
  rows: CountedRows,
  gridVersion: number,
  key: SubjectKey,
  grid: SubjectGrid,
  window: Window | null,
): Promise<Map<string, Counts>> {
  const found = await store.query<Row>(
    `SELECT c.version AS version, sum(c.rows) AS total, sum(c.missing) AS absent, sum(c.unparsable) AS unread, sum(c.non_finite) AS infinite, sum(c.unseen) AS novel,
            sumMap(c.places, c.counts) AS cells, min(c.low) AS least, max(c.high) AS most,
            toString(sum(c.low_sum)) AS low_units, toString(sum(c.high_sum)) AS high_units
     FROM feature_counts AS c FINAL
     WHERE c.model = {model:String} AND c.baseline = {baseline:String} AND c.grid = {grid:UInt32} AND c.segment = '' AND c.rows > 0
       AND c.subject = {subject:String} AND c.feature = {feature:String}
       ${window === null ? "" : "AND c.bucket >= toDateTime({from:UInt32}, 'UTC') AND c.bucket < toDateTime({to:UInt32}, 'UTC')"}
     GROUP BY version ORDER BY version`,
    {
      ...rows,
      grid: gridVersion,
      subject: key.subject,
      feature: key.feature,
      from: Math.max(0, Math.floor((window?.from ?? 0) / 1000)),
      to: Math.ceil((window?.to ?? 0) / 1000),
    },
  );
  const quantum = grid.kind === "numeric" ? grid.quantum : 0;
  return new Map(
    found.map((row) => {
      const bins = new Array<number>(binCount(grid)).fill(0);
      row.cells[0].forEach((bin, index) => (bins[bin] = row.cells[1][index] ?? 0));
      const counts: Counts = {
        bins,
        rows: row.total,
        missing: row.absent,
        unparsable: row.unread,
        nonFinite: row.infinite,
        unseen: row.novel,
        low: row.least,
        high: row.most,
        lowSum: Number(row.low_units) * quantum,
        highSum: Number(row.high_units) * quantum,
      };
      return [row.version, counts];
    }),
  );
}
