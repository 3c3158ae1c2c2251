import { array, assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { step, type Observation } from "../../src/alerting/transition.ts";
import type { AlertHealth, AlertState } from "../../src/model/alert.ts";

const seen = (condition: "fire" | "clear" | "neither"): Observation => ({
  condition,
  health: "ok",
});
const holds = { evaluations: 3, clear: { evaluations: 3 } };
const atOnce = { evaluations: 1, clear: { evaluations: 1 } };

type Row = [
  name: string,
  state: AlertState,
  streak: number,
  condition: "fire" | "clear" | "neither",
  to: AlertState,
  toStreak: number,
  rule?: typeof holds,
];

describe("one evaluation with evidence", () => {
  it.each<Row>([
    ["normal + fire: pending", "normal", 0, "fire", "pending", 1],
    ["normal + fire, without for: fires at once", "normal", 0, "fire", "firing", 0, atOnce],
    ["normal + neither: stays", "normal", 0, "neither", "normal", 0],
    ["normal + clear: stays", "normal", 0, "clear", "normal", 0],
    ["pending + fire, not long enough: stays", "pending", 1, "fire", "pending", 2],
    ["pending + fire, long enough: fires", "pending", 2, "fire", "firing", 0],
    ["pending + neither: back to normal", "pending", 2, "neither", "normal", 0],
    ["pending + clear: back to normal", "pending", 2, "clear", "normal", 0],
    ["firing + fire: stays", "firing", 0, "fire", "firing", 0],
    ["firing + neither: stays", "firing", 0, "neither", "firing", 0],
    ["firing + clear: recovering", "firing", 0, "clear", "recovering", 1],
    ["firing + clear, without for: resolved at once", "firing", 0, "clear", "resolved", 0, atOnce],
    ["recovering + clear, not long enough: stays", "recovering", 1, "clear", "recovering", 2],
    ["recovering + clear, long enough: resolved", "recovering", 2, "clear", "resolved", 0],
    ["recovering + neither: firing again", "recovering", 2, "neither", "firing", 0],
    ["recovering + fire: firing again", "recovering", 2, "fire", "firing", 0],
    ["resolved + clear: normal", "resolved", 0, "clear", "normal", 0],
    ["resolved + neither: normal", "resolved", 0, "neither", "normal", 0],
    ["resolved + fire: pending", "resolved", 0, "fire", "pending", 1],
    ["resolved + fire, without for: fires at once", "resolved", 0, "fire", "firing", 0, atOnce],
  ])("%s", (_name, state, streak, condition, to, toStreak, rule = holds) => {
    const { status, change } = step({ state, streak, health: "no_data" }, seen(condition), rule);
    expect(status).toEqual({ state: to, streak: toStreak, health: "ok" });
    expect(change).toEqual(to === state ? null : { from: state, to });
  });
});

describe("one evaluation without evidence", () => {
  const states: AlertState[] = ["normal", "pending", "firing", "recovering", "resolved"];
  const gaps = ["insufficient", "no_data", "labels_pending", "error"] as const;
  it.each(states.flatMap((state) => gaps.map((health) => [state, health] as const)))(
    "%s + %s: only the health changes",
    (state, health) => {
      const { status, change } = step({ state, streak: 2, health: "ok" }, { condition: "missing", health }, holds);
      expect(status).toEqual({ state, streak: 2, health });
      expect(change).toBeNull();
    },
  );
});

type Move = {
  readonly to: AlertState;
  readonly from: AlertState;
  readonly evidence: readonly string[];
  readonly missing: boolean;
};

/** Every change of state in a sequence of evaluations, with the evidence there had been by then. */
function movesOf(conditions: readonly Observation["condition"][], rule: typeof holds): Move[] {
  let status: { state: AlertState; streak: number; health: AlertHealth } = {
    state: "normal",
    streak: 0,
    health: "ok",
  };
  const evidence: string[] = [];
  return conditions.flatMap((condition) => {
    if (condition !== "missing") evidence.push(condition);
    const { status: moved, change } = step(status, { condition, health: condition === "missing" ? "no_data" : "ok" }, rule);
    status = moved;
    return change ? [{ ...change, evidence: [...evidence], missing: condition === "missing" }] : [];
  });
}

describe("any sequence of evaluations", () => {
  const sequence = array(constantFrom<Observation["condition"][]>("fire", "clear", "neither", "missing"), { maxLength: 80 });
  const length = integer({ min: 1, max: 4 });
  const endsWith = (evidence: readonly string[], condition: string, count: number) =>
    evidence.length >= count && evidence.slice(-count).every((one) => one === condition);

  it("fires only after a streak of fire, resolves only after a streak of clear, and never moves without evidence", () => {
    const holdsFor = property(sequence, length, length, (conditions, evaluations, clearing) =>
      movesOf(conditions, { evaluations, clear: { evaluations: clearing } }).every(
        ({ from, to, evidence, missing }) =>
          !missing &&
          (to !== "firing" || from === "recovering" || endsWith(evidence, "fire", evaluations)) &&
          (to !== "resolved" || endsWith(evidence, "clear", clearing)),
      ),
    );
    expect(() => assert(holdsFor, { numRuns: 1_000 })).not.toThrow();
  });

  it("does fire and resolve, given the streaks", () => {
    expect(movesOf(["fire", "missing", "fire", "fire", "clear", "missing", "clear", "clear"], holds).map(({ to }) => to)).toEqual([
      "pending",
      "firing",
      "recovering",
      "resolved",
    ]);
  });
});
