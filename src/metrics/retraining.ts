import { Counter, type Registry } from "prom-client";
import type { RetrainRun } from "../model/alert.ts";

const STATES: readonly RetrainRun["state"][] = ["started", "dry_run", "refused", "failed"];

/** Decisions to retrain. The function it returns is told of each, once it is stored. */
export function registerRetraining(registry: Registry, models: readonly string[]): (run: RetrainRun) => void {
  const decisions = new Counter({
    name: "driftwatch_retrain_decisions_total",
    help: "Decisions on retraining that were made and stored, by model and state: started, dry_run, refused or failed.",
    labelNames: ["model", "state"],
    registers: [registry],
  });
  for (const model of models) for (const state of STATES) decisions.inc({ model, state }, 0);
  return ({ model, state }) => decisions.inc({ model, state });
}
