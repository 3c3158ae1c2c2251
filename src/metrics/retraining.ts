import { Counter, type Registry } from "prom-client";
import type { RetrainRun } from "../model/retraining.ts";

const DECISIONS: readonly RetrainRun["state"][] = ["started", "dry_run", "refused", "waiting_for_approval", "failed"];
const OUTCOMES = ["succeeded", "failed", "expired", "cancelled", "better", "worse", "undecided"] as const;

/** Decisions to retrain, and what became of them. The function it returns is told of each change of a run, once it is stored. */
export function registerRetraining(registry: Registry, models: readonly string[]): (run: RetrainRun) => void {
  const decisions = new Counter({
    name: "driftwatch_retrain_decisions_total",
    help: "Decisions on retraining that were made and stored, by model and state: started, dry_run, refused, waiting_for_approval, or failed to start.",
    labelNames: ["model", "state"],
    registers: [registry],
  });
  const outcomes = new Counter({
    name: "driftwatch_retrain_outcomes_total",
    help: "What became of retraining jobs, by model and outcome: succeeded, failed, expired, cancelled, and then better, worse or undecided.",
    labelNames: ["model", "outcome"],
    registers: [registry],
  });
  for (const model of models) {
    for (const state of DECISIONS) decisions.inc({ model, state }, 0);
    for (const outcome of OUTCOMES) outcomes.inc({ model, outcome }, 0);
  }
  return ({ model, state, verdict, leaseUntil }) => {
    const outcome = OUTCOMES.find((one) => one === (verdict ?? state));
    // A job that never began failed to start; one that did has a lease.
    if (DECISIONS.includes(state) && !(state === "failed" && leaseUntil !== null)) decisions.inc({ model, state });
    else if (outcome) outcomes.inc({ model, outcome });
  };
}
