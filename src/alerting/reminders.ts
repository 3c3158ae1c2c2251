import { MINUTE, type Clock, type Millis } from "../model/time.ts";
import { readLastTold } from "../store/deliveries.ts";
import { readFiring } from "../store/firing.ts";
import { readAcknowledgements } from "../store/silences.ts";
import type { Store } from "../store/store.ts";
import type { CurrentSilences } from "./current-silences.ts";
import { dueAgain } from "./holds.ts";
import type { Lanes } from "./lane.ts";
import { isWithin } from "./pause.ts";

const REMIND_EVERY = MINUTE;

/** Puts into their lanes what is to be told again. A channel that is being told right now is left for the next time. */
export function createReminders(tools: {
  store: Store;
  lanes: Lanes;
  silences: CurrentSilences;
  /** How often each channel is told again; null is never. */
  repeatEvery: ReadonlyMap<string, Millis | null>;
  isBusy: (channel: string) => boolean;
  clock: Clock;
}): () => Promise<void> {
  const { store, lanes, silences, repeatEvery, isBusy, clock } = tools;
  let remindedAt: Millis | null = null;

  function remindedModels(channel: string): string[] {
    return [...(lanes.byChannel().get(channel)?.values() ?? [])].filter(({ reason }) => reason === "reminder").map(({ model }) => model);
  }

  return async function remind() {
    const now = clock();
    const asked = [...repeatEvery].filter(([channel]) => !isBusy(channel));
    const isRecent = remindedAt !== null && isWithin(now, { at: remindedAt, nextAt: remindedAt + REMIND_EVERY });
    if (isRecent || asked.every(([, every]) => every === null)) return;
    remindedAt = now;
    const firing = await readFiring(store);
    const ids = firing.map(({ id }) => id);
    const told = await readLastTold(store, ids);
    const acknowledged: ReadonlySet<string> = new Set((await readAcknowledgements(store, ids)).keys());
    for (const [channel, every] of asked) {
      if (every === null || isBusy(channel)) continue;
      const ofChannel = firing.filter(({ notify }) => notify.includes(channel));
      for (const model of new Set([...ofChannel.map(({ key }) => key.model), ...remindedModels(channel)])) {
        const due = dueAgain(
          ofChannel.filter(({ key }) => key.model === model),
          { every, told: told.get(channel) ?? new Map<string, Millis>(), silences: await silences(now), acknowledged, now },
        );
        const lane = lanes.of(channel, model, "reminder");
        lane.waiting.clear();
        lane.lastTold = due?.lastTold ?? 0;
        for (const transition of due?.transitions ?? []) lane.waiting.set(transition.id, transition);
      }
    }
  };
}
