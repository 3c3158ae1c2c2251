import { floorTo, MINUTE, type Millis } from "../model/time.ts";
import { insertDeadLetters, type FullLetter } from "../store/dead-letters.ts";
import type { Layouts } from "../store/layouts.ts";
import { insertLabels, type LabelRow } from "../store/labels.ts";
import { insertPredictions, type PredictionBlock } from "../store/predictions.ts";
import type { Store } from "../store/store.ts";
import { touchBuckets, type BucketMark, type Sequence } from "../store/touched-buckets.ts";

/** Buckets of a model that hold predictions. */
export type ModelBucket = { readonly model: string; readonly bucket: Millis };

/** Rows to be stored together. */
export type Rows = {
  readonly predictions: readonly PredictionBlock[];
  /** The buckets those are in. */
  readonly buckets: readonly ModelBucket[];
  readonly labels: readonly LabelRow[];
  readonly deadLetters: readonly FullLetter[];
};

/**
 * Stores rows and marks what has to be looked at because of them. Marks are set before and after each insert. Before,
 * so that a crash in between leaves a mark even when the sender never comes again; after, because a rollup that ran
 * in between has cleared the first mark without having seen the rows. Everything here may be repeated.
 *
 * Nothing is looked up: what an event does costs the same however much is stored. Who wins where ids clash, and which
 * prediction a label belongs to, is settled by the monitor (`store/settle.ts`).
 */
export async function writeRows(
  store: Store,
  rows: Rows,
  { sequence, layouts, now }: { readonly sequence: Sequence; readonly layouts: Layouts; readonly now: Millis },
): Promise<void> {
  const minute = floorTo(now, MINUTE);
  const marks = marksOf(rows, minute);
  await touchBuckets(store, marks, sequence());
  await insertPredictions(store, rows.predictions, layouts);
  await insertLabels(store, rows.labels, minute);
  await touchBuckets(store, marks, sequence());
  await insertDeadLetters(store, rows.deadLetters);
}

function marksOf({ buckets, labels }: Rows, minute: Millis): BucketMark[] {
  const labelled = new Set(labels.map((row) => row.model));
  return [
    ...buckets.flatMap((one) => (["features", "outcomes", "identity"] as const).map((kind) => ({ ...one, kind }))),
    ...[...labelled].map((model) => ({ model, kind: "labels" as const, bucket: minute })),
  ];
}
