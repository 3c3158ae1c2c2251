import type { RetrainFacts, RetrainRun } from "../../src/model/retraining.ts";
import type { RetrainingSettings } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";

/** Settings as a configuration without a word more than needed has them, but real. */
export function exampleRetraining(changes: Partial<RetrainingSettings> = {}): RetrainingSettings {
  return {
    model: "flight-delay",
    launcher: { type: "webhook", url: "https://x.example", secret: null },
    cooldown: DAY,
    maxPerDay: 2,
    dryRun: false,
    approval: false,
    approveWithin: 3 * DAY,
    lease: DAY,
    maxFailures: 3,
    newLabels: 0,
    every: null,
    trainingData: 90 * DAY,
    judge: { metric: null, margin: 0.01, within: 14 * DAY },
    registry: null,
    ...changes,
  };
}

export function exampleRun(changes: Partial<RetrainRun> & Pick<RetrainRun, "id" | "at">): RetrainRun {
  return {
    model: "flight-delay",
    version: "v",
    rule: "r",
    transitionId: `transition of ${changes.id}`,
    state: "started",
    reason: "",
    trigger: "rule",
    by: "",
    subject: "visib",
    alertId: "",
    window: { from: changes.at - HOUR, to: changes.at },
    facts: null,
    configHash: "",
    launcher: "webhook",
    externalId: "",
    externalUrl: "",
    attempts: 1,
    attemptedAt: changes.at,
    leaseUntil: changes.at + DAY,
    changedAt: changes.at,
    knownVersions: [],
    newVersion: null,
    newVersionSince: null,
    verdict: null,
    swap: "none",
    sequence: 1,
    ...changes,
  };
}

/** Nothing holds a retraining back. */
export const CALM_FACTS: RetrainFacts = {
  stopped: null,
  inFlight: null,
  successor: null,
  coolingDownFrom: null,
  runsWithinDay: 0,
  failuresInARow: 0,
  newLabels: 500,
  behind: HOUR,
  mayBeBehind: DAY,
  broken: [],
};
