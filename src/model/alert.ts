import type { Millis } from "./time.ts";
import type { Measurement } from "./measurement.ts";
import type { Metric } from "./metric.ts";
import type { Severity } from "./rule.ts";

/**
 * - `pending`: the condition holds, but not for long enough yet
 * - `recovering`: firing still, while the condition has begun to clear
 * Missing evidence (`insufficient`, `no_data`, `labels_pending`, `error`) is no state of its own here but a
 * `health` beside the state: it never moves an alert, least of all to resolved.
 */
export type AlertState = "normal" | "pending" | "firing" | "recovering" | "resolved";
export type AlertHealth = "ok" | "insufficient" | "no_data" | "labels_pending" | "error";

/** What one rule watches: one subject of one version of one model. */
export type AlertKey = {
  readonly rule: string;
  readonly model: string;
  readonly version: string;
  readonly segment: string | null;
  /** A feature's name, `prediction`, `score` or `performance`. */
  readonly subject: string;
};

/** Everything the state machine needs to go on after a restart. */
export type AlertStatus = {
  readonly key: AlertKey;
  readonly state: AlertState;
  readonly health: AlertHealth;
  /** Consecutive evaluations in favour of the move that is under way (firing or clearing). */
  readonly streak: number;
  /** Start of the first window whose condition held; null when normal. */
  readonly since: Millis | null;
  /** Id of the transition to firing that opened this alert; null before it fired. */
  readonly alertId: string | null;
  /** End of the newest window evaluated. */
  readonly evaluatedTo: Millis;
  /** What the newest evaluations with evidence said, oldest first, a letter each; only of rules that fire by some of several. */
  readonly recent?: string;
  /** How bad it was told to be; absent while it is not open. */
  readonly severity?: Severity;
  /** Transitions there have been: the same change of the same window can come again, once a late row has taken it back. */
  readonly changes?: number;
};

/**
 * Why an alert changed, where it was not a window that was evaluated for the first time:
 * - `revised`: late rows or labels changed what windows say, and with that how the alert stands
 * - `confirmed`: they came, and the window that opened it would open it still
 * - `retracted`: they came, and without the old numbers it would never have been opened
 * - `escalated`: it has become worse than it was told to be
 * - `rule_removed`, `not_watched`, `version_retired`: nothing will judge it any more
 * - `replaced`: a person says that another version has taken the place of its own
 */
export const TRANSITION_REASONS = [
  "revised",
  "confirmed",
  "retracted",
  "escalated",
  "rule_removed",
  "not_watched",
  "version_retired",
  "replaced",
] as const;
export type TransitionReason = (typeof TRANSITION_REASONS)[number];

/** One change of state, and the outbox: stored once, delivered at least once, its id a hash of what it says. */
export type Transition = {
  readonly id: string;
  readonly alertId: string;
  readonly key: AlertKey;
  readonly from: AlertState;
  readonly to: AlertState;
  readonly severity: Severity;
  readonly window: { readonly from: Millis; readonly to: Millis };
  readonly since: Millis;
  readonly ruleHash: string;
  readonly summary: string;
  readonly explanation: Explanation;
  /** Channels to tell; empty for moves nobody is told of. */
  readonly notify: readonly string[];
  readonly retrain: boolean;
  readonly createdAt: Millis;
  /** Absent: a window was evaluated for the first time. */
  readonly reason?: TransitionReason;
};

/** Why an alert spoke: enough to judge it without opening anything else. */
export type Explanation = {
  readonly metric: Metric;
  readonly baseline: string | null;
  readonly value: number | null;
  readonly expected: number | null;
  readonly threshold: number;
  readonly pValue: number | null;
  /** After correction for the subjects of the same evaluation. */
  readonly adjustedPValue: number | null;
  readonly subjectsTested: number;
  readonly evidence: Measurement["evidence"];
  readonly rows: Measurement["rows"];
  readonly labelled: number | null;
  readonly ci: Measurement["ci"];
  readonly detail: Measurement["detail"];
  /** The likely kind of change, in words, where one is likely. */
  readonly likely: string | null;
  /**
   * The likely kind of change: a broken feed; other values than before; other inputs than before, to which a loss of performance
   * is due; or inputs that have come to mean something else. Null where nothing points to one.
   */
  readonly kind: "break" | "drift" | "mix_shift" | "concept" | null;
  /** What else of this model the same rule found to have moved in this window, largest effect first. */
  readonly alongside: readonly { readonly subject: string; readonly metric: Metric; readonly value: number | null }[];
  /** SQL on the public views that shows the same measurement over time. */
  readonly query: string | null;
  /** What to run or look at next. */
  readonly hints: readonly string[];
  /** Where the rule says what to do. */
  readonly runbook?: string;
};

/** What moved, without how much and how sure: a summary for a list. */
export function firstSentence(summary: string): string {
  return summary.split(/(?<=\.) (?=\p{Lu})/u, 1)[0] ?? summary;
}

/** One attempt to tell one channel of one or more transitions, recorded after it was made. */
export type Delivery = {
  readonly notificationId: string;
  readonly channel: string;
  readonly transitionIds: readonly string[];
  readonly attempt: number;
  /** `silenced`: over before the silence it fell under was, so nobody is told. */
  readonly outcome: "sent" | "retry" | "failed" | "silenced";
  readonly detail: string;
  readonly at: Millis;
  /** Not before this time again; null when done. */
  readonly nextAttemptAt: Millis | null;
};

/** What a channel is handed: what one model's alerts have come to, told together. */
export type Notification = {
  readonly id: string;
  readonly channel: string;
  readonly model: string;
  /** `reminder`: nothing changed, and what `transitions` told of fires still. `test`: nothing happened at all. */
  readonly reason: "change" | "reminder" | "test";
  readonly transitions: readonly Transition[];
  /** How each alert of this model that fires now and that this channel is told of began, those in `transitions` included. */
  readonly firing: readonly Transition[];
  /** Who has taken an alert of these up, by the alert's id. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** What a reader has to know beside the alerts, such as that events are missing. */
  readonly note: string | null;
  /** The model's page. */
  readonly link: string | null;
  readonly at: Millis;
};

/**
 * How a channel answers. `retry` may be tried again, not before `retryAfter` has passed where it is set; `failed` may
 * not. `unsure`: nothing was answered, so it may have arrived. `gone`: the receiver asked for no more, ever.
 */
export type SendOutcome =
  | { readonly outcome: "sent"; readonly detail: string }
  | { readonly outcome: "retry"; readonly detail: string; readonly retryAfter: Millis | null; readonly unsure?: true }
  | { readonly outcome: "failed"; readonly detail: string; readonly gone?: true };

/** Tells one channel. It answers and does not throw, and its answer holds no secret. */
export type Notifier = (notification: Notification) => Promise<SendOutcome>;

/** Posts JSON, signed when there is a secret. `id` stays the same when the same thing is sent again; `at` is now. */
export type SignedPost = (request: {
  readonly url: string;
  readonly secret: string | null;
  readonly id: string;
  readonly at: Millis;
  readonly body: string;
}) => Promise<SendOutcome>;
