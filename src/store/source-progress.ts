import type { Millis } from "../model/time.ts";
import { dateTimeValue } from "./values.ts";
import type { Store } from "./store.ts";

/** How far one partition of a source was read. Offsets are whole numbers as text, or null while unknown. */
export type PartitionProgressRow = {
  readonly source: string;
  readonly partition: string;
  readonly committed: string | null;
  readonly highWatermark: string | null;
};

export async function insertSourceProgress(store: Store, at: Millis, partitions: readonly PartitionProgressRow[]): Promise<void> {
  if (partitions.length === 0) return;
  await store.insert(
    "source_progress",
    partitions.map((one) => ({
      at: dateTimeValue(at),
      source: one.source,
      partition_key: one.partition,
      committed: one.committed,
      high_watermark: one.highWatermark,
    })),
  );
}
