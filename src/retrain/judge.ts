import type { Comparison } from "../model/comparison.ts";
import type { RetrainRun, RetrainVerdict } from "../model/retraining.ts";
import type { RegistrySettings, RetrainingSettings } from "../model/settings.ts";
import { formatDuration, type Millis } from "../model/time.ts";

export type Judged = { readonly verdict: RetrainVerdict; readonly reason: string };

/**
 * What a comparison says of the version a run led to; null while it says nothing yet and there is time. The metric was
 * chosen before the run, so its verdict needs no correction.
 */
export function judge(
  found: Comparison,
  settings: RetrainingSettings["judge"],
  { now, since }: { readonly now: Millis; readonly since: Millis },
): Judged | null {
  const [one] = found.metrics;
  const { champion, challenger } = found;
  if (one && (one.verdict.kind === "better" || one.verdict.kind === "worse")) {
    const size = `${one.metric} ${shown(one.champion)} with ${champion.version}, ${shown(one.challenger)} with ${challenger.version}`;
    return { verdict: one.verdict.kind, reason: `${challenger.version} is ${one.verdict.kind}: ${size}.` };
  }
  if (one?.verdict.kind === "no_larger_difference")
    return {
      verdict: "undecided",
      reason: `${challenger.version} and ${champion.version} differ by no more than ${settings.margin} in ${one.metric}.`,
    };
  if (now - since < settings.within) return null;
  return { verdict: "undecided", reason: `${whyUndecided(found)} within ${formatDuration(settings.within)}.` };
}

function whyUndecided({ status, champion, challenger }: Comparison): string {
  switch (status) {
    case "no_common_buckets":
      return `${champion.version} and ${challenger.version} were never live together`;
    case "labels_pending":
    case "no_labels":
      return "Too few labels came";
    case "ok":
      return "No difference could be told";
  }
}

const shown = (value: number | null) => (value === null ? "unknown" : Number(value.toPrecision(3)).toString());

/** How to go back to the version before, where the new one is worse. */
export function rollBackAdvice(run: RetrainRun, registry: RegistrySettings | null, previous: string | null): string {
  if (registry === null || previous === null) return `Go back: let ${run.version} serve again.`;
  return `Go back: MlflowClient().set_registered_model_alias(${JSON.stringify(registry.name)}, ${JSON.stringify(registry.alias)}, ${JSON.stringify(previous)})`;
}
