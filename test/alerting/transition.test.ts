import { array, assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { ALERT_EVENTS, step, TRANSITIONS, type AlertEvent, type Observation } from "../../src/alerting/transition.ts";
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

describe("the table of states", () => {
  type Cell = readonly [name: string, from: AlertState, event: AlertEvent, to: AlertState];
  const cells: readonly Cell[] = [
    ["normal, enough fire: firing", "normal", "fires", "firing"],
    ["normal, one fires: pending", "normal", "hints", "pending"],
    ["normal, nothing to see: normal", "normal", "rests", "normal"],
    ["normal, clear for long: normal", "normal", "clears", "normal"],
    ["normal, clear: normal", "normal", "eases", "normal"],
    ["normal, no evidence: normal, and says so in its health", "normal", "blind", "normal"],
    ["normal, late rows take evidence away: normal", "normal", "retracts", "normal"],
    ["normal, its rule is gone: normal", "normal", "closes", "normal"],
    ["pending, enough fire: firing", "pending", "fires", "firing"],
    ["pending, another fires or one still counts: pending", "pending", "hints", "pending"],
    ["pending, the streak is broken: normal", "pending", "rests", "normal"],
    ["pending, clear for long: normal", "pending", "clears", "normal"],
    ["pending, clear: normal", "pending", "eases", "normal"],
    ["pending, no evidence: pending", "pending", "blind", "pending"],
    ["pending, late rows take evidence away: normal", "pending", "retracts", "normal"],
    ["pending, its rule is gone: normal", "pending", "closes", "normal"],
    ["firing, fires again: firing", "firing", "fires", "firing"],
    ["firing, fires somewhat: firing", "firing", "hints", "firing"],
    ["firing, neither fires nor is clear: firing", "firing", "rests", "firing"],
    ["firing, clear for long enough: resolved", "firing", "clears", "resolved"],
    ["firing, clear: recovering", "firing", "eases", "recovering"],
    ["firing, no evidence: firing, never resolved", "firing", "blind", "firing"],
    ["firing, late rows take back what opened it: resolved", "firing", "retracts", "resolved"],
    ["firing, its rule or version is gone: resolved", "firing", "closes", "resolved"],
    ["recovering, fires: firing", "recovering", "fires", "firing"],
    ["recovering, fires somewhat: firing", "recovering", "hints", "firing"],
    ["recovering, neither: firing", "recovering", "rests", "firing"],
    ["recovering, clear for long enough: resolved", "recovering", "clears", "resolved"],
    ["recovering, clear: recovering", "recovering", "eases", "recovering"],
    ["recovering, no evidence: recovering, never resolved", "recovering", "blind", "recovering"],
    ["recovering, late rows take back what opened it: resolved", "recovering", "retracts", "resolved"],
    ["recovering, its rule or version is gone: resolved", "recovering", "closes", "resolved"],
    ["resolved, enough fire: firing anew", "resolved", "fires", "firing"],
    ["resolved, one fires: pending", "resolved", "hints", "pending"],
    ["resolved, nothing to see: normal", "resolved", "rests", "normal"],
    ["resolved, clear for long: normal", "resolved", "clears", "normal"],
    ["resolved, clear: normal", "resolved", "eases", "normal"],
    ["resolved, no evidence: resolved", "resolved", "blind", "resolved"],
    ["resolved, late rows take evidence away: normal", "resolved", "retracts", "normal"],
    ["resolved, its rule is gone: normal", "resolved", "closes", "normal"],
  ];
  it.each(cells)("%s", (_name, from, event, to) => expect(TRANSITIONS[from][event]).toBe(to));

  it("has a row for every state and event, and no other", () => {
    const every = Object.entries(TRANSITIONS).flatMap(([from, row]) => Object.keys(row).map((event) => `${from} ${event}`));
    expect(cells.map(([, from, event]) => `${from} ${event}`)).toEqual(every);
    expect(every).toHaveLength(5 * ALERT_EVENTS.length);
  });
});

describe("three of five evaluations", () => {
  const some = { evaluations: 3, outOf: 5, clear: { evaluations: 2 } };
  const path = (letters: string) => {
    let status: { state: AlertState; health: AlertHealth; streak: number; recent?: string } = { state: "normal", health: "ok", streak: 0 };
    return letters.split("").map((letter) => {
      const condition = letter === "f" ? "fire" : letter === "c" ? "clear" : letter === "." ? "missing" : "neither";
      status = step(status, { condition, health: condition === "missing" ? "no_data" : "ok" }, some).status;
      return status.state;
    });
  };
  const words = { n: "normal", p: "pending", f: "firing", r: "recovering", d: "resolved" } as const;
  it.each([
    ["three in a row fire", "fff", "ppf"],
    ["with gaps of calm", "f-f-f", "ppppf"],
    ["a gap in the evidence does not count", "f.f..f", "pppppf"],
    ["too far apart", "f--f--f", "ppppppp"],
    ["one that no longer can count is forgotten", "f---", "pppn"],
    ["after firing it starts anew", "fffccf-f", "ppfrdppp"],
  ])("%s", (_name, letters, states) => {
    expect(path(letters)).toEqual(states.split("").map((letter) => words[letter as keyof typeof words]));
  });
});

describe("R41 a value that flaps", () => {
  it.each([1, 2, 3])("fires at most once in as many evaluations as fire and clear take together, switching every %i", (period) => {
    const rule = { evaluations: 2, clear: { evaluations: 2 } };
    const conditions = Array.from(
      { length: 120 },
      (_, at) => (Math.floor(at / period) % 2 === 0 ? "fire" : "clear") as Observation["condition"],
    );
    const fired = movesOf(conditions, rule).filter(({ to, from }) => to === "firing" && from !== "recovering");
    expect(fired.length).toBeLessThanOrEqual(120 / 4);
    expect(fired.length).toBe(period === 1 ? 0 : Math.floor(120 / (2 * period)));
  });
});

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

describe("R42 one evaluation without evidence", () => {
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
