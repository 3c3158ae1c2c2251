import type { Transition } from "../model/alert.ts";
import type { RetrainControl, RetrainRun, RetrainTrigger } from "../model/retraining.ts";
import { readUndecidedFirings } from "../store/alerts.ts";
import { insertRetrainSwitch, readRetrainSwitches } from "../store/retrain-runs.ts";
import { readVersions } from "../store/versions.ts";
import { createDecideOn } from "./decide-on.ts";
import { createFollower } from "./follow.ts";
import { launchRun } from "./launch-run.ts";
import { createLedger } from "./ledger.ts";
import { createOperations, RetrainConflict } from "./operations.ts";
import type { RetrainerOptions } from "./options.ts";
import { requestBody } from "./request.ts";
import { handTrigger, ruleTrigger } from "./triggers.ts";

export type Retrainer = RetrainControl & {
  /** Takes up what was left undecided or unsent when the program last stopped. */
  start(): Promise<RetrainRun[]>;
  /** Decides on the changes that call for retraining; returns what was decided, and whether it was started. */
  consider(transitions: readonly Transition[]): Promise<RetrainRun[]>;
  /** One look at everything that is under way. */
  follow(): Promise<void>;
};

/**
 * Retraining as a transaction that is followed to its end: asked for, decided within a budget, written down, started once,
 * and followed until its new version is judged. What it does next is always read from the store, so that a restart, or
 * another process, goes on where one ended.
 */
export function createRetrainer(options: RetrainerOptions): Retrainer {
  const { store, settings, launchers, launches, clock, liveClock, watermark, log, onChanged = () => {} } = options;
  const ledger = createLedger({ store, clock, log, onChanged });
  const decided = createDecideOn({ ...options, ledger });
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: two decisions at once would both find the budget unspent. */
  function inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = last.then(task, task);
    last = result;
    return result;
  }

  async function decideOn(trigger: RetrainTrigger): Promise<RetrainRun | null> {
    const run = await decided(trigger);
    return run === null ? null : launch(run);
  }

  async function launch(run: RetrainRun): Promise<RetrainRun> {
    if (run.state !== "requested" || !launches) return run;
    const own = settings.get(run.model);
    return launchRun(ledger, run, {
      settings: own,
      launcher: launchers.get(run.model),
      switches: await readRetrainSwitches(store),
      body: own === undefined ? "" : requestBody(run, own, options.link(run.model), options.publicUrl()),
      now: clock(),
    });
  }

  async function decideAll(transitions: readonly Transition[]): Promise<RetrainRun[]> {
    const asking = transitions.filter((one) => one.retrain && one.to === "firing").sort((a, b) => a.window.to - b.window.to);
    const runs: RetrainRun[] = [];
    for (const transition of asking) {
      const run = await decideOn(ruleTrigger(transition));
      if (run !== null) runs.push(run);
    }
    return runs;
  }

  const follower = createFollower({ ...options, ledger, launch, decideOn, inTurn });

  return {
    ...createOperations({ ...options, ledger, launch, swap: follower.swap, lapse: follower.lapse, inTurn }),

    start: () => inTurn(async () => decideAll(await readUndecidedFirings(store))),

    consider: (transitions) => inTurn(() => decideAll(transitions)),

    follow: follower.follow,

    trigger: (asked) =>
      inTurn(async () => {
        const at = liveClock ? clock() : (watermark(asked.model) ?? clock());
        const version = asked.version ?? (await readVersions(store, asked.model))[0]?.version ?? "";
        const trigger = handTrigger({ ...asked, version, at });
        const run = (await decideOn(trigger)) ?? (await ledger.find(trigger.id));
        if (run === null) throw new RetrainConflict("It could not be written down.");
        return run;
      }),

    switchTo: (stopped, model, by, reason) => insertRetrainSwitch(store, { model, stopped, by, reason, at: clock() }),
  };
}
