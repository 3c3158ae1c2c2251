import type { ModelSettings } from "../model/settings.ts";
import { MINUTE, type Millis } from "../model/time.ts";

export type Watermarks = ReturnType<typeof createWatermarks>;

type Partition = { drained: boolean; readonly since: Millis; readonly models: Map<string, { newest: Millis; seenAt: Millis }> };

/**
 * Up to when each model's events are taken to be complete. `now` is the wall clock throughout: it says which
 * partition is idle, in a replay too.
 *
 * A partition that has more to give holds the watermark back at the newest event time it gave of that model; one
 * that was announced and gave none yet holds it back altogether. A drained one (nothing further waits at its source)
 * and an idle one (no event of the model for `idleAfter`) do not. When none holds it back, a live model's time is
 * the clock's, a replayed model's that of its newest event.
 *
 * `finish` says that nothing will ever follow. The watermark is then the newest event time itself: there is nothing
 * for lateness to wait for, so every bucket that ended by then closes. The bucket the newest event lies in stays
 * open: the input stops in its middle, and half a bucket would look like half the traffic.
 */
export function createWatermarks(options: {
  readonly models: ReadonlyMap<string, Pick<ModelSettings, "lateness">>;
  readonly liveClock: boolean;
  readonly idleAfter?: Millis;
  /**
   * When reading began. Until a source told of its partitions, or `idleAfter` has passed, a live clock does not move
   * a watermark: there may be a backlog.
   */
  readonly startedAt?: Millis;
}) {
  const { models, liveClock, idleAfter = MINUTE, startedAt = -Infinity } = options;
  const partitions = new Map<string, Partition>();
  const newest = new Map<string, Millis>();
  const told = new Map<string, Millis>();
  let finished = false;
  let announced = false;

  function partitionOf(key: string, now: Millis): Partition {
    const known = partitions.get(key);
    if (known) return known;
    const partition: Partition = { drained: false, since: now, models: new Map() };
    partitions.set(key, partition);
    return partition;
  }

  /** Takes in that an event is stored. Null is an event that told no time: it shows life only where time is known. */
  function observe(key: string, model: string, eventTime: Millis | null, now: Millis): void {
    finished = false;
    const partition = partitionOf(key, now);
    partition.drained = false;
    if (eventTime === null) {
      const seen = partition.models.get(model);
      if (seen) seen.seenAt = now;
      return;
    }
    newest.set(model, Math.max(newest.get(model) ?? eventTime, eventTime));
    partition.models.set(model, { newest: Math.max(partition.models.get(model)?.newest ?? eventTime, eventTime), seenAt: now });
  }

  /** Takes in that a partition is read, and whether anything waits there. */
  function progress(key: string, drained: boolean, now: Millis): void {
    announced = true;
    partitionOf(key, now).drained = drained;
  }

  /** Takes in that a partition is another process's now. */
  function forget(key: string): void {
    partitions.delete(key);
  }

  /** Takes in what the store holds at start. */
  function seed(model: string, newestStored: Millis | null): void {
    if (newestStored !== null) newest.set(model, Math.max(newest.get(model) ?? newestStored, newestStored));
  }

  /** Takes in that a source which has an end has reached it. A live clock goes on regardless. */
  function finish(): void {
    finished = true;
  }

  /** The watermark of a model, or null while there is nothing to tell it by. It never goes back. */
  function watermark(model: string, now: Millis): Millis | null {
    const reached = reachedBy(model, now);
    const before = told.get(model) ?? null;
    if (reached === null || (before !== null && before >= reached)) return before;
    told.set(model, reached);
    return reached;
  }

  function reachedBy(model: string, now: Millis): Millis | null {
    const lateness = models.get(model)?.lateness ?? 0;
    const newestSeen = newest.get(model) ?? null;
    if (finished && !liveClock) return newestSeen;
    let held = Infinity;
    for (const partition of partitions.values()) {
      const seen = partition.models.get(model);
      if (partition.drained || now - (seen?.seenAt ?? partition.since) >= idleAfter) continue;
      if (!seen) return null;
      held = Math.min(held, seen.newest);
    }
    if (held !== Infinity) return held - lateness;
    const untold = !announced && now - startedAt < idleAfter;
    const time = liveClock && !untold ? Math.max(newestSeen ?? now, now) : newestSeen;
    return time === null ? null : time - lateness;
  }

  return { observe, progress, forget, seed, finish, watermark };
}
