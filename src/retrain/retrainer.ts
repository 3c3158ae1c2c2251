import { createHash } from "node:crypto";
import type { Log } from "../log.ts";
import type { RetrainRun, SendOutcome, Transition } from "../model/alert.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import type { Clock } from "../model/time.ts";
import { readUndecidedFirings } from "../store/alerts.ts";
import { insertRetrainRuns, readRetrainRuns } from "../store/retrain-runs.ts";
import type { Store } from "../store/store.ts";
import { decide } from "./decide.ts";
import type { Launcher } from "./launch-webhook.ts";

/** How often one request is sent before it counts as failed. Each try waits for the next call of `consider`. */
const ATTEMPTS = 5;

export type Retrainer = {
  /** Takes up what was left undecided when the program last stopped. */
  start(): Promise<RetrainRun[]>;
  /** Decides on the changes that call for retraining, and on those left over; returns what was decided. */
  consider(transitions: readonly Transition[]): Promise<RetrainRun[]>;
};

/**
 * Turns firings into retraining, within a budget. A run is recorded after its effect, and its id is a hash of the
 * transition: after a crash between the two the same request goes out again under the same idempotency key.
 */
export function createRetrainer(options: {
  store: Store;
  settings: ReadonlyMap<string, RetrainingSettings>;
  launchers: ReadonlyMap<string, Launcher>;
  clock: Clock;
  log: Log;
  /** Told of every decision, once it is stored. */
  onDecided?: (run: RetrainRun) => void;
}): Retrainer {
  const { store, settings, launchers, clock, log, onDecided = () => {} } = options;
  const waiting = new Map<string, { readonly transition: Transition; attempts: number }>();
  let runs: RetrainRun[] | null = null;
  let last: Promise<unknown> = Promise.resolve();

  async function work(transitions: readonly Transition[]): Promise<RetrainRun[]> {
    runs ??= await readRetrainRuns(store, { limit: 1_000_000 });
    const decided = new Set(runs.map((run) => run.transitionId));
    for (const transition of transitions) {
      if (transition.retrain && transition.to === "firing" && !decided.has(transition.id) && !waiting.has(transition.id))
        waiting.set(transition.id, { transition, attempts: 0 });
    }
    const results: RetrainRun[] = [];
    for (const entry of [...waiting.values()].sort((a, b) => a.transition.window.to - b.transition.window.to)) {
      const run = await decideOne(entry, runs);
      if (run === null) continue;
      await insertRetrainRuns(store, [run]);
      waiting.delete(run.transitionId);
      runs.push(run);
      results.push(run);
      onDecided(run);
      log.info("retraining decided", {
        model: run.model,
        rule: run.rule,
        run: run.id,
        state: run.state,
        reason: run.reason,
      });
    }
    return results;
  }

  /** Null when the launcher could not be reached and is to be asked again. */
  async function decideOne(
    entry: { readonly transition: Transition; attempts: number },
    known: readonly RetrainRun[],
  ): Promise<RetrainRun | null> {
    const { transition } = entry;
    const { model, version, rule } = transition.key;
    const id = createHash("sha256").update(`retrain ${transition.id}`).digest("hex");
    const shared = {
      id,
      model,
      version,
      rule,
      transitionId: transition.id,
      at: transition.window.to,
    };
    const { decision, reason } = decide(transition, settings.get(model) ?? null, known, transition.window.to);
    if (decision !== "start") return { ...shared, state: decision, reason };
    const launcher = launchers.get(model);
    if (!launcher)
      return {
        ...shared,
        state: "refused",
        reason: "Nothing is configured that could start a retraining of this model.",
      };
    const outcome = await launch(launcher, id, transition);
    entry.attempts += 1;
    if (outcome.outcome === "sent") return { ...shared, state: "started", reason };
    if (outcome.outcome === "retry" && entry.attempts < ATTEMPTS) {
      log.warn("retraining could not be started yet", {
        model,
        run: id,
        attempt: entry.attempts,
        detail: outcome.detail,
      });
      return null;
    }
    return {
      ...shared,
      state: "failed",
      reason: `The request failed: ${outcome.detail} (attempt ${entry.attempts}).`,
    };
  }

  async function launch(launcher: Launcher, runId: string, transition: Transition): Promise<SendOutcome> {
    try {
      return await launcher({ runId, transition, at: clock() });
    } catch (error) {
      return {
        outcome: "retry",
        detail: `unexpected ${error instanceof Error ? error.name : "error"}`,
        retryAfter: null,
      };
    }
  }

  /** One after the other: two decisions at once would both find the budget unspent. */
  function inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = last.then(task, task);
    last = result;
    return result;
  }

  return {
    start: () => inTurn(async () => work(await readUndecidedFirings(store))),
    consider: (transitions) => inTurn(() => work(transitions)),
  };
}
