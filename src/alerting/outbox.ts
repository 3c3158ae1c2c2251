import { createHash } from "node:crypto";
import type { Log } from "../log.ts";
import type { Delivery, Notifier, SendOutcome, Transition } from "../model/alert.ts";
import type { Clock, Millis } from "../model/time.ts";
import { readUndelivered } from "../store/alerts.ts";
import { insertDeliveries, readDeliveries, readOpenDeliveries } from "../store/deliveries.ts";
import type { Store } from "../store/store.ts";
import { pauseAfter } from "./retry-schedule.ts";

type Pass = { readonly sent: number; readonly retry: number; readonly failed: number };

export type Outbox = {
  /** Takes up transitions that were stored since the start. */
  add(transitions: readonly Transition[]): void;
  /** Tells whom there is to tell now; counts notifications. */
  deliver(): Promise<Pass>;
  /** The end of what is under way, and a pass: what is due now was told, or will be tried again. */
  settle(): Promise<void>;
  /** What each channel has still to be told of. */
  waiting(): ReadonlyMap<string, readonly Transition[]>;
  start(intervalMs: Millis): void;
  /** Resolves when nothing is being sent any more. */
  stop(): Promise<void>;
};

/** What one channel has still to be told about one model, and how the telling goes. */
type Lane = {
  readonly model: string;
  readonly waiting: Map<string, Transition>;
  /** A notification whose sending was begun before a crash: whether it arrived is not known. */
  begun: readonly string[] | null;
  current: { readonly id: string; readonly attempt: number; readonly nextAt: Millis } | null;
  /** A receiver asked not to be called before this. */
  holdUntil: Millis;
};

/**
 * Delivers transitions, each at least once, from the stored transitions themselves. All that waits for one channel
 * about one model goes out together, so that after an outage the receiver hears of the final state only. A
 * notification's id is a hash of what it tells; its beginning is recorded, so after a crash the same one goes out
 * again under the same id, and receivers can tell a repeat.
 */
