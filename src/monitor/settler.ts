import type { ModelSettings } from "../model/settings.ts";
import { DAY, type Clock, type Millis } from "../model/time.ts";
import { countWaiting, dropArrivals, joinLabels, joinWaiting, putAside, spanOfArrivals, supersede, type Touch } from "../store/settle.ts";
import type { Store } from "../store/store.ts";
import { markCounted, readTouched, touchBuckets, type BucketKind, type TouchedBucket } from "../store/touched-buckets.ts";
import { markSlices } from "./mark-slices.ts";

export type Settler = {
  /** Settles what arrived of a model since the last time: rows that share an id, and labels with their predictions. */
  settle(model: ModelSettings): Promise<void>;
};

/** Arrivals are kept for so long after they are settled. */
const KEEP_ARRIVALS = 2 * DAY;

type Patience = { readonly endedAt: Millis; readonly took: Millis };

/**
 * What arrives is settled in two steps. Near at hand (the buckets in hand, the last few days) at once: its cost follows
 * what arrived. Everywhere else, for ids that came back after a long time: its cost follows what is stored, so
 * it is done `patience` times less often than it takes, and what waits for it stays marked.
 */
export function createSettler(options: {
  store: Store;
  nextSequence: () => number;
  clock: Clock;
  patience: number;
  onSuperseded?: ((rows: number) => void) | undefined;
}): Settler {
  const { store, nextSequence, clock, patience, onSuperseded = () => {} } = options;
  const searched = new Map<string, Patience>();
  /** Minutes of arrival that go on, whose labels this process has joined so far, by model. */
  const joined = new Map<string, readonly Millis[]>();
  let droppedAt = 0;

  const isTimeToSearch = (model: string): boolean => {
    const last = searched.get(model);
    return last === undefined || clock() >= last.endedAt + patience * last.took;
  };

  const touchAs =
    (model: string, kinds: readonly BucketKind[]): Touch =>
    (buckets) =>
      touchBuckets(
        store,
        kinds.flatMap((kind) => buckets.map((bucket) => ({ model, kind, bucket }))),
        nextSequence(),
      );

  async function settle(model: ModelSettings): Promise<void> {
    const due = await readTouched(store, model.name, ["features", "identity", "labels"]);
    if (due.length === 0) return;
    const of = (kind: BucketKind) => due.filter((one) => one.kind === kind);
    const begun = clock();
    const everywhere = isTimeToSearch(model.name);
    const couldSearch = await settleLabels(model, of("labels"), everywhere);
    await settlePredictions(model, of("features"), of("identity"), everywhere);
    if (everywhere && (couldSearch || of("identity").length > 0)) searched.set(model.name, { endedAt: clock(), took: clock() - begun });
    if (clock() > droppedAt + DAY) {
      await dropArrivals(store, clock() - KEEP_ARRIVALS);
      droppedAt = clock();
    }
  }

  /** Resolves with whether labels were searched for everywhere. */
  async function settleLabels(model: ModelSettings, due: readonly TouchedBucket[], everywhere: boolean): Promise<boolean> {
    if (due.length === 0) return false;
    const arrivals = { model: model.name, bucketMs: model.bucket, minutes: due.map((one) => one.bucket) };
    const touch = touchAs(model.name, ["outcomes"]);
    const span = await spanOfArrivals(store, arrivals);
    const before = (joined.get(model.name) ?? []).filter((minute) => arrivals.minutes.includes(minute));
    // Where this fails on the way, or more arrives meanwhile, the next time touches all of it.
    joined.delete(model.name);
    const near = span && { from: span.from - nearPast(model), to: span.to };
    let found = near === null ? null : await joinLabels(store, arrivals, before, near, touch);
    const left = found?.left ?? 0;
    if (left > 0 && everywhere) {
      found = await joinLabels(store, arrivals, before, null, touch);
      await putAside(store, arrivals);
    }
    if (found?.fingerprint === span?.fingerprint) joined.set(model.name, arrivals.minutes);
    if (left > 0 && !everywhere) return false;
    await markCounted(store, due);
    return left > 0;
  }

  async function settlePredictions(
    model: ModelSettings,
    arrived: readonly TouchedBucket[],
    identity: readonly TouchedBucket[],
    everywhere: boolean,
  ): Promise<void> {
    const rows = (marks: readonly TouchedBucket[]) => ({
      model: model.name,
      bucketMs: model.bucket,
      buckets: marks.map((one) => one.bucket),
    });
    const touch = touchAs(model.name, ["features", "outcomes"]);
    // Marks of features are cleared by counting, though some came since these were read; those of identity only here.
    const isWaited = identity.length > 0 && (await countWaiting(store, model.name)) > 0;
    for (const slice of isWaited ? markSlices(identity) : []) await joinWaiting(store, rows(slice), touchAs(model.name, ["outcomes"]));
    if (!everywhere) for (const slice of markSlices(arrived)) onSuperseded(await supersede(store, rows(slice), "buckets", touch));
    for (const slice of everywhere ? markSlices(identity) : []) {
      onSuperseded(await supersede(store, rows(slice), "everywhere", touch));
      await markCounted(store, slice);
    }
  }

  return { settle };
}

/** Labels that come when they are expected are about predictions of this stretch before them. */
function nearPast(model: ModelSettings): Millis {
  return 2 * Math.max(model.labelsExpectedWithin, DAY);
}
