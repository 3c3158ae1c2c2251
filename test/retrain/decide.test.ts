import { describe, expect, it } from "vitest";
import type { RetrainRun } from "../../src/model/alert.ts";
import type { RetrainingSettings } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { decide } from "../../src/retrain/decide.ts";
import { DAY_0, exampleTransition } from "../alerting/examples.ts";

const NOW = DAY_0 + DAY;
const settings: RetrainingSettings = {
  model: "flight-delay",
  type: "webhook",
  url: "https://x.example",
  secret: null,
  cooldown: 6 * HOUR,
  maxPerDay: 2,
  dryRun: false,
};
const run = (ago: number, changes: Partial<RetrainRun> = {}): RetrainRun => ({
  id: `r${ago}`,
  model: "flight-delay",
  version: "v",
  rule: "r",
  transitionId: `x${ago}`,
  state: "started",
  reason: "",
  at: NOW - ago,
  ...changes,
});

describe("whether to retrain", () => {
  it.each<[string, RetrainRun[], Partial<RetrainingSettings>, string, RegExp]>([
    ["no run so far", [], {}, "start", /^Rule feature-drift fired on visib\.$/],
    ["dry run", [], { dryRun: true }, "dry_run", /nothing was started/],
    ["within the cooldown", [run(5 * HOUR)], {}, "refused", /^Cooling down: the run at 2013-09-02T19:00:00Z is less than 6h away/],
    ["at the end of the cooldown", [run(6 * HOUR)], {}, "start", /./],
    ["a later window decided first", [run(-5 * HOUR)], {}, "refused", /^Cooling down/],
    ["the budget of a day spent", [run(7 * HOUR), run(14 * HOUR)], {}, "refused", /^The budget is spent: 2 of 2/],
    ["yesterday's runs", [run(24 * HOUR), run(25 * HOUR)], {}, "start", /./],
    ["refusals cost nothing", [run(HOUR, { state: "refused" })], {}, "start", /./],
    ["dry runs cost nothing once they are real", [run(HOUR, { state: "dry_run" })], {}, "start", /./],
    [
      "dry runs cost what real ones would, among themselves",
      [run(HOUR, { state: "dry_run" })],
      { dryRun: true },
      "refused",
      /^Cooling down/,
    ],
    ["a failed start holds no cooldown", [run(HOUR, { state: "failed" })], {}, "start", /./],
    [
      "failed starts spend the budget",
      [run(HOUR, { state: "failed" }), run(2 * HOUR, { state: "failed" })],
      {},
      "refused",
      /^The budget is spent/,
    ],
    ["another model's runs", [run(HOUR, { model: "churn" })], {}, "start", /./],
    ["its own run", [run(HOUR, { transitionId: "t1" })], {}, "start", /./],
    ["a budget of nothing", [], { maxPerDay: 0 }, "refused", /^The budget is spent: 0 of 0/],
  ])("%s", (_name, runs, changes, decision, reason) => {
    const result = decide(exampleTransition({ retrain: true }), { ...settings, ...changes }, runs, NOW);
    expect(result.decision).toBe(decision);
    expect(result.reason).toMatch(reason);
  });

  it("not without settings, nor for an end or an alert that does not ask", () => {
    expect(decide(exampleTransition({ retrain: true }), null, [], NOW).decision).toBe("refused");
    expect(decide(exampleTransition({ retrain: true, to: "resolved" }), settings, [], NOW).decision).toBe("refused");
    expect(decide(exampleTransition(), settings, [], NOW).decision).toBe("refused");
  });
});
