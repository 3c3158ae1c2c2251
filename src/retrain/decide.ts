import { isOpen, type RetrainFacts, type RetrainRun, type RetrainTrigger } from "../model/retraining.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import { DAY, formatDuration, formatTime, type Millis } from "../model/time.ts";

export type Decision = {
  readonly decision: "start" | "ask" | "dry_run" | "refused";
  readonly reason: string;
};

/** Whether a trigger may start a job. What holds it back first is told; a person who forces it is held back by the first two only. */
export function decide(trigger: RetrainTrigger, settings: RetrainingSettings | null, facts: RetrainFacts | null): Decision {
  if (settings === null || facts === null) return { decision: "refused", reason: "No retraining is configured for this model." };
  const why = whyNot(trigger, settings, facts);
  if (why !== null) return { decision: "refused", reason: why };
  if (settings.dryRun) return { decision: "dry_run", reason: `${trigger.cause} Dry run: nothing was started.` };
  if (settings.approval) return { decision: "ask", reason: trigger.cause };
  return { decision: "start", reason: trigger.cause };
}

function whyNot({ force }: RetrainTrigger, settings: RetrainingSettings, facts: RetrainFacts): string | null {
  const { stopped, inFlight, coolingDownFrom } = facts;
  if (stopped !== null) return `Retraining is stopped by ${stopped.by}: ${stopped.reason}`;
  if (inFlight !== null) return `Another run is on its way: ${inFlight.id.slice(0, 12)} is ${inFlight.state.replaceAll("_", " ")}.`;
  if (force) return null;
  if (facts.successor !== null)
    return `Its successor is on its way: run ${facts.successor.slice(0, 12)} is done, and its version is waited for or judged.`;
  if (facts.broken.length > 0)
    return `The data looks broken (${facts.broken.slice(0, 5).join(", ")}): a model trained on it would learn the break. Mend the feed first.`;
  if (facts.behind !== null && facts.behind > facts.mayBeBehind)
    return `Ingestion is behind: what is complete ends ${roughly(facts.behind)} ago, and ${roughly(facts.mayBeBehind)} is the most.`;
  if (facts.failuresInARow >= settings.maxFailures)
    return `The circuit is open: the last ${facts.failuresInARow} runs failed. See to the cause, then let it go on: driftwatch retrain resume --model ${settings.model}`;
  if (coolingDownFrom !== null)
    return `Cooling down: the run at ${formatTime(coolingDownFrom)} is less than ${formatDuration(settings.cooldown)} away.`;
  if (facts.runsWithinDay >= settings.maxPerDay)
    return `The budget is spent: ${facts.runsWithinDay} of ${settings.maxPerDay} runs within a day.`;
  if (facts.newLabels < settings.newLabels)
    return `Too few new labels: ${facts.newLabels} since the run before, and at_least.labelled is ${settings.newLabels}.`;
  return null;
}

/** A stretch in its largest unit, for a sentence. */
function roughly(stretch: Millis): string {
  return formatDuration(Math.round(stretch / 60_000) * 60_000);
}

export type Spent = Pick<RetrainFacts, "inFlight" | "successor" | "coolingDownFrom" | "runsWithinDay" | "failuresInARow">;

/**
 * What the runs so far leave of the budget at `at`, in event time. Triggers may come out of order, so runs on both sides
 * of it count; and so do runs that were asked for shortly before `now`, whatever day they are about. `now` is null where
 * events are the clock. `resumedAt` is when a person last said that failures are seen to.
 */
export function spentBy(
  runs: readonly RetrainRun[],
  trigger: Pick<RetrainTrigger, "id" | "at" | "version">,
  settings: RetrainingSettings,
  resumedAt: Millis,
  now: Millis | null,
): Spent {
  const others = runs.filter((run) => run.id !== trigger.id);
  const counted = others.filter((run) => spendsBudget(run, settings));
  const near = (run: RetrainRun) => nearer(run, trigger.at, now);
  const recent = counted
    .filter(holdsCooldown)
    .map(near)
    .filter(({ away }) => away < settings.cooldown)
    .sort((a, b) => a.away - b.away)[0];
  const open = others.find(isOpen);
  return {
    inFlight: open ? { id: open.id, state: open.state } : null,
    successor: others.find((run) => run.state === "succeeded" && run.version === trigger.version)?.id ?? null,
    coolingDownFrom: recent?.at ?? null,
    runsWithinDay: counted.filter((run) => near(run).away < DAY).length,
    failuresInARow: failuresInARow(others, resumedAt),
  };
}

/** How far a run is away: from what it is about, or from when it was asked for. */
function nearer(run: RetrainRun, at: Millis, now: Millis | null): { readonly at: Millis; readonly away: Millis } {
  const about = { at: run.at, away: Math.abs(at - run.at) };
  if (now === null || run.attemptedAt === null) return about;
  const asked = { at: run.attemptedAt, away: Math.abs(now - run.attemptedAt) };
  return asked.away < about.away ? asked : about;
}

/** A job that failed holds no cooldown, but spends the day's budget: a broken one is not hammered. */
function spendsBudget(run: RetrainRun, settings: RetrainingSettings): boolean {
  if (run.state === "refused") return false;
  if (run.state === "dry_run") return settings.dryRun;
  return run.state !== "cancelled" || run.attempts > 0;
}

function holdsCooldown({ state }: RetrainRun): boolean {
  return state !== "failed" && state !== "cancelled";
}

const FAILED: readonly RetrainRun["state"][] = ["failed", "expired"];
const ENDED: readonly RetrainRun["state"][] = [...FAILED, "succeeded", "closed"];

function failuresInARow(runs: readonly RetrainRun[], resumedAt: Millis): number {
  const ended = runs.filter((run) => ENDED.includes(run.state) && run.changedAt > resumedAt).sort((a, b) => b.changedAt - a.changedAt);
  const firstGood = ended.findIndex((run) => !FAILED.includes(run.state));
  return firstGood === -1 ? ended.length : firstGood;
}
