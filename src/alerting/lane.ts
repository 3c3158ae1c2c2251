import type { Transition } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
import type { Pause } from "./pause.ts";

/** What one channel has still to be told about one model, and how the telling goes. */
export type Lane = {
  readonly channel: string;
  readonly model: string;
  readonly reason: "change" | "reminder";
  readonly waiting: Map<string, Transition>;
  /** Whether something joined what waits since it was last looked at. */
  fresh: boolean;
  /** Of a reminder: when the alerts in it were last told. Two reminders of the same are not one. */
  lastTold: Millis;
  /** Since when this is held back because events are missing; null while it is not. */
  behindSince: Millis | null;
  /** A notification that was begun and may have arrived: it goes out again as it was, before anything else does. */
  begun: readonly string[] | null;
  current: (Pause & { readonly id: string; readonly attempt: number }) | null;
  /** A receiver asked not to be called before its end. */
  hold: Pause | null;
};

export type Lanes = {
  /** The lane of a channel about a model, made where there is none yet. */
  of(channel: string, model: string, reason?: Lane["reason"]): Lane;
  /** All there are, by channel. */
  byChannel(): ReadonlyMap<string, ReadonlyMap<string, Lane>>;
  /** What each channel has still to be told of, with what has not joined its lane yet. */
  waiting(incoming: readonly Transition[]): ReadonlyMap<string, readonly Transition[]>;
};

export function createLanes(): Lanes {
  const lanes = new Map<string, Map<string, Lane>>();

  function of(channel: string, model: string, reason: Lane["reason"] = "change"): Lane {
    const ofChannel = lanes.get(channel) ?? new Map<string, Lane>();
    lanes.set(channel, ofChannel);
    const lane = ofChannel.get(`${reason} ${model}`) ?? {
      channel,
      model,
      reason,
      waiting: new Map<string, Transition>(),
      fresh: true,
      lastTold: 0,
      behindSince: null,
      begun: null,
      current: null,
      hold: null,
    };
    ofChannel.set(`${reason} ${model}`, lane);
    return lane;
  }

  function waiting(incoming: readonly Transition[]): ReadonlyMap<string, readonly Transition[]> {
    const found = new Map(
      [...lanes].map(([channel, ofChannel]) => [
        channel,
        new Map([...ofChannel.values()].flatMap((lane) => (lane.reason === "change" ? [...lane.waiting] : []))),
      ]),
    );
    for (const transition of incoming)
      for (const channel of transition.notify)
        found.set(channel, (found.get(channel) ?? new Map<string, Transition>()).set(transition.id, transition));
    return new Map([...found].map(([channel, transitions]) => [channel, [...transitions.values()]]));
  }

  return { of, byChannel: () => lanes, waiting };
}
