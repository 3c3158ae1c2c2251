import type { RejectReason } from "../model/event.ts";
import { floorTo, type Millis } from "../model/time.ts";
import type { FullLetter } from "../store/dead-letters.ts";
import type { LabelRow } from "../store/labels.ts";
import type { PredictionBlock, PredictionRow } from "../store/predictions.ts";
import type { ArrivedHalf } from "./pairing.ts";
import type { ModelBucket } from "./write.ts";

/** What became durable of one model, from one partition. `newest` is the latest event time among it; null when no event told one. */
export type Stored = {
  readonly partition: string;
  readonly model: string;
  readonly newest: Millis | null;
  readonly predictions: number;
  readonly labels: number;
};

/** What became durable, by partition and model. */
type Progress = Map<string, Map<string, Writable<Stored>>>;
type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** What the messages of one call hold, decoded. */
export type Batch = {
  readonly predictions: PredictionBlock[];
  /** Those that do not fill a block. What several batches have left makes one. */
  readonly rows: PredictionRow[];
  readonly buckets: BucketSet;
  readonly labels: LabelRow[];
  readonly halves: ArrivedHalf[];
  readonly deadLetters: FullLetter[];
  readonly rejected: { index: number; reason: RejectReason; message: string }[];
  readonly stored: Progress;
  readonly bytes: number;
  readonly sweeps: boolean;
};

export function emptyBatch(bytes: number, bucketOf: (model: string) => Millis): Batch {
  return {
    predictions: [],
    rows: [],
    buckets: createBucketSet(bucketOf),
    labels: [],
    halves: [],
    deadLetters: [],
    rejected: [],
    stored: new Map(),
    bytes,
    sweeps: false,
  };
}

/** How many messages of a batch are taken. */
export function acceptedIn({ predictions, rows, labels, halves }: Batch): number {
  return rowsIn(predictions) + rows.length + labels.length + halves.length;
}

export function rowsIn(blocks: readonly PredictionBlock[]): number {
  return blocks.reduce((sum, { rows }) => sum + rows, 0);
}

type BucketSet = ReturnType<typeof createBucketSet>;

/** The buckets that events are in. */
export function createBucketSet(bucketOf: (model: string) => Millis) {
  const models = new Map<string, Set<Millis>>();
  // Neighbours are of one bucket nearly always.
  let last = "";
  let from = 0;
  let to = 0;
  return {
    add(model: string, time: Millis): void {
      if (model === last && time >= from && time < to) return;
      last = model;
      from = floorTo(time, bucketOf(model));
      to = from + bucketOf(model);
      models.set(model, (models.get(model) ?? new Set()).add(from));
    },
    list: (): ModelBucket[] => [...models].flatMap(([model, buckets]) => [...buckets].map((bucket) => ({ model, bucket }))),
  };
}

/** Counts an event, or half of one, to what becomes durable with its batch. */
export function noteStored(
  { stored }: Batch,
  partition: string,
  event: { readonly type: string; readonly model: string; readonly time: Millis | null },
): void {
  let models = stored.get(partition);
  if (!models) stored.set(partition, (models = new Map()));
  let progress = models.get(event.model);
  if (!progress) models.set(event.model, (progress = { partition, model: event.model, newest: null, predictions: 0, labels: 0 }));
  if (event.time !== null) progress.newest = Math.max(progress.newest ?? event.time, event.time);
  if (event.type === "prediction") progress.predictions++;
  else if (event.type === "label") progress.labels++;
}

export function storedOf({ stored }: Batch): Stored[] {
  return [...stored.values()].flatMap((models) => [...models.values()]);
}
