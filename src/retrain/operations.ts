import { createHash, timingSafeEqual } from "node:crypto";
import { isOpen, type RetrainControl, type RetrainRun } from "../model/retraining.ts";
import type { Ledger } from "./ledger.ts";
import type { RetrainerOptions } from "./options.ts";
import { callbackKey } from "./request.ts";

/** What a person or a job may not do to a run as it is; the message is for them. */
export class RetrainConflict extends Error {
  override readonly name = "RetrainConflict";
}

/** What people and jobs do to a run that there is. */
export function createOperations(
  options: Pick<RetrainerOptions, "settings" | "launchers" | "launches"> & {
    readonly ledger: Ledger;
    readonly launch: (run: RetrainRun) => Promise<RetrainRun>;
    readonly swap: (run: RetrainRun) => Promise<RetrainRun>;
    readonly lapse: (run: RetrainRun) => Promise<RetrainRun>;
    readonly inTurn: <Result>(task: () => Promise<Result>) => Promise<Result>;
  },
): Omit<RetrainControl, "trigger" | "switchTo"> {
  const { settings, launchers, launches, ledger, launch, swap, lapse, inTurn } = options;

  async function found(id: string): Promise<RetrainRun> {
    const run = await ledger.find(id);
    if (run === null) throw new RetrainConflict("There is no such run.");
    return run;
  }

  const refuse = (run: RetrainRun, wanted: string) =>
    new RetrainConflict(`The run is ${run.state.replaceAll("_", " ")}: it cannot be ${wanted}.`);

  return {
    approve: (id, by) =>
      inTurn(async () => {
        const before = await found(id);
        const run = before.state === "waiting_for_approval" ? await lapse(before) : before;
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
        return launches ? swap(accepted) : accepted;
      }),
  };
}
