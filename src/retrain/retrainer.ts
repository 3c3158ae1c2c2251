import { createHash, timingSafeEqual } from "node:crypto";
import type { Transition } from "../model/alert.ts";
import { isOpen, type RetrainRun, type RetrainState, type RetrainTrigger } from "../model/retraining.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import { formatDuration, type Millis } from "../model/time.ts";
import { readUndecidedFirings } from "../store/alerts.ts";
import { insertRetrainSwitch, readRetrainSwitches } from "../store/retrain-runs.ts";
import { readVersions } from "../store/versions.ts";
import { configHash } from "./config-hash.ts";
import { decide, type Decision } from "./decide.ts";
import { gatherFacts } from "./facts.ts";
import { createFollower } from "./follow.ts";
import { launchRun } from "./launch-run.ts";
import { createLedger } from "./ledger.ts";
import type { RetrainerOptions } from "./options.ts";
import { callbackKey, requestBody } from "./request.ts";
import { handTrigger, ruleTrigger } from "./triggers.ts";

/** What a person or a job may not do to a run as it is; the message is for them. */
export class RetrainConflict extends Error {
  override readonly name = "RetrainConflict";
}

export type Retrainer = {
  /** Takes up what was left undecided or unsent when the program last stopped. */
  start(): Promise<RetrainRun[]>;
  /** Decides on the changes that call for retraining; returns what was decided, and whether it was started. */
  consider(transitions: readonly Transition[]): Promise<RetrainRun[]>;
  /** One look at everything that is under way. */
  follow(): Promise<void>;
  trigger(asked: Asked): Promise<RetrainRun>;
  approve(id: string, by: string): Promise<RetrainRun>;
  cancel(id: string, by: string, reason: string): Promise<RetrainRun>;
  /** Whether a key is the one a run was given to report its outcome with. */
  opens(id: string, key: string): Promise<boolean>;
  /** What a job says of itself. */
  report(
    id: string,
    outcome: { readonly succeeded: boolean; readonly version: string | null; readonly detail: string },
    by: string,
  ): Promise<RetrainRun>;
  /** Closes the alerts of the old version, now that another serves. */
  acceptSwap(id: string, by: string): Promise<RetrainRun>;
  /** Stops retraining of a model, or of all (the empty name), or lets it go on. */
  switchTo(stopped: boolean, model: string, by: string, reason: string): Promise<void>;
};

export type Asked = {
  readonly model: string;
  readonly version: string | null;
  readonly key: string;
  readonly kind: "api" | "cli";
  readonly by: string;
  readonly reason: string;
  readonly force: boolean;
};

const STATE_OF: Readonly<Record<Decision["decision"], RetrainState>> = {
  start: "requested",
  ask: "waiting_for_approval",
  dry_run: "dry_run",
  refused: "refused",
};

/**
 * Retraining as a transaction that is followed to its end: asked for, decided within a budget, written down, started once,
 * and followed until its new version is judged. What it does next is always read from the store, so that a restart, or
 * another process, goes on where one ended.
 */
export function createRetrainer(options: RetrainerOptions): Retrainer {
  const { store, models, settings, launchers, launches, clock, liveClock, watermark, log, onChanged = () => {} } = options;
  const ledger = createLedger({ store, clock, log, onChanged });
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: two decisions at once would both find the budget unspent. */
  function inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = last.then(task, task);
    last = result;
    return result;
  }

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
            behind: behind(trigger.model),
          });
    const { decision, reason } =
      facts === null
        ? ({ decision: "refused", reason: "No retraining is configured for this model." } as const)
        : decide(trigger, own, facts);
    const { id, model, version, rule, transitionId, at, by, subject, alertId, window } = trigger;
    const known = decision === "refused" || decision === "dry_run" ? [] : (await readVersions(store, model)).map((one) => one.version);
    const run = await ledger.write(
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
      reason,
      by,
    );
    return launch(run);
  }

  /** Where events are the clock, a lease runs out by it too: a replay decides as the original did. */
  async function expireBefore(runs: readonly RetrainRun[], at: Millis, { lease }: RetrainingSettings): Promise<boolean> {
    const over = runs.filter((run) => run.state === "started" && at - run.at >= lease);
    for (const run of over)
      await ledger.write(run, { state: "expired", reason: `Nothing was heard of it within ${formatDuration(lease)}.` });
    return over.length > 0;
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
    const decided: RetrainRun[] = [];
    for (const transition of asking) {
      const run = await decideOn(ruleTrigger(transition));
      if (run !== null) decided.push(run);
    }
    return decided;
  }

  async function found(id: string): Promise<RetrainRun> {
    const run = await ledger.find(id);
    if (run === null) throw new RetrainConflict("There is no such run.");
    return run;
  }

  const refuse = (run: RetrainRun, wanted: string) =>
    new RetrainConflict(`The run is ${run.state.replaceAll("_", " ")}: it cannot be ${wanted}.`);

  const follower = createFollower({ ...options, ledger, launch, decideOn, inTurn });

  return {
    start: () =>
      inTurn(async () => {
        const decided = await decideAll(await readUndecidedFirings(store));
        return decided;
      }),

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

    approve: (id, by) =>
      inTurn(async () => {
        const run = await found(id);
        if (run.state !== "waiting_for_approval") throw refuse(run, "approved");
        return launch(await ledger.write(run, { state: "requested" }, "Approved.", by));
      }),

    cancel: (id, by, reason) =>
      inTurn(async () => {
        const run = await found(id);
        if (!isOpen(run)) throw refuse(run, "cancelled");
        const launcher = launchers.get(run.model);
        const stopped =
          run.state !== "started"
            ? ""
            : launcher?.stop
              ? ` ${await launcher.stop(run).catch(() => "The job could not be stopped.")}`
              : " The job itself cannot be stopped from here.";
        const said = `Cancelled by ${by}${reason === "" ? "." : `: ${reason}.`}${stopped}`;
        return ledger.write(run, { state: "cancelled", reason: said }, said, by);
      }),

    async opens(id, key) {
      // Neither can be one of ours: nothing has to be looked up to say so.
      if (!/^[0-9a-f]{64}$/.test(id) || key.length !== 43) return false;
      const run = await ledger.find(id);
      const own = run === null ? undefined : settings.get(run.model);
      const right = own === undefined ? null : callbackKey(own, id);
      if (right === null) return false;
      const [a, b] = [right, key].map((text) => createHash("sha256").update(text).digest());
      return a !== undefined && b !== undefined && timingSafeEqual(a, b);
    },

    report: (id, outcome, by) =>
      inTurn(async () => {
        const run = await found(id);
        // A late word is still the truth about the job.
        if (run.state !== "started" && run.state !== "requested" && run.state !== "expired") throw refuse(run, "reported on");
        return ledger.write(
          run,
          outcome.succeeded
            ? { state: "succeeded", newVersion: outcome.version ?? run.newVersion }
            : { state: "failed", reason: outcome.detail || "The job says that it failed." },
          outcome.detail || (outcome.succeeded ? "The job says that it is done." : "The job says that it failed."),
          by,
        );
      }),

    acceptSwap: (id, by) =>
      inTurn(async () => {
        const run = await found(id);
        if (run.swap !== "offered") throw new RetrainConflict("No swap of baselines is offered for this run.");
        const accepted = await ledger.write(run, { swap: "accepted" }, "The swap of baselines was accepted.", by);
        return launches ? follower.swap(accepted) : accepted;
      }),

    switchTo: (stopped, model, by, reason) => insertRetrainSwitch(store, { model, stopped, by, reason, at: clock() }),
  };
}
