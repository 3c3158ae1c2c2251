import { createHash } from "node:crypto";
import type { Transition } from "../model/alert.ts";
import type { RetrainTrigger } from "../model/retraining.ts";
import { DAY, formatDuration, formatTime, type Millis } from "../model/time.ts";

/** The same thing asked for twice has the same id, and so is one run. */
const idOf = (...parts: readonly string[]) =>
  createHash("sha256")
    .update(["retrain", ...parts].join(" "))
    .digest("hex");

/** An alert that began to fire, by a rule that retrains. */
export function ruleTrigger(transition: Transition): RetrainTrigger {
  const { key, window } = transition;
  return {
    id: idOf(transition.id),
    kind: "rule",
    model: key.model,
    version: key.version,
    rule: key.rule,
    subject: key.subject,
    alertId: transition.alertId,
    transitionId: transition.id,
    cause: `Rule ${key.rule} fired on ${key.subject}.`,
    window,
    at: window.to,
    by: "",
    force: false,
  };
}

/** An alert that fires still: it asks again once a cooldown, `evaluatedTo` being the end of its newest window. */
export function lastingTrigger(transition: Transition, evaluatedTo: Millis, cooldown: Millis): RetrainTrigger | null {
  const round = Math.floor((evaluatedTo - transition.window.to) / Math.max(cooldown, DAY));
  if (round < 1) return null;
  const first = ruleTrigger(transition);
  const length = transition.window.to - transition.window.from;
  return {
    ...first,
    id: idOf(transition.id, "again", String(round)),
    cause: `Rule ${first.rule} fires on ${first.subject} since ${formatTime(transition.since)}.`,
    window: { from: evaluatedTo - length, to: evaluatedTo },
    at: evaluatedTo,
  };
}

/** The newest multiple of `every`: those that were missed are not made up for. */
export function scheduleTrigger(model: string, version: string, every: Millis, now: Millis): RetrainTrigger {
  const at = Math.floor(now / every) * every;
  return {
    ...byHand(model, version, at),
    id: idOf("schedule", model, String(every), String(at)),
    kind: "schedule",
    cause: `The schedule asks every ${formatDuration(every)}.`,
    by: "",
  };
}

/** Somebody asks. `key` is theirs: the same key again is the same run. */
export function handTrigger(given: {
  readonly model: string;
  readonly version: string;
  readonly key: string;
  readonly kind: "api" | "cli";
  readonly by: string;
  readonly reason: string;
  readonly force: boolean;
  readonly at: Millis;
}): RetrainTrigger {
  return {
    ...byHand(given.model, given.version, given.at),
    id: idOf("asked", given.model, given.key),
    kind: given.kind,
    cause:
      given.reason === ""
        ? `${given.by} asked for it.`
        : `${given.by} asked for it: ${given.reason}${/[.!?]$/.test(given.reason) ? "" : "."}`,
    by: given.by,
    force: given.force,
  };
}

function byHand(model: string, version: string, at: Millis): Omit<RetrainTrigger, "id" | "kind" | "cause" | "by"> {
  return { model, version, rule: "", subject: "", alertId: "", transitionId: "", window: { from: at - DAY, to: at }, at, force: false };
}
