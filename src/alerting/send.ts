import type { Delivery, SendOutcome } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
import { readFiring } from "../store/firing.ts";
import { readAcknowledgements } from "../store/silences.ts";
import type { Choice } from "./choose.ts";
import { notificationId, type DeliveryRecord } from "./delivery-record.ts";
import type { Lane, Lanes } from "./lane.ts";
import { isWithin } from "./pause.ts";
import { retrainingNote } from "./retraining-note.ts";
import { pauseAfter } from "./retry-schedule.ts";
import type { TellingTools } from "./telling-tools.ts";

/** One telling of a lane: what it is called, what it tells, and which try it is. */
type Telling = Choice & { readonly id: string; readonly attempt: number; readonly at: Millis };

/**
 * Tells what of a lane is due, and says what came of it; null where nothing was due. Its beginning is recorded before
 * anything is sent, and its outcome after.
 */
export function createSend(
  tools: TellingTools & {
    lanes: Lanes;
    /** Notifications that were begun before this process was, by id. */
    opened: Map<string, Delivery>;
    choose: (lane: Lane, now: Millis) => Promise<Choice>;
    record: DeliveryRecord;
    onAttempt: (channel: string, outcome: Delivery["outcome"]) => void;
  },
): (lane: Lane) => Promise<SendOutcome["outcome"] | null> {
  const { store, channels, lanes, opened, choose, record, clock, log, link, onAttempt } = tools;
  /** Channels whose receiver wants no more: nothing is sent there until the next start. */
  const gone = new Set<string>();

  async function send(lane: Lane): Promise<SendOutcome["outcome"] | null> {
    const now = clock();
    const isNews = lane.fresh;
    const resting = !isNews && lane.current !== null && isWithin(now, lane.current);
    if (gone.has(lane.channel) || resting || (lane.hold !== null && isWithin(now, lane.hold))) return null;
    lane.fresh = false;
    const { batch: chosen, note } = await choose(lane, now).catch((error: unknown) => {
      lane.fresh ||= isNews;
      throw error;
    });
    const batch = [...chosen].sort((a, b) => a.window.to - b.window.to || (a.id < b.id ? -1 : 1));
    if (batch.length === 0) return null;
    const transitionIds = batch.map((transition) => transition.id);
    const id = notificationId(lane.channel, transitionIds, lane.reason === "change" ? null : `reminder ${lane.lastTold}`);
    const earlier = opened.get(id);
    const before =
      lane.current?.id === id
        ? lane.current
        : { id, attempt: earlier?.attempt ?? 0, at: earlier?.at ?? now, nextAt: earlier?.nextAttemptAt ?? now };
    const isEarly = isWithin(now, before);
    // What is new need not wait, but it does not overtake what may have arrived.
    if (isEarly && !(isNews && lane.begun !== null)) {
      lane.current = before;
      return null;
    }
    const shared = { notificationId: id, channel: lane.channel, transitionIds };
    if (before.attempt === 0 && !earlier)
      await record.add({ ...shared, attempt: 0, outcome: "retry", detail: "begun", at: now, nextAttemptAt: now });
    const telling = { id, batch, note, at: now };
    const outcome = await tell(lane, telling);
    // News is no reason to give up earlier what is in its way: tried before its time, it failed no more often.
    const attempt = before.attempt + (isEarly && outcome.outcome === "retry" ? 0 : 1);
    opened.delete(id);
    lane.begun = null;
    const wait = outcome.outcome === "retry" ? pauseAfter(attempt, outcome.retryAfter) : null;
    if (outcome.outcome !== "retry" || wait === null) return over(lane, { ...telling, attempt }, shared, outcome);
    const nextAt = isEarly && outcome.retryAfter === null ? before.nextAt : now + wait;
    return again(lane, { ...telling, attempt }, shared, outcome, nextAt);
  }

  async function again(
    lane: Lane,
    { id, attempt, at }: Telling,
    shared: Pick<Delivery, "notificationId" | "channel" | "transitionIds">,
    { detail, retryAfter, unsure }: Extract<SendOutcome, { outcome: "retry" }>,
    nextAt: Millis,
  ): Promise<"retry"> {
    const { channel } = lane;
    onAttempt(channel, "retry");
    if (retryAfter !== null) lane.hold = { at, nextAt };
    lane.current = { id, attempt, at, nextAt };
    if (unsure) lane.begun = shared.transitionIds;
    await record.add({ ...shared, attempt, outcome: "retry", detail, at: clock(), nextAttemptAt: nextAt });
    log.warn("notification will be tried again", { channel, notification: id, attempt, detail });
    return "retry";
  }

  async function over(
    lane: Lane,
    { id, attempt }: Telling,
    shared: Pick<Delivery, "notificationId" | "channel" | "transitionIds">,
    outcome: SendOutcome,
  ): Promise<"sent" | "failed"> {
    const { channel } = lane;
    const result = outcome.outcome === "sent" ? "sent" : "failed";
    onAttempt(channel, result);
    const detail = outcome.outcome === "retry" ? `given up after ${attempt} attempts: ${outcome.detail}` : outcome.detail;
    for (const told of shared.transitionIds) lane.waiting.delete(told);
    lane.current = null;
    await record.add({ ...shared, attempt, outcome: result, detail, at: clock(), nextAttemptAt: null });
    if (outcome.outcome === "failed" && outcome.gone) {
      gone.add(channel);
      log.error(
        "the receiver of a channel wants no more: nothing is sent there until its address is put right and the daemon is started again",
        { channel },
      );
    }
    if (result === "failed") log.error("notification failed", { channel, notification: id, attempt, detail });
    return result;
  }

  async function tell(lane: Lane, { id, batch, note, at }: Omit<Telling, "attempt">): Promise<SendOutcome> {
    const { channel, model, reason } = lane;
    const notifier = channels.get(channel);
    if (!notifier) return { outcome: "failed", detail: "no channel of this name is configured" };
    try {
      const telling = new Set(batch.map((transition) => transition.id));
      const firing = (await readFiring(store, { model })).filter(
        // What this channel has not been told of, and is not told now, does not fire as far as it knows.
        (one) => one.notify.includes(channel) && (telling.has(one.id) || !lanes.of(channel, model).waiting.has(one.id)),
      );
      const alertIds = [...new Set(batch.map(({ alertId }) => alertId))];
      const taken = await readAcknowledgements(store, alertIds);
      const retraining = await retrainingNote(store, model, alertIds);
      return await notifier({
        id,
        channel,
        model,
        reason,
        transitions: batch,
        firing,
        acknowledged: new Map([...taken].map(([alertId, { by }]) => [alertId, by])),
        note: note === null ? retraining : retraining === null ? note : `${note} ${retraining}`,
        link: link(model),
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

  return send;
}