export function createOutbox(options: {
  store: Store;
  channels: ReadonlyMap<string, Notifier>;
  clock: Clock;
  log: Log;
  link: (model: string) => string | null;
  /** Told of every attempt, once its outcome is known. */
  onAttempt?: (channel: string, outcome: Delivery["outcome"]) => void;
}): Outbox {
  const { store, channels, clock, log, link, onAttempt = () => {} } = options;
  const lanes = new Map<string, Map<string, Lane>>();
  const opened = new Map<string, Delivery>();
  const busy = new Map<string, Promise<Pass>>();
  const unrecorded: Delivery[] = [];
  const incoming: Transition[] = [];
  const ticks = new Set<Promise<unknown>>();
  let loading: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;

  function laneOf(channel: string, model: string): Lane {
    const ofChannel = lanes.get(channel) ?? new Map<string, Lane>();
    lanes.set(channel, ofChannel);
    const lane = ofChannel.get(model) ?? {
      model,
      waiting: new Map<string, Transition>(),
      begun: null,
      current: null,
      holdUntil: 0,
    };
    ofChannel.set(model, lane);
    return lane;
  }

  async function load(): Promise<void> {
    const laneOfTransition = new Map<string, Lane>();
    for (const { channel, transition } of await readUndelivered(store)) {
      const lane = laneOf(channel, transition.key.model);
      lane.waiting.set(transition.id, transition);
      laneOfTransition.set(`${channel} ${transition.id}`, lane);
    }
    for (const delivery of await readOpenDeliveries(store)) {
      const lane = laneOfTransition.get(`${delivery.channel} ${delivery.transitionIds[0]}`);
      if (!lane) continue;
      opened.set(delivery.notificationId, delivery);
      if (delivery.attempt === 0) lane.begun = delivery.transitionIds;
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
          for (const channel of transition.notify)
            if (!told.has(`${channel} ${transition.id}`)) laneOf(channel, transition.key.model).waiting.set(transition.id, transition);
        }
      } catch (error) {
        incoming.unshift(...some);
        throw error;
      }
    }
  }

  async function record(delivery?: Delivery): Promise<void> {
    if (delivery) unrecorded.push(delivery);
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

  async function send(channel: string, lane: Lane): Promise<SendOutcome["outcome"] | null> {
    const now = clock();
    const chosen = lane.begun === null ? [...lane.waiting.values()] : lane.begun.flatMap((id) => lane.waiting.get(id) ?? []);
    const batch = chosen.sort((a, b) => a.window.to - b.window.to || (a.id < b.id ? -1 : 1));
    if (batch.length === 0) return null;
    const transitionIds = batch.map((transition) => transition.id);
    const id = notificationId(channel, transitionIds);
    const earlier = opened.get(id);
    const before = lane.current?.id === id ? lane.current : { id, attempt: earlier?.attempt ?? 0, nextAt: earlier?.nextAttemptAt ?? 0 };
    if (now < before.nextAt || now < lane.holdUntil) return null;
    const shared = { notificationId: id, channel, transitionIds };
    if (before.attempt === 0 && !earlier)
      await record({
        ...shared,
        attempt: 0,
        outcome: "retry",
        detail: "begun",
        at: now,
        nextAttemptAt: now,
      });
    const outcome = await attempt(channel, {
      id,
      channel,
      model: lane.model,
      transitions: batch,
      link: link(lane.model),
      at: now,
    });
    const number = before.attempt + 1;
    opened.delete(id);
    lane.begun = null;
    const wait = outcome.outcome === "retry" ? pauseAfter(number, outcome.retryAfter) : null;
    if (outcome.outcome === "retry" && wait !== null) {
      onAttempt(channel, "retry");
      if (outcome.retryAfter !== null) lane.holdUntil = now + wait;
      lane.current = { id, attempt: number, nextAt: now + wait };
      await record({
        ...shared,
        attempt: number,
        outcome: "retry",
        detail: outcome.detail,
        at: clock(),
        nextAttemptAt: now + wait,
      });
      log.warn("notification will be tried again", {
        channel,
        notification: id,
        attempt: number,
        detail: outcome.detail,
      });
      return "retry";
    }
    const result = outcome.outcome === "sent" ? "sent" : "failed";
    onAttempt(channel, result);
    const detail = outcome.outcome === "retry" ? `given up after ${number} attempts: ${outcome.detail}` : outcome.detail;
    for (const told of transitionIds) lane.waiting.delete(told);
    lane.current = null;
    await record({
      ...shared,
      attempt: number,
      outcome: result,
      detail,
      at: clock(),
      nextAttemptAt: null,
    });
    if (result === "failed") log.error("notification failed", { channel, notification: id, attempt: number, detail });
    return result;
  }

  async function attempt(channel: string, notification: Parameters<Notifier>[0]): Promise<SendOutcome> {
    const notifier = channels.get(channel);
    if (!notifier) return { outcome: "failed", detail: "no channel of this name is configured" };
    try {
      return await notifier(notification);
    } catch (error) {
      // The message may quote a URL or a password; the name of the error does not.
      return {
        outcome: "retry",
        detail: `the channel failed unexpectedly (${error instanceof Error ? error.name : "unknown error"})`,
        retryAfter: null,
      };
    }
  }

  async function passChannel(channel: string, ofChannel: ReadonlyMap<string, Lane>): Promise<Pass> {
    const pass = { sent: 0, retry: 0, failed: 0 };
    for (const lane of ofChannel.values()) {
      const begun = lane.begun !== null;
      const outcome = await send(channel, lane);
      if (outcome) pass[outcome] += 1;
      // What was begun before a crash goes first, as it was; what came since follows.
      const rest = begun && outcome === "sent" ? await send(channel, lane) : null;
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
    await record();
    const passes = await Promise.all(
      [...lanes].map(async ([channel, ofChannel]) => {
        // A channel that hangs keeps only itself waiting: its pass goes on beside later ones.
        if (busy.has(channel)) return { sent: 0, retry: 0, failed: 0 };
        const pass = passChannel(channel, ofChannel).finally(() => busy.delete(channel));
        busy.set(channel, pass);
        return pass;
      }),
    );
    const sum = (outcome: keyof Pass) => passes.reduce((total, pass) => total + pass[outcome], 0);
    return { sent: sum("sent"), retry: sum("retry"), failed: sum("failed") };
  }

  function waiting(): ReadonlyMap<string, readonly Transition[]> {
    const found = new Map(
      [...lanes].map(([channel, ofChannel]) => [channel, new Map([...ofChannel.values()].flatMap((lane) => [...lane.waiting]))]),
    );
    for (const transition of incoming)
      for (const channel of transition.notify)
        found.set(channel, (found.get(channel) ?? new Map<string, Transition>()).set(transition.id, transition));
    return new Map([...found].map(([channel, transitions]) => [channel, [...transitions.values()]]));
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
    waiting,
    start(intervalMs) {
      if (timer) return;
      timer = setInterval(tick, intervalMs);
      tick();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await Promise.allSettled(ticks);
      await record();
    },
  };
}

function notificationId(channel: string, transitionIds: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify(["notification", channel, [...transitionIds].sort()]))
    .digest("hex");
}
