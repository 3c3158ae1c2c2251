import type { AlertHealth, AlertState, AlertStatus } from "../model/alert.ts";
import type { Rule } from "../model/rule.ts";

/** What one evaluation says about one alert. `missing` goes with a health other than `ok`, and only then. */
export type Observation = {
  readonly condition: "fire" | "clear" | "neither" | "missing";
  readonly health: AlertHealth;
};

export type Change = { readonly from: AlertState; readonly to: AlertState };

type Holds = Pick<Rule, "evaluations"> & { readonly clear: Pick<Rule["clear"], "evaluations"> };

/**
 * Where an alert stands after one more evaluation. Streaks count consecutive evaluations that had evidence: a gap
 * in the evidence neither breaks nor lengthens one, and moves nothing but `health`.
 */
export function step<Status extends Pick<AlertStatus, "state" | "health" | "streak">>(
  status: Status,
  observation: Observation,
  rule: Holds,
): { status: Status; change: Change | null } {
  const { condition, health } = observation;
  if (condition === "missing") return { status: { ...status, health }, change: null };
  const next = move(status.state, status.streak, condition, rule);
  return {
    status: { ...status, ...next, health },
    change: next.state === status.state ? null : { from: status.state, to: next.state },
  };
}

function move(
  state: AlertState,
  streak: number,
  condition: "fire" | "clear" | "neither",
  rule: Holds,
): { state: AlertState; streak: number } {
  switch (state) {
    case "normal":
    case "resolved":
      return condition === "fire" ? towardsFiring(1, rule) : { state: "normal", streak: 0 };
    case "pending":
      return condition === "fire" ? towardsFiring(streak + 1, rule) : { state: "normal", streak: 0 };
    case "firing":
      return condition === "clear" ? towardsResolved(1, rule) : { state: "firing", streak: 0 };
    case "recovering":
      return condition === "clear" ? towardsResolved(streak + 1, rule) : { state: "firing", streak: 0 };
  }
}

function towardsFiring(streak: number, rule: Holds): { state: AlertState; streak: number } {
  return streak >= rule.evaluations ? { state: "firing", streak: 0 } : { state: "pending", streak };
}

function towardsResolved(streak: number, rule: Holds): { state: AlertState; streak: number } {
  return streak >= rule.clear.evaluations ? { state: "resolved", streak: 0 } : { state: "recovering", streak };
}
