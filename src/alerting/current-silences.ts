import type { Silence } from "../model/silence.ts";
import { SECOND, type Millis } from "../model/time.ts";
import { readSilences } from "../store/silences.ts";
import type { Store } from "../store/store.ts";
import { isWithin } from "./pause.ts";

export type CurrentSilences = (now: Millis) => Promise<readonly Silence[]>;

/** How long what was read holds. */
const HOLD = 2 * SECOND;

/** The silences that have not ended, read again when what was read is old. */
export function createCurrentSilences(store: Store): CurrentSilences {
  let silences: { readonly list: readonly Silence[]; readonly readAt: Millis } | null = null;

  return async function currentSilences(now) {
    if (silences === null || !isWithin(now, { at: silences.readAt, nextAt: silences.readAt + HOLD }))
      silences = { list: await readSilences(store, { endingAfter: now }), readAt: now };
    return silences.list;
  };
}
