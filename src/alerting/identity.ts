import { createHash } from "node:crypto";
import type { AlertKey, AlertStatus, TransitionReason } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
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

/** What tells alerts apart. */
export function keyText(key: AlertKey): string {
  return JSON.stringify([key.rule, key.model, key.version, key.segment, key.subject]);
}
