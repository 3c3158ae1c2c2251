import type { DeadLetter } from "../model/event.ts";
import { floorTo, type Millis } from "../model/time.ts";
import { insertDeadLetters } from "../store/dead-letters.ts";
import { insertLabels, type LabelRow } from "../store/labels.ts";
import { findPredictionRows, findPredictionTimes, insertPredictions, type PredictionRow } from "../store/predictions.ts";
import type { Store } from "../store/store.ts";
import { touchBuckets, type BucketKind, type BucketMark, type Sequence } from "../store/touched-buckets.ts";

/** Rows to be stored together. */
export type Rows = {
  readonly predictions: readonly { readonly row: PredictionRow; readonly time: Millis }[];
  readonly labels: readonly LabelRow[];
  readonly deadLetters: readonly DeadLetter[];
};

const BOTH: readonly BucketKind[] = ["features", "outcomes"];

/**
 * Stores rows and marks the buckets whose counts they change. Marks are set before and after each insert. Before,
 * so that a crash in between leaves a mark even when the sender never comes again; after, because a rollup that ran
 * in between has cleared the first mark without having seen the rows. Everything here may be repeated.
 */
export async function writeRows(
  store: Store,
  rows: Rows,
  bucketOf: (model: string) => Millis,
  sequence: Sequence,
): Promise<{ conflicts: number }> {
  const marks = createMarks(bucketOf);
  let conflicts = 0;

  if (rows.predictions.length > 0) {
    for (const { row, time } of rows.predictions) marks.add(row.model, BOTH, time);
    conflicts = await markConflicts(store, rows.predictions, marks);
    await touchBuckets(store, marks.all(), sequence());
    await insertPredictions(
      store,
      rows.predictions.map(({ row }) => row),
    );
  }

  if (rows.labels.length > 0) {
    const labels = createMarks(bucketOf);
    const unknown: (readonly [model: string, ids: readonly string[]])[] = [];
    for (const [model, ids] of idsByModel(rows.labels)) {
      const found = await findPredictionTimes(store, model, ids);
      for (const { time } of found) labels.add(model, ["outcomes"], time);
      const known = new Set(found.map(({ id }) => id));
      unknown.push([model, ids.filter((id) => !known.has(id))]);
    }
    await touchBuckets(store, labels.all(), sequence());
    await insertLabels(store, rows.labels);
    // Another process may have stored a prediction since, and marked its bucket before these labels were there.
    for (const [model, ids] of unknown) {
      for (const { time } of await findPredictionTimes(store, model, ids)) labels.add(model, ["outcomes"], time);
    }
    marks.addAll(labels.all());
  }

  await touchBuckets(store, marks.all(), sequence());
  await insertDeadLetters(store, rows.deadLetters);
  return { conflicts };
}

/**
 * Marks the buckets of stored rows with an id of `predictions` but other content, and counts those. Whichever row
 * wins, the other's bucket may have been counted with it.
 */
async function markConflicts(store: Store, predictions: Rows["predictions"], marks: Marks): Promise<number> {
  let conflicts = 0;
  const arriving = new Map<string, Map<string, Set<string>>>();
  for (const { row } of predictions) {
    const model = arriving.get(row.model) ?? new Map<string, Set<string>>();
    arriving.set(row.model, model);
    const versions = model.get(row.id);
    if (!versions) model.set(row.id, new Set([row.precedence]));
    else if (!versions.has(row.precedence)) {
      versions.add(row.precedence);
      conflicts++;
    }
  }
  for (const [model, ids] of arriving) {
    const conflicting = new Set<string>();
    for (const stored of await findPredictionRows(store, model, [...ids.keys()])) {
      const versions = ids.get(stored.id);
      if (!versions || (versions.size === 1 && versions.has(stored.precedence))) continue;
      marks.add(model, BOTH, stored.time);
      if (!versions.has(stored.precedence)) conflicting.add(stored.id);
    }
    conflicts += conflicting.size;
  }
  return conflicts;
}

function idsByModel(labels: readonly LabelRow[]): Map<string, string[]> {
  const models = new Map<string, Set<string>>();
  for (const { model, id } of labels) {
    const ids = models.get(model);
    if (ids) ids.add(id);
    else models.set(model, new Set([id]));
  }
  return new Map([...models].map(([model, ids]) => [model, [...ids]]));
}

type Marks = ReturnType<typeof createMarks>;

function createMarks(bucketOf: (model: string) => Millis) {
  const marks = new Map<string, BucketMark>();
  const put = (mark: BucketMark): void => void marks.set(`${mark.bucket} ${mark.kind} ${mark.model}`, mark);
  return {
    add(model: string, kinds: readonly BucketKind[], time: Millis): void {
      const bucket = floorTo(time, bucketOf(model));
      for (const kind of kinds) put({ model, kind, bucket });
    },
    addAll: (more: readonly BucketMark[]): void => more.forEach(put),
    all: (): BucketMark[] => [...marks.values()],
  };
}
