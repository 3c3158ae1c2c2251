import { describe, expect, it } from "vitest";
import type { RetrainFacts, RetrainRun, RetrainTrigger } from "../../src/model/retraining.ts";
import type { RetrainingSettings } from "../../src/model/settings.ts";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import { configHash } from "../../src/retrain/config-hash.ts";
import { decide, spentBy } from "../../src/retrain/decide.ts";
import { lastingTrigger, ruleTrigger, scheduleTrigger } from "../../src/retrain/triggers.ts";
import { DAY_0, exampleTransition } from "../alerting/examples.ts";
import { CALM_FACTS, exampleRetraining, exampleRun } from "../support/retraining.ts";

const NOW = DAY_0 + DAY;
const settings = exampleRetraining({ cooldown: 6 * HOUR, newLabels: 100 });
const trigger = ruleTrigger(exampleTransition({ retrain: true }));
const run = (ago: number, changes: Partial<RetrainRun> = {}) => exampleRun({ id: `r${ago}`, at: NOW - ago, state: "closed", ...changes });

type Case = [
  name: string,
  facts: Partial<RetrainFacts>,
  settings: Partial<RetrainingSettings>,
  trigger: Partial<RetrainTrigger>,
  decision: string,
  reason: RegExp,
];

describe("whether to retrain, by what is known", () => {
  it.each<Case>([
    ["nothing in the way", {}, {}, {}, "start", /^Rule feature-drift fired on visib\.$/],
    ["a dry run", {}, { dryRun: true }, {}, "dry_run", /nothing was started/],
    ["approval wanted", {}, { approval: true }, {}, "ask", /fired on/],
    ["a dry run needs no approval", {}, { dryRun: true, approval: true }, {}, "dry_run", /./],
    ["stopped by a person", { stopped: { by: "ann", reason: "a freeze" } }, {}, {}, "refused", /stopped by ann: a freeze/],
    ["stopped, and forced", { stopped: { by: "ann", reason: "a freeze" } }, {}, { force: true }, "refused", /stopped by ann/],
    ["another in flight", { inFlight: { id: "abc", state: "waiting_for_approval" } }, {}, {}, "refused", /abc is waiting for approval/],
    ["another in flight, and forced", { inFlight: { id: "abc", state: "started" } }, {}, { force: true }, "refused", /on its way/],
    ["its successor on its way", { successor: "abc" }, {}, {}, "refused", /^Its successor is on its way: run abc/],
    ["broken data", { broken: ["temp: unit"] }, {}, {}, "refused", /looks broken \(temp: unit\)/],
    ["ingestion behind by more than a window", { behind: DAY + MINUTE }, {}, {}, "refused", /^Ingestion is behind/],
    ["ingestion behind by just a window", { behind: DAY }, {}, {}, "start", /./],
    ["events that are their own clock are never behind", { behind: null }, {}, {}, "start", /./],
    ["the circuit open", { failuresInARow: 3 }, {}, {}, "refused", /circuit is open: the last 3 runs failed.*retrain resume/],
    ["the circuit about to open", { failuresInARow: 2 }, {}, {}, "start", /./],
    [
      "cooling down",
      { coolingDownFrom: NOW - HOUR },
      {},
      {},
      "refused",
      /^Cooling down: the run at 2013-09-02T23:00:00Z is less than 6h away/,
    ],
    ["the budget of a day spent", { runsWithinDay: 2 }, {}, {}, "refused", /^The budget is spent: 2 of 2/],
    ["too few new labels", { newLabels: 99 }, {}, {}, "refused", /^Too few new labels: 99 .* 100/],
    ["just enough new labels", { newLabels: 100 }, {}, {}, "start", /./],
    [
      "forced through all that can be",
      { successor: "abc", broken: ["x: gone"], behind: 9 * DAY, failuresInARow: 9, coolingDownFrom: NOW, runsWithinDay: 9, newLabels: 0 },
      {},
      { force: true },
      "start",
      /./,
    ],
    ["forced, but dry", {}, { dryRun: true }, { force: true }, "dry_run", /./],
  ])("%s", (_name, facts, changes, asked, decision, reason) => {
    const result = decide({ ...trigger, ...asked }, { ...settings, ...changes }, { ...CALM_FACTS, ...facts });
    expect(result.decision).toBe(decision);
    expect(result.reason).toMatch(reason);
  });

  it("not without settings", () => {
    expect(decide(trigger, null, CALM_FACTS)).toEqual({ decision: "refused", reason: "No retraining is configured for this model." });
  });
});

