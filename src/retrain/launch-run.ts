import type { RetrainRun, RetrainSwitch } from "../model/retraining.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import { SECOND, type Millis } from "../model/time.ts";
import { stoppedBy } from "./facts.ts";
import type { Launcher, LaunchOutcome } from "./launcher.ts";
import type { Ledger } from "./ledger.ts";

/** How often one run is asked for before it counts as failed, and how long after the first failure it is asked for again. */
const ATTEMPTS = 5;
const FIRST_WAIT = 5 * SECOND;

/**
 * Asks a launcher for a run. Each attempt is written down before it is made, so that after a crash it is known that a job
 * may have begun; launchers make one job of any number of attempts.
 */
export async function launchRun(
  ledger: Ledger,
  run: RetrainRun,
  given: {
    readonly settings: RetrainingSettings | undefined;
    readonly launcher: Launcher | undefined;
    readonly switches: readonly RetrainSwitch[];
    readonly body: string;
    readonly now: Millis;
  },
): Promise<RetrainRun> {
  const { settings, launcher, switches, body, now } = given;
  const stopped = stoppedBy(switches, run.model);
  if (stopped !== null)
    return ledger.write(run, {
      state: "cancelled",
      reason: `Retraining was stopped by ${stopped.by} before it was started: ${stopped.reason}`,
    });
  if (!settings || !launcher)
    return ledger.write(run, { state: "failed", reason: "Nothing is configured any more that could start a retraining of this model." });
  // Nothing was tried in a time to come: the clock was put back since.
  if (run.attemptedAt !== null && now >= run.attemptedAt && now < run.attemptedAt + FIRST_WAIT * 2 ** (run.attempts - 1)) return run;
  const attempt = run.attempts + 1;
  const tried = await ledger.write(
    run,
    { attempts: attempt, attemptedAt: now, launcher: settings.launcher.type },
    `Attempt ${attempt} by ${settings.launcher.type}.`,
  );
  const outcome = await launcher.launch({ run: tried, body, at: now, triedAt: run.attemptedAt }).catch((error: unknown): LaunchOutcome => ({
    outcome: "retry",
    detail: `unexpected ${error instanceof Error ? error.name : "error"}`,
  }));
  if (outcome.outcome === "launched") {
    const { externalId, externalUrl, detail } = outcome;
    return ledger.write(
      tried,
      { state: "started", externalId, externalUrl, leaseUntil: now + settings.lease },
      `${settings.launcher.type}: ${detail}.`,
    );
  }
  if (outcome.outcome === "retry" && attempt < ATTEMPTS) return ledger.write(tried, {}, `Not yet: ${outcome.detail}.`);
  return ledger.write(tried, { state: "failed", reason: `The request failed: ${outcome.detail} (attempt ${attempt}).` }, outcome.detail);
}
