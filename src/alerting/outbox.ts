import { createHash } from "node:crypto";
import type { Log } from "../log.ts";
import type { Delivery, Notifier, SendOutcome, Transition } from "../model/alert.ts";
import type { Acknowledgement, Silence } from "../model/silence.ts";
import { HOUR, MINUTE, SECOND, type Clock, type Millis } from "../model/time.ts";
import { readUndelivered } from "../store/alerts.ts";
import { insertDeliveries, readDeliveries, readLastTold, readOpenDeliveries } from "../store/deliveries.ts";
import { readFiring } from "../store/firing.ts";
import { readAcknowledgements, readSilences } from "../store/silences.ts";
import type { Store } from "../store/store.ts";
import { dueAgain, sortWaiting } from "./holds.ts";
import { pauseAfter } from "./retry-schedule.ts";

/** How long news is held back while events are missing. After that it goes out with a note: better early than never. */
const HELD_WHILE_BEHIND = HOUR;
const SILENCES_HOLD = 2 * SECOND;
const REMIND_EVERY = MINUTE;

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

/** What one channel has still to be told about one model, and how the telling goes. */
type Lane = {
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
  current: { readonly id: string; readonly attempt: number; readonly nextAt: Millis } | null;
  /** A receiver asked not to be called before this. */
  holdUntil: Millis;
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
export function createOutbox(options: {
  store: Store;
  channels: ReadonlyMap<string, Notifier>;
  clock: Clock;
  log: Log;
  link: (model: string) => string | null;
  /** How often each channel is told again; those that are not named are never. */
  repeatEvery?: ReadonlyMap<string, Millis | null>;
  /** Why what is known of a model may be of part of its events only, in a sentence; null when it is of all. */
  behind?: (model: string) => string | null;
  /** Told of every attempt, once its outcome is known. */
  onAttempt?: (channel: string, outcome: Delivery["outcome"]) => void;
}): Outbox {
  const { store, channels, clock, log, link, repeatEvery = new Map(), behind = () => null, onAttempt = () => {} } = options;
  const lanes = new Map<string, Map<string, Lane>>();
  const opened = new Map<string, Delivery>();
  const busy = new Map<string, Promise<Pass>>();
  const unrecorded: Delivery[] = [];
  const incoming: Transition[] = [];
  const ticks = new Set<Promise<unknown>>();
  /** Channels whose receiver wants no more: nothing is sent there until the next start. */
  const gone = new Set<string>();
  let silences: { readonly list: readonly Silence[]; readonly readAt: Millis } | null = null;
  let remindAt = 0;
  let workedAt: Millis | null = null;
  let loading: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;

  function laneOf(channel: string, model: string, reason: Lane["reason"] = "change"): Lane {
    const ofChannel = lanes.get(channel) ?? new Map<string, Lane>();
    lanes.set(channel, ofChannel);
    const lane = ofChannel.get(`${reason} ${model}`) ?? {
      model,
      reason,
      waiting: new Map<string, Transition>(),
      fresh: true,
      lastTold: 0,
      behindSince: null,
      begun: null,
      current: null,
      holdUntil: 0,
    };
    ofChannel.set(`${reason} ${model}`, lane);
    return lane;
  }

  async function load(): Promise<void> {
    const laneOfTransition = new Map<string, Lane>();
    for (const { channel, transition } of await readUndelivered(store)) {
      const lane = laneOf(channel, transition.key.model);
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
            const lane = laneOf(channel, transition.key.model);
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

  async function currentSilences(now: Millis): Promise<readonly Silence[]> {
    if (silences === null || now >= silences.readAt + SILENCES_HOLD)
      silences = { list: await readSilences(store, { endingAfter: now }), readAt: now };
    return silences.list;
  }

  /** What of a lane is to be told now, and what a reader has to know with it. */
  async function choose(channel: string, lane: Lane, now: Millis): Promise<{ batch: readonly Transition[]; note: string | null }> {
    // What was begun goes out again as it was: it may have arrived.
    if (lane.begun !== null) return { batch: lane.begun.flatMap((id) => lane.waiting.get(id) ?? []), note: null };
    if (lane.waiting.size === 0) return { batch: [], note: null };
    const { tell, silenced } = sortWaiting([...lane.waiting.values()], await currentSilences(now), now);
    for (const { transition, silence } of silenced) {
      lane.waiting.delete(transition.id);
      await record({
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
    const why = tell.length === 0 ? null : behind(lane.model);
    if (why === null) lane.behindSince = null;
    else {
      if (lane.behindSince === null)
        log.warn("events are behind: alerts are held back until they have come, for an hour at most", { channel, model: lane.model, why });
      lane.behindSince ??= now;
      if (now < lane.behindSince + HELD_WHILE_BEHIND) return { batch: [], note: null };
    }
    return { batch: tell, note: why === null ? null : `${why} What is said here may be of part of the events.` };
  }

  async function send(channel: string, lane: Lane): Promise<SendOutcome["outcome"] | null> {
    const now = clock();
    const isNews = lane.fresh;
    const resting = !isNews && lane.current !== null && now < lane.current.nextAt;
    if (gone.has(channel) || resting || now < lane.holdUntil) return null;
    lane.fresh = false;
    const { batch: chosen, note } = await choose(channel, lane, now);
    const batch = [...chosen].sort((a, b) => a.window.to - b.window.to || (a.id < b.id ? -1 : 1));
    if (batch.length === 0) return null;
    const transitionIds = batch.map((transition) => transition.id);
    const id = notificationId(channel, transitionIds, lane.reason === "change" ? null : `reminder ${lane.lastTold}`);
    const earlier = opened.get(id);
    const before = lane.current?.id === id ? lane.current : { id, attempt: earlier?.attempt ?? 0, nextAt: earlier?.nextAttemptAt ?? 0 };
    // What is new need not wait, but it does not overtake what may have arrived.
    if (now < before.nextAt && !(isNews && lane.begun !== null)) {
      lane.current = before;
      return null;
    }
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
    const outcome = await attempt(channel, lane, { id, batch, note, at: now });
    const number = before.attempt + 1;
    opened.delete(id);
    lane.begun = null;
    const wait = outcome.outcome === "retry" ? pauseAfter(number, outcome.retryAfter) : null;
    if (outcome.outcome === "retry" && wait !== null) {
      onAttempt(channel, "retry");
      if (outcome.retryAfter !== null) lane.holdUntil = now + wait;
      lane.current = { id, attempt: number, nextAt: now + wait };
      if (outcome.unsure) lane.begun = transitionIds;
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
    if (outcome.outcome === "failed" && outcome.gone) {
      gone.add(channel);
      log.error(
        "the receiver of a channel wants no more: nothing is sent there until its address is put right and the daemon is started again",
        {
          channel,
        },
      );
    }
    if (result === "failed") log.error("notification failed", { channel, notification: id, attempt: number, detail });
    return result;
  }

  async function attempt(
    channel: string,
    lane: Lane,
    { id, batch, note, at }: { id: string; batch: readonly Transition[]; note: string | null; at: Millis },
  ): Promise<SendOutcome> {
    const notifier = channels.get(channel);
    if (!notifier) return { outcome: "failed", detail: "no channel of this name is configured" };
    try {
      const telling = new Set(batch.map((transition) => transition.id));
      const firing = (await readFiring(store, { model: lane.model })).filter(
        // What this channel has not been told of, and is not told now, does not fire as far as it knows.
        (one) => one.notify.includes(channel) && (telling.has(one.id) || !laneOf(channel, lane.model).waiting.has(one.id)),
      );
      const taken = await readAcknowledgements(store, [...new Set(batch.map(({ alertId }) => alertId))]);
      return await notifier({
        id,
        channel,
        model: lane.model,
        reason: lane.reason,
        transitions: batch,
        firing,
        acknowledged: new Map([...taken].map(([alertId, { by }]) => [alertId, by])),
        note,
        link: link(lane.model),
        at,
      });
    } catch (error) {
      // The message may quote a URL or a password; the name of the error does not.
      return {
        outcome: "retry",
        detail: `the channel failed unexpectedly (${error instanceof Error ? error.name : "unknown error"})`,
        retryAfter: null,
      };
    }
  }

  /** Puts together what is to be told again. A channel that is being told right now is left for the next time. */
  async function remind(): Promise<void> {
    const now = clock();
    const asked = [...repeatEvery].filter(([channel]) => channels.has(channel) && !busy.has(channel));
    if (now < remindAt || asked.every(([, every]) => every === null)) return;
    remindAt = now + REMIND_EVERY;
    const firing = await readFiring(store);
    const ids = firing.map(({ id }) => id);
    const told = await readLastTold(store, ids);
    const acknowledged: ReadonlyMap<string, Acknowledgement> = await readAcknowledgements(store, ids);
    for (const [channel, every] of asked) {
      if (every === null || busy.has(channel)) continue;
      const ofChannel = firing.filter(({ notify }) => notify.includes(channel));
      for (const model of new Set([...ofChannel.map(({ key }) => key.model), ...remindedModels(channel)])) {
        const due = dueAgain(
          ofChannel.filter(({ key }) => key.model === model),
          {
            every,
            told: told.get(channel) ?? new Map<string, Millis>(),
            silences: await currentSilences(now),
            acknowledged: new Set(acknowledged.keys()),
            now,
          },
        );
        const lane = laneOf(channel, model, "reminder");
        lane.waiting.clear();
        lane.lastTold = due?.lastTold ?? 0;
        for (const transition of due?.transitions ?? []) lane.waiting.set(transition.id, transition);
      }
    }
  }

  function remindedModels(channel: string): string[] {
    return [...(lanes.get(channel)?.values() ?? [])].filter(({ reason }) => reason === "reminder").map(({ model }) => model);
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
    await remind();
    workedAt = clock();
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

/** `why` tells apart what is not the first telling of the same. */
function notificationId(channel: string, transitionIds: readonly string[], why: string | null = null): string {
  return createHash("sha256")
    .update(JSON.stringify(["notification", channel, [...transitionIds].sort(), ...(why === null ? [] : [why])]))
    .digest("hex");
}
