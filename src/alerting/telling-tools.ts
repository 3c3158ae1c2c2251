import type { Log } from "../log.ts";
import type { Notifier } from "../model/alert.ts";
import type { Clock } from "../model/time.ts";
import type { Store } from "../store/store.ts";

/** What telling anybody takes. */
export type TellingTools = {
  readonly store: Store;
  readonly channels: ReadonlyMap<string, Notifier>;
  readonly clock: Clock;
  readonly log: Log;
  /** The page of a model; null while nobody knows the address of this daemon. */
  readonly link: (model: string) => string | null;
};
