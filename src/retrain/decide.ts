import type { RetrainRun, Transition } from "../model/alert.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import { DAY, formatDuration, formatTime, type Millis } from "../model/time.ts";

export type Decision = {
  readonly decision: "start" | "dry_run" | "refused";
  readonly reason: string;
};

/**
 * Whether a firing alert may start a retraining. `now` is the end of the alert's window, in event time, and so are the
 * times of runs: a replay decides as the original did. Alerts may come out of order, so runs on both sides of `now`
 * count.
 */
export function decide(transition: Transition, settings: RetrainingSettings | null, runs: readonly RetrainRun[], now: Millis): Decision {
  if (!transition.retrain || transition.to !== "firing")
    return { decision: "refused", reason: "The alert's change does not call for retraining." };
  if (settings === null) return { decision: "refused", reason: "No retraining is configured for this model." };
  const counted = runs.filter(
    (run) => run.model === transition.key.model && run.transitionId !== transition.id && spendsBudget(run, settings),
  );
  const recent = counted.find((run) => run.state !== "failed" && Math.abs(now - run.at) < settings.cooldown);
  if (recent) {
    return {
      decision: "refused",
      reason: `Cooling down: the run at ${formatTime(recent.at)} is less than ${formatDuration(settings.cooldown)} away.`,
    };
  }
  const today = counted.filter((run) => Math.abs(now - run.at) < DAY).length;
  if (today >= settings.maxPerDay)
    return {
      decision: "refused",
      reason: `The budget is spent: ${today} of ${settings.maxPerDay} runs within a day.`,
    };
  const cause = `Rule ${transition.key.rule} fired on ${transition.key.subject}.`;
  return settings.dryRun ? { decision: "dry_run", reason: `${cause} Dry run: nothing was started.` } : { decision: "start", reason: cause };
}

/** A job that could not be started holds no cooldown, but spends the day's budget: a broken launcher is not hammered. */
function spendsBudget(run: RetrainRun, settings: RetrainingSettings): boolean {
  if (run.state === "refused") return false;
  return run.state !== "dry_run" || settings.dryRun;
}
