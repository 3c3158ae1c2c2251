import { describe, expect, test } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { load, loaded, loadRule, MODEL, problemsOf } from "./workplace.ts";

const ACCURACY = "measure: {metric: accuracy, baseline: training, window: 1d}";
const FEATURES = "measure: {metric: psi, baseline: training, window: 1d}";
const ruleOf = (text: string) => loaded(loadRule(text)).rules[0];
const said = (text: string) => problemsOf(loadRule(text)).map(({ message }) => message);

describe("what a rule may fire at", () => {
  test("a limit, with where it clears", () => {
    expect(ruleOf(`${ACCURACY}\nfire: {value: {below: 0.8}}\nclear: {value: 0.85}`)).toMatchObject({
      fire: { limit: { side: "below", value: 0.8 } },
      clear: { limit: 0.85 },
    });
  });
  test("a change, over as long as its window when nothing else is said", () => {
    expect(ruleOf(`${ACCURACY}\nfire: {change: {down: 0.05}}`)?.fire.change).toEqual({ direction: "down", by: 0.05, over: DAY });
    expect(ruleOf(`${ACCURACY}\nfire: {change: {either: 0.05, over: 7d}}\nclear: {change: 0.01}`)).toMatchObject({
      fire: { change: { direction: "either", over: 7 * DAY } },
      clear: { least: 0.01 },
    });
  });
  test("a share of the features, with weights", () => {
    expect(ruleOf(`${FEATURES}\nfire: {above: 0.1, share: 0.3}`)?.fire.share).toEqual({ above: 0.3, weights: new Map(), wholeAt: 1 });
    expect(ruleOf(`${FEATURES}\nfire: {above: 0.1, share: {above: 0.3, weights: {temp: 3}, whole_at: 2}}`)?.fire.share).toEqual({
      above: 0.3,
      weights: new Map([["temp", 3]]),
      wholeAt: 2,
    });
  });
  test("levels, some of several, label coverage, times, words", () => {
    const rule = ruleOf(
      `${ACCURACY}\nfire: {drop: 0.03}\nlevels: {critical: {drop: 0.1}}\nfor: 3 of 5\nat_least: {rows: 100, label_coverage: 0.9}\nwhen: {days: [mon, fri], time_zone: Europe/Zagreb}\nsummary: "{{model}} is wrong"\nrunbook: "https://x.example/{{rule}}"`,
    );
    expect(rule).toMatchObject({
      evaluations: 3,
      outOf: 5,
      atLeastRows: 100,
      atLeastCoverage: 0.9,
      levels: [{ severity: "critical", fire: { drop: 0.1 } }],
      when: { days: [1, 5], from: 0, to: 1_440, zone: "Europe/Zagreb" },
      summary: "{{model}} is wrong",
      runbook: "https://x.example/{{rule}}",
    });
  });
  test("planned work stands beside the rules", () => {
    const config = loaded(
      load(MODEL, { "alerts/work.yaml": "maintenance: [{from: 2026-01-01, to: 2026-01-01T06:00:00Z, reason: a move, models: [m]}]\n" }),
    );
    expect(config.maintenance).toEqual([
      { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 1) + 6 * HOUR, reason: "a move", models: ["m"] },
    ]);
  });
});

describe("what is wrong with a rule is said", () => {
  test.each([
    [
      "two conditions",
      `${ACCURACY}\nfire: {drop: 0.1, value: {below: 0.8}}`,
      "expected exactly one of `above`, `drop`, `value` and `change`",
    ],
    ["a limit on both sides", `${ACCURACY}\nfire: {value: {below: 0.8, above: 0.9}}`, "expected one of `above` and `below`"],
    ["clearing on the bad side", `${ACCURACY}\nfire: {value: {below: 0.8}}\nclear: {value: 0.7}`, "clears at 0.7 while it fires below 0.8"],
    [
      "clearing by another kind",
      `${ACCURACY}\nfire: {value: {below: 0.8}}\nclear: {drop: 0.1}`,
      "the rule fires by `value`, so it clears by `value`",
    ],
    ["two directions", `${ACCURACY}\nfire: {change: {up: 1, down: 1}}`, "expected one of `up`, `down` and `either`"],
    [
      "a change within its own window",
      `${ACCURACY}\nfire: {change: {up: 1, over: 6h}}`,
      "no window of this rule ends 6h before another without sharing rows with it",
    ],
    [
      "drift as one number",
      "measure: {metric: drift, baseline: training, window: 1d}\nfire: {value: {above: 0.3}}",
      "`drift` is two metrics, of numbers and of categories",
    ],
    ["a share of the whole", `${ACCURACY}\nfire: {drop: 0.1, share: 0.5}`, "accuracy is of the model as a whole"],
    [
      "a level that is no worse",
      `${ACCURACY}\nfire: {drop: 0.1}\nlevels: {critical: {drop: 0.05}}`,
      "a level asks for more of what the rule fires by",
    ],
    [
      "a level below the rule's severity",
      `${ACCURACY}\nseverity: critical\nfire: {drop: 0.1}\nlevels: {warning: {drop: 0.5}}`,
      "warning is no worse than the rule's own severity, critical",
    ],
    ["more than there are", `${ACCURACY}\nfire: {drop: 0.1}\nfor: 5 of 3`, "more evaluations are asked for than are looked at"],
    ["hours that hold no window", `${ACCURACY}\nfire: {drop: 0.1}\nwhen: {hours: 08:00-20:00}`, "no window of 1d lies within these hours"],
    ["a zone that is none", `${ACCURACY}\nfire: {drop: 0.1}\nwhen: {time_zone: Nowhere/At_all}`, "expected a time zone"],
    ["a name that is none", `${ACCURACY}\nfire: {drop: 0.1}\nsummary: "{{modell}}"`, "there is no {{modell}}"],
    ["a runbook that is no address", `${ACCURACY}\nfire: {drop: 0.1}\nrunbook: "javascript:alert(1)"`, "expected an http or https address"],
    [
      "a runbook whose host comes from events",
      `${ACCURACY}\nfire: {drop: 0.1}\nrunbook: "https://{{subject}}/x"`,
      "expected an http or https address",
    ],
  ])("%s", (_name, text, message) => expect(said(text)).toEqual([message]));

  test("work that ends before it begins, or on a model there is none of", () => {
    const result = load(MODEL, { "alerts/work.yaml": "maintenance: [{from: 2026-01-02, to: 2026-01-01, reason: r, models: [n]}]\n" });
    expect(
      problemsOf(result)
        .map(({ message }) => message)
        .sort(),
    ).toEqual(["it would end before it begins", "there is no model named n"]);
  });
});
