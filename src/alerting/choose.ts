import type { Log } from "../log.ts";
import type { Transition } from "../model/alert.ts";
import { HOUR, type Millis } from "../model/time.ts";
import type { CurrentSilences } from "./current-silences.ts";
import { notificationId, type DeliveryRecord } from "./delivery-record.ts";
import { sortWaiting } from "./holds.ts";
import type { Lane } from "./lane.ts";

/** How long news is held back while events are missing. After that it goes out with a note: better early than never. */
const HELD_WHILE_BEHIND = HOUR;

export type Choice = { readonly batch: readonly Transition[]; readonly note: string | null };

const NOTHING: Choice = { batch: [], note: null };

/** Says what of a lane is to be told now, and what a reader has to know with it; drops what was silenced until it was over. */
export function createChoose(tools: {
  silences: CurrentSilences;
  record: DeliveryRecord;
  behind: (model: string) => string | null;
  log: Log;
}): (lane: Lane, now: Millis) => Promise<Choice> {
  const { silences, record, behind, log } = tools;

  return async function choose(lane, now) {
    // What was begun goes out again as it was: it may have arrived. A reminder of what is over by now does not.
    const begun = lane.begun?.flatMap((id) => lane.waiting.get(id) ?? []) ?? [];
    if (begun.length > 0) return { batch: begun, note: null };
    lane.begun = null;
    if (lane.waiting.size === 0) return NOTHING;
    const { channel, model } = lane;
    const { tell, silenced } = sortWaiting([...lane.waiting.values()], await silences(now), now);
    for (const { transition, silence } of silenced) {
      lane.waiting.delete(transition.id);
      await record.add({
        notificationId: notificationId(channel, [transition.id], "silenced"),
        channel,
        transitionIds: [transition.id],
        attempt: 1,
        outcome: "silenced",
        detail: `silenced by ${silence.by}${silence.comment === "" ? "" : `: ${silence.comment}`}`,
        at: now,
        nextAttemptAt: null,
      });
    }
    const why = tell.length === 0 ? null : behind(model);
    if (why === null) {
      lane.behindSince = null;
      return { batch: tell, note: null };
    }
    if (lane.behindSince === null)
      log.warn("events are behind: alerts are held back until they have come, for an hour at most", { channel, model, why });
    lane.behindSince = Math.min(lane.behindSince ?? now, now);
    if (now < lane.behindSince + HELD_WHILE_BEHIND) return NOTHING;
    return { batch: tell, note: `${why} What is said here may be of part of the events.` };
  };
}
