import type { AlertHealth, AlertState, AlertStatus } from "../model/alert.ts";
import type { Rule } from "../model/rule.ts";

/** What one evaluation says about one alert. `missing` goes with a health other than `ok`, and only then. */
export type Observation = {
  readonly condition: "fire" | "clear" | "neither" | "missing";
  readonly health: AlertHealth;
};

export type Change = { readonly from: AlertState; readonly to: AlertState };

/**
 * What can happen to an alert:
 * - `fires`: this evaluation fires, and enough have; `hints`: it does and not enough have, or one before it still counts
 * - `clears`: this evaluation is clear, and enough in a row have been; `eases`: it is and they have not
 * - `rests`: it says neither, and nothing before it counts towards firing
 * - `blind`: there is no evidence (insufficient, no data, labels pending, error)
 * - `retracts`: late rows took away what had opened it; `closes`: nothing will judge it any more
 */
export const ALERT_EVENTS = ["fires", "hints", "rests", "clears", "eases", "blind", "retracts", "closes"] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Every state, and what becomes of it: all there is to the life of an alert. */
export const TRANSITIONS: Readonly<Record<AlertState, Readonly<Record<AlertEvent, AlertState>>>> = {
  normal: {
    fires: "firing",
    hints: "pending",
    rests: "normal",
    clears: "normal",
    eases: "normal",
    blind: "normal",
    retracts: "normal",
    closes: "normal",
  },
  pending: {
    fires: "firing",
    hints: "pending",
    rests: "normal",
    clears: "normal",
    eases: "normal",
    blind: "pending",
    retracts: "normal",
    closes: "normal",
  },
  firing: {
    fires: "firing",
    hints: "firing",
    rests: "firing",
    clears: "resolved",
    eases: "recovering",
    blind: "firing",
    retracts: "resolved",
    closes: "resolved",
  },
  recovering: {
    fires: "firing",
    hints: "firing",
    rests: "firing",
    clears: "resolved",
    eases: "recovering",
    blind: "recovering",
    retracts: "resolved",
    closes: "resolved",
  },
  resolved: {
    fires: "firing",
    hints: "pending",
    rests: "normal",
    clears: "normal",
    eases: "normal",
    blind: "resolved",
    retracts: "normal",
    closes: "normal",
  },
};

/** Whether people have been told that it fires, and not yet that it is over. */
export function isOpen({ state }: Pick<AlertStatus, "state">): boolean {
  return state === "firing" || state === "recovering";
}

/** Whether nothing of an alert is under way: what comes next does not depend on what was before. */
export function isResting({ state, recent = "" }: Pick<AlertStatus, "state" | "recent">): boolean {
  return state === "normal" && !recent.includes("f");
}

type Holds = Pick<Rule, "evaluations" | "outOf"> & { readonly clear: Pick<Rule["clear"], "evaluations"> };
type Counted = Pick<AlertStatus, "state" | "health" | "streak" | "recent">;

/**
 * Where an alert stands after one more evaluation. Only evaluations that had evidence count: a gap in the evidence
 * neither breaks nor lengthens a streak, and moves nothing but `health`.
 */
export function step<Status extends Counted>(
  status: Status,
  { condition, health }: Observation,
  rule: Holds,
): { status: Status; change: Change | null } {
  if (condition === "missing") return { status: { ...status, health }, change: null };
  const open = isOpen(status);
  const recent = rule.outOf === undefined || open ? "" : `${status.recent ?? ""}${condition === "fire" ? "f" : "-"}`.slice(-rule.outOf);
  const fires = open ? 0 : rule.outOf === undefined ? consecutive(status, condition) : counting(recent, rule.evaluations, rule.outOf);
  const cleared = condition === "clear" && open ? (status.state === "recovering" ? status.streak : 0) + 1 : 0;
  const event = eventOf(condition, open, fires, cleared, rule);
  const state = TRANSITIONS[status.state][event];
  const streak = state === "pending" ? fires : state === "recovering" ? cleared : 0;
  const isCounting = recent !== "" || status.recent !== undefined;
  // Most of all alerts are at rest, and stay so.
  if (!isCounting && state === status.state && streak === status.streak && health === status.health) return { status, change: null };
  return {
    status: { ...status, state, streak, health, ...(isCounting ? { recent: state === "firing" ? "" : recent } : {}) },
    change: state === status.state ? null : { from: status.state, to: state },
  };
}

function eventOf(condition: Observation["condition"], open: boolean, fires: number, cleared: number, rule: Holds): AlertEvent {
  if (open) {
    if (condition === "clear") return cleared >= rule.clear.evaluations ? "clears" : "eases";
    return condition === "fire" ? "fires" : "rests";
  }
  if (condition === "fire" && fires >= rule.evaluations) return "fires";
  return fires > 0 ? "hints" : "rests";
}

function consecutive({ state, streak }: Counted, condition: Observation["condition"]): number {
  if (condition !== "fire") return 0;
  return state === "pending" ? streak + 1 : 1;
}

/** Of the newest evaluations, how many that fired can still be among `needed` of `outOf`. */
function counting(recent: string, needed: number, outOf: number): number {
  for (let more = 0; more < needed; more += 1) {
    const still = recent.slice(-(outOf - more)).replaceAll("-", "").length;
    if (still >= needed - more) return still;
  }
  return 0;
}
