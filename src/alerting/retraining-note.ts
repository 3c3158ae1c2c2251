import type { RetrainRun } from "../model/retraining.ts";
import { readRetrainRuns } from "../store/retrain-runs.ts";
import type { Store } from "../store/store.ts";

/** More than one message tells of by name. */
const MOST_RUNS = 100;

/**
 * What became of the retraining these alerts asked for, for whoever is told of them: a run that waits for approval waits for
 * somebody who does not know of it else. Of several runs the one that asks for a person's hand comes first, then the newest.
 */
export async function retrainingNote(store: Store, model: string, alertIds: readonly string[]): Promise<string | null> {
  const runs = await readRetrainRuns(store, { model, alertIds, limit: MOST_RUNS });
  const run = runs.find(({ state }) => state === "waiting_for_approval") ?? runs[0];
  return run === undefined ? null : words(run);
}

function words({ id, state, reason, newVersion, verdict }: RetrainRun): string {
  const short = id.slice(0, 12);
  const more = `driftwatch retrain show ${short}`;
  switch (state) {
    case "waiting_for_approval":
      return `A retraining waits until somebody agrees to it: driftwatch retrain approve ${short}`;
    case "requested":
    case "started":
      return `A retraining was started: ${more}`;
    case "dry_run":
      return "A retraining would have been started; it is a dry run, so nothing was.";
    case "refused":
      return `No retraining was started. ${reason}`;
    case "failed":
    case "expired":
      return `The retraining ${state}. ${reason} What happened: ${more}`;
    case "succeeded":
      return `A retraining is done${newVersion === null ? "" : ` and made version ${newVersion}`}; its version is waited for, or judged: ${more}`;
    case "cancelled":
      return `The retraining is off. ${reason}`;
    case "closed":
      return `A retraining is over${verdict === null ? "" : `, and its version was found ${verdict}`}: ${more}`;
  }
}
