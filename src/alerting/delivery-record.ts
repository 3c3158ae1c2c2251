import { createHash } from "node:crypto";
import type { Log } from "../log.ts";
import type { Delivery } from "../model/alert.ts";
import { insertDeliveries } from "../store/deliveries.ts";
import type { Store } from "../store/store.ts";

export type DeliveryRecord = {
  /** Stores what was told, and what could not be stored before. A failure is logged, and what it was about is kept. */
  add(delivery: Delivery): Promise<void>;
  /** Stores what could not be stored before. */
  catchUp(): Promise<void>;
};

/** What was told to whom, as it is kept: while the store is away, in memory. */
export function createDeliveryRecord({ store, log }: { store: Store; log: Log }): DeliveryRecord {
  const unrecorded: Delivery[] = [];

  async function catchUp(): Promise<void> {
    const batch = unrecorded.splice(0);
    if (batch.length === 0) return;
    try {
      await insertDeliveries(store, batch);
    } catch (error) {
      // Telling twice after a crash is better than not telling now.
      unrecorded.unshift(...batch);
      log.error("deliveries could not be recorded", {
        deliveries: batch.length,
        error: error instanceof Error ? error.message : "unknown",
      });
    }
  }

  return {
    add(delivery) {
      unrecorded.push(delivery);
      return catchUp();
    },
    catchUp,
  };
}

/** The id of a notification, the same for the same telling. `why` tells apart what is not the first telling of the same. */
export function notificationId(channel: string, transitionIds: readonly string[], why: string | null = null): string {
  return createHash("sha256")
    .update(JSON.stringify(["notification", channel, [...transitionIds].sort(), ...(why === null ? [] : [why])]))
    .digest("hex");
}