describe("what runs spend", () => {
  type Spent = Partial<ReturnType<typeof spentBy>>;
  it.each<[string, RetrainRun[], Partial<RetrainingSettings>, Spent]>([
    ["no run", [], {}, { inFlight: null, coolingDownFrom: null, runsWithinDay: 0, failuresInARow: 0 }],
    ["one within the cooldown", [run(5 * HOUR)], {}, { coolingDownFrom: NOW - 5 * HOUR, runsWithinDay: 1 }],
    ["one at the end of the cooldown", [run(6 * HOUR)], {}, { coolingDownFrom: null, runsWithinDay: 1 }],
    ["a later window decided first", [run(-5 * HOUR)], {}, { coolingDownFrom: NOW + 5 * HOUR }],
    ["of several the nearest", [run(5 * HOUR), run(-HOUR)], {}, { coolingDownFrom: NOW + HOUR, runsWithinDay: 2 }],
    ["yesterday's", [run(24 * HOUR), run(25 * HOUR)], {}, { runsWithinDay: 0 }],
    ["refusals", [run(HOUR, { state: "refused" })], {}, { coolingDownFrom: null, runsWithinDay: 0 }],
    ["dry runs, once they are real", [run(HOUR, { state: "dry_run" })], {}, { coolingDownFrom: null, runsWithinDay: 0 }],
    ["dry runs among themselves", [run(HOUR, { state: "dry_run" })], { dryRun: true }, { coolingDownFrom: NOW - HOUR, runsWithinDay: 1 }],
    [
      "a failure spends a day's share, and holds no cooldown",
      [run(HOUR, { state: "failed" })],
      {},
      { coolingDownFrom: null, runsWithinDay: 1 },
    ],
    [
      "an expired one may be done: it holds both, and is a failure",
      [run(HOUR, { state: "expired" })],
      {},
      { coolingDownFrom: NOW - HOUR, runsWithinDay: 1, failuresInARow: 1 },
    ],
    ["cancelled before it began", [run(HOUR, { state: "cancelled", attempts: 0 })], {}, { runsWithinDay: 0 }],
    ["cancelled after it began", [run(HOUR, { state: "cancelled" })], {}, { coolingDownFrom: null, runsWithinDay: 1 }],
    ["its own", [run(0, { id: trigger.id })], {}, { inFlight: null, coolingDownFrom: null, runsWithinDay: 0 }],
    [
      "open ones are in flight however old",
      [run(90 * DAY, { state: "started" })],
      {},
      { inFlight: { id: `r${90 * DAY}`, state: "started" } },
    ],
    [
      "what waits for approval is in flight",
      [run(HOUR, { state: "waiting_for_approval" })],
      {},
      { inFlight: { id: `r${HOUR}`, state: "waiting_for_approval" } },
    ],
    [
      "what succeeded is not, but may be its successor",
      [run(7 * HOUR, { state: "succeeded", version: trigger.version })],
      {},
      { inFlight: null, successor: `r${7 * HOUR}` },
    ],
    ["or that of another version", [run(7 * HOUR, { state: "succeeded" })], {}, { inFlight: null, successor: null }],
    [
      "failures in a row end at a success",
      [run(4 * DAY, { state: "failed" }), run(3 * DAY), run(2 * DAY, { state: "failed" }), run(DAY, { state: "expired" })],
      {},
      { failuresInARow: 2 },
    ],
    [
      "failures before somebody saw to them",
      [run(DAY, { state: "failed" }), run(10 * DAY, { state: "failed" })],
      {},
      { failuresInARow: 1 },
    ],
  ])("%s", (_name, runs, changes, spent) => {
    expect(spentBy(runs, { ...trigger, at: NOW }, { ...settings, ...changes }, NOW - 8 * DAY, null)).toMatchObject(spent);
  });
});

describe("what asks", () => {
  it("an alert that lasts asks again once a cooldown, and no oftener than daily", () => {
    const opened = exampleTransition({ retrain: true });
    const asked = (after: number, cooldown: number) => lastingTrigger(opened, opened.window.to + after, cooldown)?.id ?? null;
    expect(asked(23 * HOUR, HOUR)).toBeNull();
    expect(asked(DAY, HOUR)).toBe(asked(DAY + HOUR, HOUR));
    expect(new Set([ruleTrigger(opened).id, asked(DAY, HOUR), asked(2 * DAY, HOUR)]).size).toBe(3);
    expect(asked(6 * DAY, 7 * DAY)).toBeNull();
  });

  it("a schedule asks once at every multiple, and makes up for none", () => {
    const at = (now: number) => scheduleTrigger("m", "v", 7 * DAY, now);
    expect(at(DAY_0).id).toBe(at(DAY_0 + HOUR).id);
    expect(at(DAY_0).id).not.toBe(at(DAY_0 + 7 * DAY).id);
    expect(at(DAY_0).at % (7 * DAY)).toBe(0);
  });

  it("settings have a hash that tells what decides, and no secret", () => {
    const of = (secret: string | null, changes: Partial<RetrainingSettings> = {}) =>
      configHash(exampleRetraining({ launcher: { type: "webhook", url: "https://x.example", secret }, ...changes }));
    expect(of("a")).toBe(of("b"));
    expect(of("a")).not.toBe(of(null));
    expect(of("a")).not.toBe(of("a", { maxPerDay: 3 }));
  });
});
