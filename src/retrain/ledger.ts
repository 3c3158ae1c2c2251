import type { Log } from "../log.ts";
import type { RetrainRun } from "../model/retraining.ts";
import type { Clock } from "../model/time.ts";
import { insertRetrainRuns, insertRetrainSteps, readRetrainRuns } from "../store/retrain-runs.ts";
import type { Store } from "../store/store.ts";

/** More than a model ever has within what is looked back at. */
const MOST_RUNS = 10_000;

type Changes = Partial<Omit<RetrainRun, "id" | "model" | "sequence" | "changedAt">>;

/** Where runs are written down: what each is now, and beside it every step that led there. */
export type Ledger = {
  runsOf(model: string): Promise<RetrainRun[]>;
  find(id: string): Promise<RetrainRun | null>;
  /** A run as it begins, or as it is after a change; `detail` says what happened. */
  write(run: RetrainRun, changes?: Changes, detail?: string, by?: string): Promise<RetrainRun>;
};

export function createLedger(options: { store: Store; clock: Clock; log: Log; onChanged: (run: RetrainRun) => void }): Ledger {
  const { store, clock, log, onChanged } = options;
  return {
    runsOf: (model) => readRetrainRuns(store, { model, limit: MOST_RUNS }),

    find: async (id) => (await readRetrainRuns(store, { ids: [id], limit: 1 }))[0] ?? null,

    async write(run, changes = {}, detail = changes.reason ?? run.reason, by = "") {
      const changed: RetrainRun = { ...run, ...changes, changedAt: clock(), sequence: run.sequence + 1 };
      // First: a run in a state that no step explains could not be accounted for, while a step too many can.
      await insertRetrainSteps(store, [
        { model: run.model, run: run.id, sequence: changed.sequence, state: changed.state, detail, by, at: changed.changedAt },
      ]);
      await insertRetrainRuns(store, [changed]);
      log.info("retraining", { model: run.model, run: run.id, rule: run.rule, state: changed.state, detail });
      if (changed.state !== run.state || run.sequence === 0) onChanged(changed);
      return changed;
    },
  };
}
