import { describe, expect, it } from "vitest";
import { judge } from "../../src/alerting/judge.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Rule } from "../../src/model/rule.ts";
import { DAY } from "../../src/model/time.ts";
import { TOOLS, exampleMeasurement, exampleRule } from "./examples.ts";

function conditionOf(rule: Rule, changes: Partial<Measurement>): string {
  const [only] = judge(rule, [exampleMeasurement(changes)], TOOLS);
  return only ? `${only.observation.condition} ${only.observation.health}` : "not watched";
}

describe("the two keys of a drift rule", () => {
  it.each<[string, Partial<Measurement>, string]>([
    ["effect and evidence: fire", {}, "fire ok"],
    ["effect without evidence: neither", { pValue: 0.05 }, "neither ok"],
    ["evidence without effect: neither", { value: 0.12 }, "neither ok"],
    ["the noise floor is taken off the value", { value: 0.62, expected: 0.55 }, "neither ok"],
    ["effect below the clear bound: clear, however sure", { value: 0.06, pValue: 1e-9 }, "clear ok"],
    ["evidence gone: clear, however large", { pValue: 0.21 }, "clear ok"],
    ["too few rows: insufficient, not clear", { rows: { reference: 9, current: 49 }, value: 0 }, "missing insufficient"],
    ["no p-value: insufficient", { pValue: null }, "missing insufficient"],
    ["status insufficient", { status: "insufficient" }, "missing insufficient"],
    ["status no_data", { status: "no_data", value: null }, "missing no_data"],
    ["status error", { status: "error", value: null }, "missing error"],
    ["another baseline", { baseline: "last_week" }, "not watched"],
    ["another metric", { metric: "ks" }, "not watched"],
    ["the score, when only features are named", { subject: "score", feature: null }, "not watched"],
  ])("%s", (_name, changes, expected) => {
    expect(conditionOf(exampleRule(), changes)).toBe(expected);
  });
});

describe("a rule on the model as a whole", () => {
  const whole = (metric: "volume_drop" | "label_coverage", fire: Partial<Rule["fire"]>) =>
    exampleRule({
      measure: { metric, of: null, baseline: "training", window: DAY, every: DAY },
      fire: { above: new Map(), drop: null, falseAlarms: 0.01, ...fire },
    });
  const none = { reference: 7_000, current: 0 };

  it("fires where no row came, though there is none to judge by", () => {
    const changes = { subject: "traffic", feature: null, metric: "volume_drop", value: 1, expected: 0.02, rows: none } as const;
    const rule = whole("volume_drop", { above: new Map([["volume_drop", 0.5]]) });
    expect(conditionOf(rule, changes)).toBe("fire ok");
    expect(conditionOf(rule, { ...changes, status: "insufficient", pValue: null })).toBe("missing insufficient");
  });

  it("fires where no label came, though there is none to judge by", () => {
    const changes = { subject: "performance", feature: null, metric: "label_coverage", value: 0, expected: 1, labelled: 0 } as const;
    expect(conditionOf(whole("label_coverage", { drop: 0.2 }), { ...changes, detail: { reference: 1 } })).toBe("fire ok");
  });
});

describe("a window with too few rows to tell, beside the stretch it ends", () => {
  const blind = { value: 0.1, pValue: 0.5, detail: { detectable: 0.4 } };
  const few = { rows: { reference: 900, current: 40 }, value: 0.1 };
  const enough = { value: 0.06, pValue: 0.5, detail: { detectable: 0.05 } };
  it.each<[string, Partial<Measurement>, Partial<Measurement> | null, string]>([
    ["is insufficient by itself", blind, null, "neither insufficient"],
    ["is clear where the stretch is", blind, enough, "clear ok"],
    ["also where it has fewer rows than the rule asks for", few, enough, "clear ok"],
    [
      "is insufficient where the stretch has too few rows as well",
      blind,
      { ...enough, detail: { detectable: 0.4 } },
      "neither insufficient",
    ],
    ["is insufficient where the stretch has drifted: firing takes a window", blind, {}, "neither insufficient"],
    ["is insufficient where the stretch is of another subject", blind, { ...enough, feature: "temp" }, "neither insufficient"],
    ["has no data, whatever the stretch", { status: "no_data", value: null }, enough, "missing no_data"],
    ["fires, if it does, whatever the stretch", {}, enough, "fire ok"],
  ])("%s", (_name, window, stretch, expected) => {
    const [only] = judge(exampleRule(), [exampleMeasurement(window)], TOOLS, stretch ? { stretch: [exampleMeasurement(stretch)] } : {});
    expect(only && `${only.observation.condition} ${only.observation.health}`).toBe(expected);
  });
});

