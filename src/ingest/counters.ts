import type { Half, IgnoreReason, RejectReason } from "../model/event.ts";

/** Names from outside are kept to a bound, so that a sender of random names costs nothing. */
const UNKNOWN_NAMES = 100;

/** What went through a pipeline since it was made. */
export type IngestCounters = {
  readonly received: number;
  readonly bytes: number;
  /** Events that are stored. */
  readonly accepted: number;
  readonly predictions: number;
  readonly labels: number;
  /** Dead letters that are stored. */
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** Messages that hold no event, and are none that should. */
  readonly ignored: ReadonlyMap<IgnoreReason, number>;
  /** Requests and answers that came apart, and are stored. */
  readonly halves: ReadonlyMap<Half["side"], number>;
  /** Predictions that came without an id: no label can ever name them. */
  readonly derivedIds: number;
  /** Texts that were no Unicode and were repaired. */
  readonly replacedTexts: number;
  /** Predictions whose id is also that of a different one. */
  readonly conflicts: number;
  /** Fields that mean nothing here, by name. */
  readonly unknownFields: ReadonlyMap<string, number>;
  /** Occurrences of fields beyond the names that are kept. */
  readonly otherUnknownFields: number;
  /** How often the store had to be asked again. */
  readonly retries: number;
};

type Count = "received" | "bytes" | "accepted" | "predictions" | "labels" | "derivedIds" | "replacedTexts" | "conflicts" | "retries";

export function createCounters(onFirstUnknown: (name: string) => void) {
  const counts: Record<Count, number> = {
    received: 0,
    bytes: 0,
    accepted: 0,
    predictions: 0,
    labels: 0,
    derivedIds: 0,
    replacedTexts: 0,
    conflicts: 0,
    retries: 0,
  };
  const rejected = new Map<RejectReason, number>();
  const ignored = new Map<IgnoreReason, number>();
  const halves = new Map<Half["side"], number>();
  const unknownFields = new Map<string, number>();
  let otherUnknownFields = 0;

  return {
    add(count: Count, by: number): void {
      counts[count] += by;
    },
    reject(reason: RejectReason): void {
      rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    },
    ignore(reason: IgnoreReason): void {
      ignored.set(reason, (ignored.get(reason) ?? 0) + 1);
    },
    half(side: Half["side"]): void {
      halves.set(side, (halves.get(side) ?? 0) + 1);
    },
    unknownField(name: string): void {
      const key = name.slice(0, 256).toWellFormed();
      const known = unknownFields.get(key);
      if (known === undefined && unknownFields.size >= UNKNOWN_NAMES) {
        otherUnknownFields++;
        return;
      }
      unknownFields.set(key, (known ?? 0) + 1);
      if (known === undefined) onFirstUnknown(key);
    },
    read: (): IngestCounters => ({
      ...counts,
      rejected: new Map(rejected),
      ignored: new Map(ignored),
      halves: new Map(halves),
      unknownFields: new Map(unknownFields),
      otherUnknownFields,
    }),
  };
}
