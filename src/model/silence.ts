import type { AlertKey } from "./alert.ts";
import type { Severity } from "./rule.ts";
import type { Millis } from "./time.ts";

/** What a silence may be narrowed to. */
export const SILENCE_FIELDS = ["model", "rule", "version", "segment", "subject", "severity"] as const;
export type SilenceField = (typeof SILENCE_FIELDS)[number];

/** Nobody is told of the alerts it matches between `from` and `to`, by the wall clock. */
export type Silence = {
  readonly id: string;
  /** All of these have to be as they are here; null matches anything. */
  readonly match: Readonly<Record<SilenceField, string | null>>;
  readonly from: Millis;
  readonly to: Millis;
  readonly by: string;
  readonly comment: string;
  readonly createdAt: Millis;
};

/** Somebody has taken an alert up: it is told no more until it is over. */
export type Acknowledgement = { readonly alertId: string; readonly by: string; readonly comment: string; readonly at: Millis };

/** Whether an alert is silenced at that moment. */
export function isSilenced(silence: Silence, { key, severity }: { key: AlertKey; severity: Severity }, now: Millis): boolean {
  const has: Readonly<Record<SilenceField, string | null>> = { ...key, subject: key.subject.replace(/^feature:/, ""), severity };
  return now >= silence.from && now < silence.to && SILENCE_FIELDS.every((field) => matches(silence.match[field], has[field]));
}

function matches(wanted: string | null, found: string | null): boolean {
  return wanted === null || wanted === found;
}

/** The silence that an alert is under; null where there is none. */
export function silenceOf(
  silences: readonly Silence[],
  alert: { readonly key: AlertKey; readonly severity: Severity },
  now: Millis,
): Silence | null {
  return silences.find((silence) => isSilenced(silence, alert, now)) ?? null;
}