describe("what a drift rule looks at", () => {
  it("judges numbers by Wasserstein distance and categories by PSI", () => {
    const judged = judge(
      exampleRule(),
      [
        exampleMeasurement({ metric: "wasserstein" }),
        exampleMeasurement({ metric: "psi", value: 9 }),
        exampleMeasurement({ metric: "psi", feature: "carrier", value: 2 }),
      ],
      TOOLS,
    );
    expect(judged.map(({ subject, measurement }) => [subject, measurement.metric])).toEqual([
      ["visib", "wasserstein"],
      ["carrier", "psi"],
    ]);
  });

  it("takes the score and the prediction as subjects when they are named, apart from features of those names", () => {
    const rule = exampleRule({
      measure: {
        metric: "drift",
        of: ["score", "temp"],
        baseline: "training",
        window: DAY,
        every: DAY,
      },
    });
    const judged = judge(
      rule,
      [
        exampleMeasurement({ subject: "score", feature: null }),
        exampleMeasurement({ feature: "score" }),
        exampleMeasurement({ feature: "temp" }),
        exampleMeasurement({ feature: "visib" }),
      ],
      TOOLS,
    );
    expect(judged.map(({ subject }) => subject)).toEqual(["score", "temp"]);
  });

  it("corrects over the subjects that could be tested, and over no others", () => {
    const many = Array.from({ length: 10 }, (_, index) => exampleMeasurement({ feature: `f${index}`, pValue: index === 0 ? 0.002 : 0.9 }));
    const silent = Array.from({ length: 10 }, (_, index) =>
      exampleMeasurement({ feature: `s${index}`, status: "no_data", pValue: null, value: null }),
    );
    const [first] = judge(exampleRule(), [...many, ...silent], TOOLS);
    expect(first).toMatchObject({
      subjectsTested: 10,
      adjustedPValue: 0.02,
      observation: { condition: "neither" },
    });
    expect(judge(exampleRule(), [...many.slice(0, 5), ...silent], TOOLS)[0]).toMatchObject({
      subjectsTested: 5,
      observation: { condition: "fire" },
    });
  });
});

describe("a performance rule", () => {
  const rule = (metric: "accuracy" | "log_loss") =>
    exampleRule({
      measure: { metric, of: null, baseline: "training", window: DAY, every: DAY },
      fire: { above: new Map(), drop: 0.03, falseAlarms: 0.01 },
      clear: { below: new Map(), drop: 0.01, pValue: 0.2, evaluations: 1 },
    });
  const measured = (changes: Partial<Measurement>): Partial<Measurement> => ({
    subject: "performance",
    feature: null,
    metric: "accuracy",
    labelled: 800,
    detail: { reference: 0.8 },
    ...changes,
  });
  it.each<["accuracy" | "log_loss", string, Partial<Measurement>, string]>([
    ["accuracy", "a fall fires", { value: 0.7 }, "fire ok"],
    ["accuracy", "a rise clears", { value: 0.9 }, "clear ok"],
    ["accuracy", "a small fall is neither", { value: 0.78 }, "neither ok"],
    ["accuracy", "no baseline value: nothing can be said", { value: 0.7, detail: {} }, "missing no_data"],
    ["accuracy", "labels pending", { value: 0.7, status: "labels_pending" }, "missing labels_pending"],
    ["accuracy", "too few labels, with many rows", { value: 0.7, labelled: 20 }, "missing insufficient"],
    ["log_loss", "a rise fires", { metric: "log_loss", value: 0.9 }, "fire ok"],
    ["log_loss", "a fall clears", { metric: "log_loss", value: 0.7 }, "clear ok"],
  ])("%s: %s", (metric, _name, changes, expected) => {
    expect(conditionOf(rule(metric), measured(changes))).toBe(expected);
  });
});
