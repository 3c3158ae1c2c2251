import type { RetrainRun, RetrainState, RetrainTrigger } from "../model/retraining.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import { formatDuration, type Millis } from "../model/time.ts";
import { readRetrainSwitches } from "../store/retrain-runs.ts";
import { readVersions } from "../store/versions.ts";
import { configHash } from "./config-hash.ts";
import { decide, type Decision } from "./decide.ts";
import { gatherFacts } from "./facts.ts";
import type { Ledger } from "./ledger.ts";
import type { RetrainerOptions } from "./options.ts";

const STATE_OF: Readonly<Record<Decision["decision"], RetrainState>> = {
  start: "requested",
  ask: "waiting_for_approval",
  dry_run: "dry_run",
  refused: "refused",
};

/** Decides on what asks for a retraining, and writes it down; null where that was done already. */
export function createDecideOn(
  options: Pick<RetrainerOptions, "store" | "models" | "settings" | "clock" | "liveClock" | "watermark"> & { readonly ledger: Ledger },
): (trigger: RetrainTrigger) => Promise<RetrainRun | null> {
  const { store, models, settings, clock, liveClock, watermark, ledger } = options;

  /** What of a model is complete ends so long ago; null where events are the clock. */
  function behind(model: string): Millis | null {
    if (!liveClock) return null;
    return clock() - (watermark(model) ?? 0);
  }

  async function decideOn(trigger: RetrainTrigger): Promise<RetrainRun | null> {
    const own = settings.get(trigger.model) ?? null;
    let runs = await ledger.runsOf(trigger.model);
    if (runs.some(({ id }) => id === trigger.id)) return null;
    if (own !== null && !liveClock && (await expireBefore(runs, trigger.at, own))) runs = await ledger.runsOf(trigger.model);
    const switches = await readRetrainSwitches(store);
    const facts =
      own === null
        ? null
        : await gatherFacts(store, {
            trigger,
            settings: own,
            model: models.get(trigger.model),
            runs,
            switches,
            now: liveClock ? clock() : null,
            behind: behind(trigger.model),
          });
    const { decision, reason } = decide(trigger, own, facts);
    const { id, model, version, rule, transitionId, at, by, subject, alertId, window } = trigger;
    const known = decision === "refused" || decision === "dry_run" ? [] : (await readVersions(store, model)).map((one) => one.version);
    return ledger.write(
      {
        id,
        model,
        version,
        rule,
        transitionId,
        at,
        by,
        subject,
        alertId,
        window,
        reason,
        facts,
        state: STATE_OF[decision],
        trigger: trigger.kind,
        configHash: configHash(own),
        launcher: own?.launcher.type ?? "",
        externalId: "",
        externalUrl: "",
        attempts: 0,
        attemptedAt: null,
        leaseUntil: null,
        changedAt: 0,
        knownVersions: known,
        newVersion: null,
        newVersionSince: null,
        verdict: null,
        swap: "none",
        sequence: 0,
      },
      {},
      // Only the step says so: why it was asked for stays true once somebody agrees, and is what the job is told.
      decision === "ask" ? `${reason} It waits for approval.` : reason,
      by,
    );
  }

  /** Where events are the clock, a lease runs out by it too: a replay decides as the original did. */
  async function expireBefore(runs: readonly RetrainRun[], at: Millis, { lease }: RetrainingSettings): Promise<boolean> {
    const over = runs.filter((run) => run.state === "started" && at - run.at >= lease);
    for (const run of over)
      await ledger.write(run, { state: "expired", reason: `Nothing was heard of it within ${formatDuration(lease)}.` });
    return over.length > 0;
  }

  return decideOn;
}
