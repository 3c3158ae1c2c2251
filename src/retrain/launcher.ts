import type { RetrainRun } from "../model/retraining.ts";
import type { Millis } from "../model/time.ts";

export type LaunchRequest = {
  readonly run: RetrainRun;
  /** Everything a job may want to know, as JSON. */
  readonly body: string;
  /** Now, by the wall clock. */
  readonly at: Millis;
  /** When it was tried before, by this process or one that ended since: that try may have begun a job. */
  readonly triedAt: Millis | null;
};

/** What came of asking. After `retry` it is asked again, later. */
export type LaunchOutcome =
  | { readonly outcome: "launched"; readonly externalId: string; readonly externalUrl: string; readonly detail: string }
  | { readonly outcome: "retry"; readonly detail: string }
  | { readonly outcome: "failed"; readonly detail: string };

/** How a job is. `unknown` is no answer for now: the lease says when that is too long. */
export type JobState =
  | { readonly state: "running" | "unknown"; readonly detail: string }
  | { readonly state: "succeeded" | "failed"; readonly detail: string; readonly version: string | null };

/**
 * One way to start jobs. `launch` may be called again with the same run, by another process too, and never makes two
 * jobs of it. None of them throws, and no answer holds a secret.
 */
export type Launcher = {
  launch(request: LaunchRequest): Promise<LaunchOutcome>;
  /** Null where only the job itself can tell. */
  readonly poll: ((run: RetrainRun, at: Millis) => Promise<JobState>) | null;
  /** Null where it cannot be stopped from here. Resolves with what came of it. */
  readonly stop: ((run: RetrainRun) => Promise<string>) | null;
};
