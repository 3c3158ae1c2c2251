import type { Millis } from "../model/time.ts";
import { dateTimeValue } from "./values.ts";
import type { Store } from "./store.ts";

/** One pass of the monitor, as it ended. */
export type Tick = {
  readonly startedAt: Millis;
  readonly duration: Millis;
  readonly bucketsCounted: number;
  readonly windowsMeasured: number;
  readonly measurements: number;
  /** Null when the pass came to its end. */
  readonly error: string | null;
};

export async function insertTick(store: Store, tick: Tick): Promise<void> {
  await store.insert("ticks", [
    {
      started_at: dateTimeValue(tick.startedAt),
      duration_ms: tick.duration,
      buckets_counted: tick.bucketsCounted,
      windows_measured: tick.windowsMeasured,
      measurements: tick.measurements,
      error: tick.error ?? "",
    },
  ]);
}
