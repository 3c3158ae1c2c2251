import type { Millis, Window } from "./time.ts";

/**
 * - `refused`, `dry_run`: nothing was started, and nothing will be
 * - `waiting_for_approval`: a person has to agree
 * - `requested`: it is decided, and written down, before anything is started
 * - `started`: the launcher took it, and the job runs
 * - `succeeded`: the job is done; the new version's events and labels are waited for
 * - `failed`, `expired`, `cancelled`: over without a new version
 * - `closed`: the new version is judged, or there is nothing to judge
 */
export const RETRAIN_STATES = [
  "refused",
  "dry_run",
  "waiting_for_approval",
  "requested",
  "started",
  "succeeded",
  "failed",
  "expired",
  "cancelled",
  "closed",
] as const;
export type RetrainState = (typeof RETRAIN_STATES)[number];

export const RETRAIN_VERDICTS = ["better", "worse", "undecided"] as const;
export type RetrainVerdict = (typeof RETRAIN_VERDICTS)[number];

export const RETRAIN_TRIGGERS = ["rule", "schedule", "api", "cli"] as const;

/** What asks for a retraining. The same id asked twice is one run. */
export type RetrainTrigger = {
  readonly id: string;
  readonly kind: (typeof RETRAIN_TRIGGERS)[number];
  readonly model: string;
  readonly version: string;
  /** Empty where no rule asks. */
  readonly rule: string;
  readonly subject: string;
  readonly alertId: string;
  readonly transitionId: string;
  /** In a sentence, for people. */
  readonly cause: string;
  readonly window: Window;
  /** In event time: a replay decides as the original did. */
  readonly at: Millis;
  readonly by: string;
  /** A person takes responsibility: only the switch and a run in flight hold it back. */
  readonly force: boolean;
};

/** What a decision rests on, kept with it. */
export type RetrainFacts = {
  /** Who stopped retraining, and why; null when it is not. */
  readonly stopped: { readonly by: string; readonly reason: string } | null;
  readonly inFlight: { readonly id: string; readonly state: RetrainState } | null;
  /** A run that is done and whose new version is waited for, in place of the one this is about. */
  readonly successor: string | null;
  /** The nearest run within the cooldown: the time it is about, or when it was asked for. */
  readonly coolingDownFrom: Millis | null;
  readonly runsWithinDay: number;
  readonly failuresInARow: number;
  readonly newLabels: number;
  /** How far the newest complete events lie behind the clock; null where events are the clock. */
  readonly behind: Millis | null;
  /** By how much they may. */
  readonly mayBeBehind: Millis;
  /** Subjects whose feed broke, in the newest window that was measured. */
  readonly broken: readonly string[];
};

/** Whether the alerts of the old version are to be closed, now that another serves: offered, and done when a person agrees. */
export const SWAP_STATES = ["none", "offered", "accepted", "done"] as const;

export type RetrainRun = {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly rule: string;
  readonly transitionId: string;
  readonly state: RetrainState;
  readonly reason: string;
  /** In event time, as the trigger's. */
  readonly at: Millis;
  readonly trigger: RetrainTrigger["kind"];
  readonly by: string;
  readonly subject: string;
  readonly alertId: string;
  readonly window: Window;
  /** Null for decisions of earlier releases. */
  readonly facts: RetrainFacts | null;
  /** Of the settings decided by, without secrets. */
  readonly configHash: string;
  readonly launcher: string;
  /** What the job is called where it runs, and where people see it. */
  readonly externalId: string;
  readonly externalUrl: string;
  readonly attempts: number;
  /** Wall clock, as all that follows. */
  readonly attemptedAt: Millis | null;
  readonly leaseUntil: Millis | null;
  readonly changedAt: Millis;
  /** Versions that had sent events when it was decided: another one is new. */
  readonly knownVersions: readonly string[];
  readonly newVersion: string | null;
  /** Event time of the new version's first events. */
  readonly newVersionSince: Millis | null;
  readonly verdict: RetrainVerdict | null;
  readonly swap: (typeof SWAP_STATES)[number];
  /** Grows with every change. */
  readonly sequence: number;
};

/** One step of a run, kept for good. */
export type RetrainStep = {
  readonly model: string;
  readonly run: string;
  readonly sequence: number;
  readonly state: RetrainState;
  readonly detail: string;
  readonly by: string;
  readonly at: Millis;
};

/** Stops retraining of one model, or of all (the empty name). */
export type RetrainSwitch = {
  readonly model: string;
  readonly stopped: boolean;
  readonly reason: string;
  readonly by: string;
  readonly at: Millis;
};

/** Which version a registry says serves, since it was seen to say so. */
export type Champion = {
  readonly model: string;
  readonly registered: string;
  readonly alias: string;
  /** The registry's own name of it; null when the alias is gone. */
  readonly registryVersion: string | null;
  /** What its events call it. */
  readonly version: string | null;
  readonly seenAt: Millis;
};

const OPEN: readonly RetrainState[] = ["waiting_for_approval", "requested", "started"];

/** Whether a job may be running, or may be about to. */
export function isOpen({ state }: Pick<RetrainRun, "state">): boolean {
  return OPEN.includes(state);
}

/** A person, or a program of theirs, asks for a retraining. */
export type RetrainAsked = {
  readonly model: string;
  /** The version to replace; null for the one seen last. */
  readonly version: string | null;
  readonly key: string;
  readonly kind: "api" | "cli";
  readonly by: string;
  readonly reason: string;
  readonly force: boolean;
};

/** What a job says of itself. */
export type RetrainOutcome = { readonly succeeded: boolean; readonly version: string | null; readonly detail: string };

/** What people and jobs may do. */
export type RetrainControl = {
  trigger(asked: RetrainAsked): Promise<RetrainRun>;
  approve(id: string, by: string): Promise<RetrainRun>;
  cancel(id: string, by: string, reason: string): Promise<RetrainRun>;
  /** Whether a key is the one a run was given to report its outcome with. */
  opens(id: string, key: string): Promise<boolean>;
  report(id: string, outcome: RetrainOutcome, by: string): Promise<RetrainRun>;
  /** Closes the alerts of the old version, now that another serves. */
  acceptSwap(id: string, by: string): Promise<RetrainRun>;
  /** Stops retraining of a model, or of all (the empty name), or lets it go on. */
  switchTo(stopped: boolean, model: string, by: string, reason: string): Promise<void>;
};

/** What a swap of baselines takes. */
export type SwapAdvice = {
  /** In a sentence. */
  readonly why: string;
  /** What to run before it, and what to write into the configuration; null where nothing needs to change. */
  readonly command: string | null;
  readonly yaml: string | null;
};
