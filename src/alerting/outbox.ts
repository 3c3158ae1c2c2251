import type { Delivery, Transition } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
import { readUndelivered } from "../store/alerts.ts";
import { readDeliveries, readOpenDeliveries } from "../store/deliveries.ts";
import { createChoose } from "./choose.ts";
import { createCurrentSilences } from "./current-silences.ts";
import { createDeliveryRecord } from "./delivery-record.ts";
import { createLanes, type Lane } from "./lane.ts";
import { createReminders } from "./reminders.ts";
import { createSend } from "./send.ts";
import type { TellingTools } from "./telling-tools.ts";

type Pass = { readonly sent: number; readonly retry: number; readonly failed: number };

export type Outbox = {
  /** Takes up transitions that were stored since the start. */
  add(transitions: readonly Transition[]): void;
  /** Tells whom there is to tell now; counts notifications. */
  deliver(): Promise<Pass>;
  /** The end of what is under way, and a pass: what is due now was told, or will be tried again. */
  settle(): Promise<void>;
  /** When all there was to tell was last gone through; null before the first time. */
  workedAt(): Millis | null;
  /** What each channel has still to be told of. */
  waiting(): ReadonlyMap<string, readonly Transition[]>;
  start(intervalMs: Millis): void;
  /** Resolves when nothing is being sent any more. */
  stop(): Promise<void>;
};

/**
 * Delivers transitions, each at least once, from the stored transitions themselves. All that waits for one channel
 * about one model goes out together, so that after an outage the receiver hears of the final state only. A
 * notification's id is a hash of what it tells; its beginning is recorded, so after a crash the same one goes out
 * again under the same id, and receivers can tell a repeat.
 *
 * What is silenced waits until it is not; what is about a model whose events are behind waits until they have come,
 * for an hour at most. Alerts that fire on are told again, as often as their channel says, until somebody has taken
 * them up.
 */
export function createOutbox(
  options: TellingTools & {
    /** How often each channel is told again; those that are not named are never. */
    repeatEvery?: ReadonlyMap<string, Millis | null>;
    /** Why what is known of a model may be of part of its events only, in a sentence; null when it is of all. */
    behind?: (model: string) => string | null;
    /** Told of every attempt, once its outcome is known. */
    onAttempt?: (channel: string, outcome: Delivery["outcome"]) => void;
  },
): Outbox {
  const { store, channels, clock, log, repeatEvery = new Map(), behind = () => null, onAttempt = () => {} } = options;
  const lanes = createLanes();
  const opened = new Map<string, Delivery>();
  const busy = new Map<string, Promise<Pass>>();
  const incoming: Transition[] = [];
  const ticks = new Set<Promise<unknown>>();
  const silences = createCurrentSilences(store);
  const record = createDeliveryRecord({ store, log });
  const choose = createChoose({ silences, record, behind, log });
  const send = createSend({ ...options, lanes, opened, choose, record, onAttempt });
  const remind = createReminders({
    store,
    lanes,
    silences,
    repeatEvery: new Map([...repeatEvery].filter(([channel]) => channels.has(channel))),
    isBusy: (channel) => busy.has(channel),
    clock,
  });
  let workedAt: Millis | null = null;
  let loading: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;

  async function load(): Promise<void> {
    const laneOfTransition = new Map<string, Lane>();
    for (const { channel, transition } of await readUndelivered(store)) {
      const lane = lanes.of(channel, transition.key.model);
      lane.waiting.set(transition.id, transition);
      laneOfTransition.set(`${channel} ${transition.id}`, lane);
    }
    const newest = new Map<Lane, Millis>();
    for (const delivery of await readOpenDeliveries(store)) {
      opened.set(delivery.notificationId, delivery);
      const lane = laneOfTransition.get(`${delivery.channel} ${delivery.transitionIds[0]}`);
      if (!lane || delivery.at < (newest.get(lane) ?? 0)) continue;
      newest.set(lane, delivery.at);
      lane.begun = delivery.transitionIds;
      lane.fresh = false;
    }
  }

  /** An evaluation that was repeated after a crash hands over what may have been told before it: that is left out. */
  async function admit(): Promise<void> {
    while (incoming.length > 0) {
      const some = incoming.splice(0, 200);
      try {
        const done = await readDeliveries(store, {
          transitionIds: some.map((transition) => transition.id),
          limit: 100_000,
        });
        const told = new Set(
          done
            .filter((delivery) => delivery.outcome !== "retry")
            .flatMap((delivery) => delivery.transitionIds.map((id) => `${delivery.channel} ${id}`)),
        );
        for (const transition of some) {
          for (const channel of transition.notify) {
            if (told.has(`${channel} ${transition.id}`)) continue;
            const lane = lanes.of(channel, transition.key.model);
            lane.waiting.set(transition.id, transition);
            lane.fresh = true;
          }
        }
      } catch (error) {
        incoming.unshift(...some);
        throw error;
      }
    }
  }

  async function passChannel(ofChannel: ReadonlyMap<string, Lane>): Promise<Pass> {
    const pass = { sent: 0, retry: 0, failed: 0 };
    for (const lane of ofChannel.values()) {
      const begun = lane.begun !== null;
      const outcome = await send(lane);
      if (outcome) pass[outcome] += 1;
      // What was begun before a crash goes first, as it was; what came since follows.
      const rest = begun && outcome === "sent" ? await send(lane) : null;
      if (rest) pass[rest] += 1;
    }
    return pass;
  }

  async function deliver(): Promise<Pass> {
    loading ??= load();
    try {
      await loading;
    } catch (error) {
      loading = null;
      throw error;
    }
    await admit();
    await record.catchUp();
    await remind();
    workedAt = clock();
    const passes = await Promise.all(
      [...lanes.byChannel()].map(async ([channel, ofChannel]) => {
        // A channel that hangs keeps only itself waiting: its pass goes on beside later ones.
        if (busy.has(channel)) return { sent: 0, retry: 0, failed: 0 };
        const pass = passChannel(ofChannel).finally(() => busy.delete(channel));
        busy.set(channel, pass);
        return pass;
      }),
    );
    const sum = (outcome: keyof Pass) => passes.reduce((total, pass) => total + pass[outcome], 0);
    return { sent: sum("sent"), retry: sum("retry"), failed: sum("failed") };
  }

  function tick(): void {
    const pass = deliver()
      .catch((error: unknown) =>
        log.error("delivery pass failed", {
          error: error instanceof Error ? error.message : "unknown",
        }),
      )
      .finally(() => ticks.delete(pass));
    ticks.add(pass);
  }

  return {
    add(transitions) {
      incoming.push(...transitions.filter((transition) => transition.notify.length > 0));
    },
    deliver,
    async settle() {
      // A pass that was under way may have begun before the newest transitions were there.
      await Promise.allSettled([...ticks, ...busy.values()]);
      await deliver();
      await Promise.allSettled([...ticks, ...busy.values()]);
    },
    workedAt: () => workedAt,
    waiting: () => lanes.waiting(incoming),
    start(intervalMs) {
      if (timer) return;
      timer = setInterval(tick, intervalMs);
      tick();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await Promise.allSettled(ticks);
      await record.catchUp();
    },
  };
}
