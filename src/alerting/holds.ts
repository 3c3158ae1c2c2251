import type { Transition } from "../model/alert.ts";
import { silenceOf, type Silence } from "../model/silence.ts";
import type { Millis } from "../model/time.ts";

/** What is to be told now of what waits, what waits on, and what is over before anybody was to hear of it. */
export type Sorted = {
  readonly tell: readonly Transition[];
  readonly silenced: readonly { readonly transition: Transition; readonly silence: Silence }[];
};

/**
 * What a channel is to be told of now. A silenced alert waits for the end of the silence; one that is over by then is
 * told of no more. The end of an alert that was told of goes out nevertheless: whoever was woken by it may sleep.
 */
export function sortWaiting(waiting: readonly Transition[], silences: readonly Silence[], now: Millis): Sorted {
  // What opens an alert gives it its id; it may be told again as worse.
  const untold = new Set(waiting.flatMap(({ id, alertId }) => (id === alertId ? [alertId] : [])));
  const over = new Set(waiting.flatMap(({ to, alertId }) => (to === "resolved" ? [alertId] : [])));
  const tell: Transition[] = [];
  const silenced: { transition: Transition; silence: Silence }[] = [];
  for (const transition of waiting) {
    const { to, alertId } = transition;
    const silence = silenceOf(silences, transition, now);
    if (silence === null || (to === "resolved" && !untold.has(alertId))) tell.push(transition);
    else if (over.has(alertId)) silenced.push({ transition, silence });
  }
  return { tell, silenced };
}

/** The alerts of one channel and model that are to be told again, with the moment one of them was last told; null where none is due. */
export function dueAgain(
  firing: readonly Transition[],
  options: {
    readonly every: Millis;
    readonly told: ReadonlyMap<string, Millis>;
    readonly silences: readonly Silence[];
    readonly acknowledged: ReadonlySet<string>;
    readonly now: Millis;
  },
): { readonly transitions: readonly Transition[]; readonly lastTold: Millis } | null {
  const { every, told, silences, acknowledged, now } = options;
  const open = firing.filter((one) => told.has(one.id) && !acknowledged.has(one.alertId) && silenceOf(silences, one, now) === null);
  const times = open.map((one) => told.get(one.id) ?? now);
  const first = Math.min(...times);
  // All that fires is told together, so that what comes again comes once. What was told by a clock that was ahead must not wait for it.
  return open.length > 0 && Math.abs(now - first) >= every ? { transitions: open, lastTold: Math.max(...times) } : null;
}
