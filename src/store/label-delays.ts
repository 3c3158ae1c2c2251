import type { OutcomeCounts } from "../model/counts.ts";
import type { Millis, Window } from "../model/time.ts";
import { secondsOf } from "./buckets.ts";
import { byClasses, byPlace } from "./outcome-counts.ts";
import type { Store } from "./store.ts";

/** What is known of the labels of one version's predictions in one bucket. */
export type LabelledBucket = Pick<OutcomeCounts, "predictions" | "labelled" | "cells"> & {
  readonly from: Millis;
  readonly version: string;
  /** Labelled rows by delay (`model/label-delays.ts`): those that turned out positive, or right, or were of a number; and the others. */
  readonly delays: ReadonlyMap<number, number>;
  readonly otherDelays: ReadonlyMap<number, number>;
};

type Row = {
  at: number;
  version: string;
  predictions: number;
  labelled: number;
  cells: Record<string, number>;
  delays: Record<string, number>;
  other_delays: Record<string, number>;
};

/** The buckets of a window with what is known of their labels, oldest first. */
export async function readLabelDelays(store: Store, model: string, window: Window): Promise<LabelledBucket[]> {
  const rows = await store.query<Row>(
    `SELECT toUnixTimestamp(c.bucket) AS at, c.version AS version, predictions, labelled, cells, delays, other_delays
     FROM outcome_counts AS c FINAL
     WHERE c.model = {model:String} AND c.baseline = '' AND c.segment = '' AND c.predictions > 0
       AND c.bucket >= toDateTime({from:UInt32}, 'UTC') AND c.bucket < toDateTime({to:UInt32}, 'UTC')
     ORDER BY at, version`,
    { model, ...secondsOf(window) },
  );
  return rows.map(({ at, version, predictions, labelled, cells, delays, other_delays: others }) => ({
    from: at * 1000,
    version,
    predictions,
    labelled,
    cells: byClasses(cells),
    delays: byPlace(delays),
    otherDelays: byPlace(others),
  }));
}
