import { describe, expect, it } from "vitest";
import { explain } from "../../src/alerting/explain.ts";
import { judge, severityOf } from "../../src/alerting/judge.ts";
import { isJudged } from "../../src/alerting/scope.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { FeatureShare, Rule, RuleFire } from "../../src/model/rule.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { HOSTILE_NAMES } from "../support/hostile-text.ts";
import { DAY_0, exampleMeasurement, exampleRule, exampleWindow, TOOLS } from "./examples.ts";

const fireOf = (changes: Partial<RuleFire>): RuleFire => ({ above: new Map(), drop: null, falseAlarms: 0.01, ...changes });
const CLEAR = { below: new Map(), drop: null, pValue: 0.2, evaluations: 2 };
const accuracy: Partial<Measurement> = {
  subject: "performance",
  feature: null,
  metric: "accuracy",
  labelled: 800,
  pValue: 0.5,
  detail: {},
};
const accuracyRule = (fire: Partial<RuleFire>, changes: Partial<Rule> = {}) =>
  exampleRule({
    measure: { metric: "accuracy", of: null, baseline: "training", window: DAY, every: DAY },
    fire: fireOf(fire),
    clear: CLEAR,
    ...changes,
  });

describe("a limit on the value itself", () => {
  const below = accuracyRule({ limit: { side: "below", value: 0.8 } });
  it.each<[string, Partial<Measurement>, string]>([
    ["beyond it for sure", { value: 0.7, ci: [0.67, 0.73] }, "fire"],
    ["beyond it within the interval", { value: 0.79, ci: [0.76, 0.82] }, "neither"],
    ["on the good side", { value: 0.82, ci: [0.79, 0.85] }, "clear"],
    ["too few rows", { value: 0.1, ci: [0, 0.3], labelled: 10 }, "missing"],
  ])("%s", (_name, changes, condition) => {
    const [judged] = judge(below, [exampleMeasurement({ ...accuracy, ...changes })], TOOLS);
    expect(judged?.observation.condition).toBe(condition);
  });

  it("is held to the count of a share, and clears where the rule says", () => {
    const rule = exampleRule({
      measure: { metric: "missing_rate", of: "features", baseline: "training", window: DAY, every: DAY },
      fire: fireOf({ limit: { side: "above", value: 0.05 } }),
      clear: { ...CLEAR, limit: 0.02 },
    });
    const missing = (hits: number) =>
      judge(
        rule,
        [exampleMeasurement({ metric: "missing_rate", value: hits / 1_000, detail: { hits }, rows: { reference: 9, current: 1_000 } })],
        TOOLS,
      )[0];
    expect([90, 60, 30, 20, 10].map((hits) => missing(hits)?.observation.condition)).toEqual([
      "fire",
      "neither",
      "neither",
      "clear",
      "clear",
    ]);
    // sqrt(0.05 × 0.95 / 1000) is 0.00689: 90 of 1,000 are 5.8 of these above 50.
    expect(missing(90)?.adjustedPValue).toBeCloseTo(3.3e-9, 9);
  });
});

describe("a change against the same measured earlier", () => {
  const rule = accuracyRule({ change: { direction: "down", by: 0.05, over: 7 * DAY } });
  const now = exampleMeasurement({ ...accuracy, value: 0.8, ci: [0.78, 0.82] });
  it.each<[string, Partial<Measurement> | null, string]>([
    ["down by more, for sure", { value: 0.9, ci: [0.88, 0.92] }, "fire"],
    ["down by more, perhaps", { value: 0.86, ci: [0.76, 0.96] }, "neither"],
    ["up", { value: 0.7, ci: [0.68, 0.72] }, "clear"],
    ["nothing was measured then", null, "missing"],
    ["it was not enough then", { value: null, status: "insufficient" }, "missing"],
  ])("%s", (_name, then, condition) => {
    const earlier = then === null ? [] : [exampleMeasurement({ ...accuracy, ...then })];
    const [judged] = judge(rule, [now], TOOLS, { earlier });
    expect(judged?.observation.condition).toBe(condition);
    if (then === null) expect(judged?.observation.health).toBe("no_data");
  });

  it("says from what to what, and over how long", () => {
    const earlier = [exampleMeasurement({ ...accuracy, value: 0.9, ci: [0.88, 0.92] })];
    const [judged] = judge(rule, [now], TOOLS, { earlier });
    if (!judged) throw new Error("nothing was judged");
    const { summary } = explain(rule, judged, { from: "normal", to: "firing" }, DAY_0);
    expect(summary).toContain("Its accuracy went from 0.9 to 0.8 within 7d; the rule fires at a change of more than 0.05.");
  });
});

