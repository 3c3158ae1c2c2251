import { createHash } from "node:crypto";
import type { AlertKey, AlertStatus, TransitionReason } from "../model/alert.ts";
import type { Rule } from "../model/rule.ts";
import type { Millis } from "../model/time.ts";
import type { Judgement } from "./judge.ts";
import type { Change } from "./transition.ts";

/** The name of a change: of what changed, not of its words, and of how often its alert had changed before. */
export function transitionId(hash: string, status: AlertStatus, to: Millis, change: Change, reason: TransitionReason | undefined): string {
  const again = status.changes ?? 0;
  const parts = ["transition", hash, keyText(status.key), to, change.from, change.to, again, ...(reason === undefined ? [] : [reason])];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** An alert that nothing was ever said about. */
export function freshStatus(key: AlertKey): AlertStatus {
  return { key, state: "normal", health: "ok", streak: 0, since: null, alertId: null, evaluatedTo: 0 };
}

/** The keys of a rule's alerts by subject: made once, since each window asks for all of them. */
const keysOfRules = new WeakMap<Rule, Map<string, AlertKey[]>>();

/** The key of the alert that a judgement is about. */
export function keyOf(rule: Rule, model: string, version: string, { measurement: { segment }, subject }: Judgement): AlertKey {
  let bySubject = keysOfRules.get(rule);
  if (!bySubject) keysOfRules.set(rule, (bySubject = new Map()));
  let keys = bySubject.get(subject);
  if (!keys) bySubject.set(subject, (keys = []));
  let key = keys.find((one) => one.version === version && one.segment === segment && one.model === model);
  if (!key) keys.push((key = { rule: rule.name, model, version, segment, subject }));
  return key;
}

/** Statuses keep their key from window to window, and each window asks for its text several times. */
const texts = new WeakMap<AlertKey, string>();

/** What tells alerts apart. */
export function keyText(key: AlertKey): string {
  let text = texts.get(key);
  if (text === undefined) texts.set(key, (text = JSON.stringify([key.rule, key.model, key.version, key.segment, key.subject])));
  return text;
}
