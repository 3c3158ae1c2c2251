import type { RetrainFacts, RetrainRun, RetrainSwitch, RetrainTrigger } from "../model/retraining.ts";
import type { ModelSettings, RetrainingSettings } from "../model/settings.ts";
import { HOUR, type Millis } from "../model/time.ts";
import { countNewLabels, readBrokenFeatures } from "../store/retrain-facts.ts";
import type { Store } from "../store/store.ts";
import { spentBy } from "./decide.ts";

/** Runs that taught a model something, or may yet: labels that came after them are new. */
const TAUGHT: readonly RetrainRun["state"][] = ["started", "succeeded", "closed"];

/** Everything a decision rests on, read now. */
export async function gatherFacts(
  store: Store,
  given: {
    readonly trigger: RetrainTrigger;
    readonly settings: RetrainingSettings;
    readonly model: ModelSettings | undefined;
    /** All runs of the model. */
    readonly runs: readonly RetrainRun[];
    readonly switches: readonly RetrainSwitch[];
    /** Null where events are the clock. */
    readonly now: Millis | null;
    /** Null where events are the clock. */
    readonly behind: Millis | null;
  },
): Promise<RetrainFacts> {
  const { trigger, settings, model, runs, switches, now, behind } = given;
  const length = Math.max(trigger.window.to - trigger.window.from, HOUR);
  const before = runs.filter((run) => TAUGHT.includes(run.state) && run.id !== trigger.id && run.at < trigger.at);
  return {
    ...spentBy(runs, trigger, settings, resumedAt(switches, trigger.model), now),
    stopped: stoppedBy(switches, trigger.model),
    newLabels: await countNewLabels(store, trigger.model, Math.max(0, ...before.map(({ at }) => at))),
    behind,
    mayBeBehind: length + (model?.lateness ?? 0),
    broken: await readBrokenFeatures(store, {
      model: trigger.model,
      version: trigger.version,
      after: trigger.window.to - length,
      to: trigger.window.to,
    }),
  };
}

const about = (switches: readonly RetrainSwitch[], model: string) => switches.filter((one) => one.model === "" || one.model === model);

/** Who stopped retraining of a model, or of all; null while it goes on. */
export function stoppedBy(switches: readonly RetrainSwitch[], model: string): RetrainFacts["stopped"] {
  const found = about(switches, model).find(({ stopped }) => stopped);
  return found ? { by: found.by, reason: found.reason } : null;
}

function resumedAt(switches: readonly RetrainSwitch[], model: string): Millis {
  return Math.max(0, ...about(switches, model).flatMap(({ stopped, at }) => (stopped ? [] : [at])));
}