describe("a share of the features", () => {
  const share = (changes: Partial<FeatureShare> = {}) =>
    exampleRule({ fire: { ...exampleRule().fire, share: { above: 0.3, weights: new Map(), wholeAt: 1, ...changes } } });
  const features = (count: number, drifted: number, changes: Partial<Measurement> = {}) =>
    Array.from({ length: count }, (_, index) =>
      exampleMeasurement({ feature: `f${index}`, ...(index < drifted ? {} : { value: 0.05, pValue: 0.6, detail: {} }), ...changes }),
    );
  const judged = (rule: Rule, measurements: readonly Measurement[]) => judge(rule, measurements, TOOLS);

  it("is one subject, that fires above the share and says which they are", () => {
    const [only, ...others] = judged(share(), features(10, 4));
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      subject: "features",
      effect: 0.4,
      threshold: 0.3,
      observation: { condition: "fire" },
      share: { tested: 10 },
    });
    if (!only) throw new Error("nothing was judged");
    const { summary, explanation } = explain(share(), only, { from: "normal", to: "firing" }, DAY_0);
    expect(summary).toMatch(/^4 of 10 features have moved, 40% of them by weight: f0, f1, f2, f3\. The rule fires above 30%\./);
    expect(explanation.detail.share).toEqual({ value: 0.4, features: ["f0", "f1", "f2", "f3"], tested: 10 });
  });
  it("counts what matters more by more", () => {
    expect(judged(share(), features(10, 2))[0]?.observation.condition).toBe("neither");
    expect(judged(share({ weights: new Map([["f0", 4]]) }), features(10, 2))[0]).toMatchObject({
      effect: 5 / 13,
      observation: { condition: "fire" },
    });
  });
  it("counts what has moved little by less", () => {
    // Each has an effect of 0.58, where 0.1 fires and one counts whole at 1.
    expect(judged(share({ wholeAt: 10 }), features(10, 4))[0]?.effect).toBeCloseTo(0.4 * 0.58, 12);
  });
  it("is clear below half of it, and cannot tell when too few can be told", () => {
    expect(judged(share(), features(10, 1))[0]?.observation).toEqual({ condition: "clear", health: "ok" });
    const blind = [...features(5, 0), ...features(5, 0, { feature: "other", detail: { detectable: 0.5 }, pValue: 0.3 })];
    expect(judged(share(), blind)[0]?.observation).toEqual({ condition: "neither", health: "insufficient" });
    expect(judged(share(), features(3, 0, { status: "insufficient", value: null }))[0]?.observation).toEqual({
      condition: "missing",
      health: "insufficient",
    });
  });
});

describe("levels, coverage and times", () => {
  it("the worst level that is reached is how bad it is", () => {
    const level = (severity: "warning" | "critical", wasserstein: number) => ({
      severity,
      fire: { above: new Map([["wasserstein", wasserstein] as const]), drop: null },
    });
    const rule = exampleRule({ severity: "info", levels: [level("warning", 0.3), level("critical", 0.6)] });
    const severity = (value: number) => judge(rule, [exampleMeasurement({ value })], TOOLS).map((one) => severityOf(rule, one))[0];
    expect([0.2, 0.35, 0.62, 0.7].map(severity)).toEqual(["info", "warning", "warning", "critical"]);
  });
  it("a window with too few labels for its rows says nothing", () => {
    const rule = accuracyRule({ drop: 0.03 }, { atLeastCoverage: 0.8 });
    const at = (labelCoverage: number) =>
      judge(rule, [exampleMeasurement({ ...accuracy, value: 0.7, pValue: 0.0001, detail: { reference: 0.9, labelCoverage } })], TOOLS)[0]
        ?.observation;
    expect(at(0.79)).toEqual({ condition: "missing", health: "insufficient" });
    expect(at(0.8)).toEqual({ condition: "fire", health: "ok" });
  });
  it("windows are looked at by the clocks of the rule's zone, and not where work is planned", () => {
    const hourly = exampleRule({
      measure: { ...exampleRule().measure, window: HOUR, every: HOUR },
      when: { days: [1, 2, 3, 4, 5], from: 480, to: 1_080, zone: "Europe/Zagreb" },
    });
    const at = (from: number, maintenance: Parameters<typeof isJudged>[1] = []) =>
      isJudged(hourly, maintenance, { ...exampleWindow(0, []), window: { from, to: from + HOUR } });
    // 2 September 2013 is a Monday; Zagreb is two hours ahead of UTC in summer, and one in winter.
    const monday = Date.UTC(2013, 8, 2);
    expect([5, 6, 15, 16].map((hour) => at(monday + hour * HOUR))).toEqual([false, true, true, false]);
    const winter = Date.UTC(2013, 11, 2);
    expect([6, 7, 16, 17].map((hour) => at(winter + hour * HOUR))).toEqual([false, true, true, false]);
    expect(at(Date.UTC(2013, 8, 7) + 10 * HOUR)).toBe(false);
    const work = { models: null, from: monday + 9.5 * HOUR, to: monday + 10 * HOUR, reason: "a move" };
    expect([8, 9, 10].map((hour) => at(monday + hour * HOUR, [work]))).toEqual([true, false, true]);
    expect(at(monday + 9 * HOUR, [{ ...work, models: ["churn"] }])).toBe(true);
  });
});

describe("words of a rule's own", () => {
  const rule = exampleRule({
    summary: "{{subject}} of {{model}}: {{value}} ({{summary}})",
    runbook: "https://runbooks.example.com/{{rule}}?f={{subject}}#top",
  });
  const told = (feature: string) => {
    const [judged] = judge(rule, [exampleMeasurement({ feature })], TOOLS);
    if (!judged) throw new Error("nothing was judged");
    return explain(rule, judged, { from: "normal", to: "firing" }, DAY_0);
  };
  it("have values in place of names", () => {
    const { summary, explanation } = told("visib");
    expect(summary).toMatch(/^visib of flight-delay: 0\.62 \(visib has moved away from training\. /);
    expect(explanation.runbook).toBe("https://runbooks.example.com/feature-drift?f=visib#top");
    expect(explanation.hints.at(-1)).toBe(explanation.runbook);
  });
  it.each(["{{model}}", "{{summary}}", ...HOSTILE_NAMES])("take a feature called %j as text", (feature) => {
    const { summary, explanation } = told(feature);
    expect(summary).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    const { origin, pathname, hash, searchParams } = new URL(explanation.runbook ?? "");
    expect([origin, pathname, hash]).toEqual(["https://runbooks.example.com", "/feature-drift", "#top"]);
    expect([...searchParams.keys()]).toEqual(["f"]);
    if (feature.startsWith("{{")) expect(summary.startsWith(`${feature} of flight-delay`)).toBe(true);
  });
});
